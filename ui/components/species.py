"""The species panel: what the classifier says before and after super-resolution, side by side."""

from html import escape
from urllib.parse import urlencode

from classify import Answer, Species


def panel(uploaded: Answer, enlarged: Answer | None, chosen: Answer) -> str:
    """The answers as HTML, one beside the other; `chosen` is the one the app goes by."""
    answers = {"uploaded": uploaded, "enlarged": enlarged}
    sections = [
        _section(kind, answer, answer is chosen) for kind, answer in answers.items() if answer
    ]
    note = f"<p><small>{escape(chosen.note)}</small></p>" if chosen.note else ""
    return f'<div class="answers">{"".join(sections)}</div>{note}'


TITLES = {"uploaded": "As uploaded", "enlarged": "After super-resolution"}


def _section(kind: str, answer: Answer, chosen: bool) -> str:
    style, mark = (f"{kind} chosen", " · the app’s answer") if chosen else (kind, "")
    if answer.species:
        said = f"There is a bird (probability {answer.bird:.0%}). Closest of {answer.kinds} kinds:"
    else:
        said = f"No bird recognised (probability of a bird: {answer.bird:.0%})."
    rows = "".join(map(_row, answer.species))
    return (
        f'<section class="{style}"><h3>{TITLES[kind]}{mark}</h3><p>{said}</p>'
        f"<ol>{rows}</ol></section>"
    )


def _row(species: Species) -> str:
    name = escape(species.name)
    latin = f" <i>{escape(species.scientific)}</i>" if species.scientific else ""
    share = f"{species.probability:.1%}"
    return (
        f'<li><div class="row"><span><a href="{page(species)}" target="_blank" rel="noopener">'
        f"{name}</a>{latin}</span><span>{share}</span></div>"
        f'<meter min="0" max="1" value="{species.probability:.4f}" '
        f'aria-label="{name}: {share}"></meter></li>'
    )


def page(species: Species) -> str:
    """The species' eBird page; a search for kinds that are wider than a species."""
    search = urlencode({"search": f"{species.name} bird"})
    return escape(species.url or f"https://en.wikipedia.org/wiki/Special:Search?{search}")
