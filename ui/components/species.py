"""The name card: what bird it is and how sure that is, what it could be else, and where it is."""

import base64
from html import escape
from urllib.parse import urlencode

import numpy as np

from classify import LIKELY, POSSIBLY, Answer, Species
from classify.finding import Box
from sr.image import jpeg
from ui.words import Words


def card(answer: Answer, look: np.ndarray | None, words: Words) -> str:
    """The answer as HTML, with the place of the bird drawn on `look`, (H, W, 3) uint8 of it all."""
    if answer.species:
        parts = [_headline(answer, words), _similar(answer, words)]
    else:
        found = words["bird_none"].format(bird=f"{answer.bird:.0%}")
        parts = [f"<p class=tier>{found}</p><p>{words['bird_crop_closer']}</p>"]
    parts += [_place(answer, look, words), _list(answer, words)]
    return f'<div class="bird {answer.tier.replace(" ", "-")}">{"".join(parts)}</div>'


def _headline(answer: Answer, words: Words) -> str:
    """The kind, or the family or order that is surer; then how sure."""
    first = answer.species[0]
    if answer.group:
        said, share, plain = answer.group.tier, answer.group.probability, answer.group.name
        name = escape(plain)
        closest = words["bird_closest"].format(name=_named(first), share=f"{first.probability:.0%}")
        more = f"<p>{closest}</p>"
    else:
        said, share, plain = answer.tier, first.probability, first.name
        name, more = _named(first), ""
    key = {LIKELY: "bird_likely", POSSIBLY: "bird_possibly"}.get(said, "bird_not_sure")
    return (
        f'<p class="tier">{words[key]}</p>'
        f'<h3>{name} <span class="share">{share:.0%}</span></h3>{_meter(plain, share)}{more}'
    )


def _named(species: Species) -> str:
    latin = f" <i>{escape(species.scientific)}</i>" if species.scientific else ""
    address = escape(page(species))
    return f'<a href="{address}" target="_blank" rel="noopener">{escape(species.name)}</a>{latin}'


def _meter(name: str, share: float) -> str:
    label = escape(f"{name}: {share:.0%}")
    return f'<meter min="0" max="1" value="{share:.4f}" aria-label="{label}"></meter>'


def _similar(answer: Answer, words: Words) -> str:
    rows = "".join(
        f'<li><span>{_named(s)}</span><span class="share">{_share(s)}</span></li>'
        for s in answer.species[1:]
    )
    return f"<h4>{words['bird_similar']}</h4><ol>{rows}</ol>" if rows else ""


def _share(species: Species) -> str:
    return f"{species.probability:.0%}" if species.probability >= 0.01 else "&lt; 1%"


def _place(answer: Answer, look: np.ndarray | None, words: Words) -> str:
    """What was looked at; where a part was, the part, to be changed in the crop tool."""
    key = f"bird_seen_{'part' if answer.box else 'whole'}{'_enlarged' if answer.enlarged else ''}"
    seen = f'<p class="seen">{words[key]}</p>'
    if not answer.box:
        return seen
    edges = ",".join(f"{edge:.4f}" for edge in answer.box)
    change = f'<button type="button" data-crop="{edges}">{words["bird_change"]}</button>'
    drawn = "" if look is None else _drawn(look, answer.box, words)
    return f"<figure>{drawn}<figcaption>{seen}{change}</figcaption></figure>"


def _drawn(look: np.ndarray, box: Box, words: Words) -> str:
    left, top, right, bottom = (100 * edge for edge in box)
    style = f"left:{left:.1f}%;top:{top:.1f}%;width:{right - left:.1f}%;height:{bottom - top:.1f}%"
    source = f"data:image/jpeg;base64,{base64.b64encode(jpeg(look)).decode()}"
    image = f'<img src="{source}" alt="{words["bird_place"]}">'
    return f'<span class="place">{image}<span style="{style}"></span></span>'


def _list(answer: Answer, words: Words) -> str:
    """What the answer was chosen among, and what it can't name."""
    lines = []
    if answer.outside is not None:
        lines.append(words["bird_outside"].format(outside=f"{answer.outside:.0%}"))
    lines.append(escape(answer.list_note))
    badge = words["bird_list_offline" if answer.note else "bird_list"].format(kinds=answer.kinds)
    lacks = words["bird_lacks"].format(names=", ".join(answer.lacks)) if answer.lacks else ""
    why = f"<p>{escape(answer.note)}</p>" if answer.note else ""
    lines.append(f"<details><summary>{badge}</summary><p>{escape(lacks)}</p>{why}</details>")
    return f'<div class="list">{"".join(f"<div>{line}</div>" for line in lines if line)}</div>'


def page(species: Species) -> str:
    """The species' eBird page; a search for kinds that are wider than a species."""
    search = urlencode({"search": f"{species.name} bird"})
    return species.url or f"https://en.wikipedia.org/wiki/Special:Search?{search}"
