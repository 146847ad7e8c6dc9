"""The name card: what bird it is and how sure that is, what it could be else, and where it is."""

from html import escape
from urllib.parse import urlencode

from classify import LIKELY, POSSIBLY, Answer, Species
from ui.components.viewer import edges
from ui.words import Words
from ui.words.translate import bird, translated


def card(answer: Answer, words: Words) -> str:
    """The answer as HTML."""
    if answer.species:
        parts = [_headline(answer, words), _similar(answer, words)]
    else:
        found = words["bird_none"].format(bird=f"{answer.bird:.0%}")
        parts = [f'<p class="tier">{found}</p>']
    parts += [_place(answer, words), _list(answer, words)]
    return f'<div class="bird {answer.tier.replace(" ", "-")}">{"".join(parts)}</div>'


def _headline(answer: Answer, words: Words) -> str:
    """The kind, or the family or order that is surer; then how sure."""
    first = answer.species[0]
    if answer.group:
        said, share, plain = answer.group.tier, answer.group.probability, answer.group.name
        name, share_of_first = escape(bird(plain, words)), f"{first.probability:.0%}"
        closest = words["bird_closest"].format(name=_named(first, words), share=share_of_first)
        more = f"<p>{closest}</p>"
    else:
        said, share, plain = answer.tier, first.probability, first.name
        name, more = _named(first, words), ""
    key = {LIKELY: "bird_likely", POSSIBLY: "bird_possibly"}.get(said, "bird_not_sure")
    return (
        f'<p class="tier">{words[key]}</p>'
        f'<h3>{name} <span class="share">{share:.0%}</span></h3>'
        f"{_meter(bird(plain, words), share)}{more}"
    )


def _named(species: Species, words: Words) -> str:
    latin = f" <i>{escape(species.scientific)}</i>" if species.scientific else ""
    address = escape(page(species))
    name = escape(bird(species.name, words))
    return f'<a href="{address}" target="_blank" rel="noopener">{name}</a>{latin}'


def _meter(name: str, share: float) -> str:
    label = escape(f"{name}: {share:.0%}")
    return f'<meter min="0" max="1" value="{share:.4f}" aria-label="{label}"></meter>'


def _similar(answer: Answer, words: Words) -> str:
    rows = "".join(
        f'<li><span>{_named(s, words)}</span><span class="share">{_share(s)}</span></li>'
        for s in answer.species[1:]
    )
    return f"<h4>{words['bird_similar']}</h4><ol>{rows}</ol>" if rows else ""


def _share(species: Species) -> str:
    return f"{species.probability:.0%}" if species.probability >= 0.01 else "&lt; 1%"


def _place(answer: Answer, words: Words) -> str:
    """What was looked at, and the button that crops to it in the viewer."""
    key = f"bird_seen_{'part' if answer.box else 'whole'}{'_enlarged' if answer.enlarged else ''}"
    change = words["bird_change" if answer.species else "bird_crop_closer"]
    return (
        f'<p class="seen">{words[key]} '
        f'<button type="button" data-crop="{edges(answer.box)}">{change}</button></p>'
    )


def _list(answer: Answer, words: Words) -> str:
    """What the answer was chosen among, and what it can't name."""
    lines = []
    if answer.outside is not None:
        lines.append(words["bird_outside"].format(outside=f"{answer.outside:.0%}"))
    lines.append(escape(translated(answer.list_note, words)))
    badge = words["bird_list_offline" if answer.note else "bird_list"].format(kinds=answer.kinds)
    names = ", ".join(bird(name, words) for name in answer.lacks)
    lacks = words["bird_lacks"].format(names=names) if names else ""
    why = f"<p>{escape(translated(answer.note, words))}</p>" if answer.note else ""
    lines.append(f"<details><summary>{badge}</summary><p>{escape(lacks)}</p>{why}</details>")
    return f'<div class="list">{"".join(f"<div>{line}</div>" for line in lines if line)}</div>'


def page(species: Species) -> str:
    """The species' eBird page; a search for kinds that are wider than a species."""
    search = urlencode({"search": f"{species.name} bird"})
    return species.url or f"https://en.wikipedia.org/wiki/Special:Search?{search}"
