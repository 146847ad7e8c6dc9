"""What the Upscale tab does with a photo: updates of its outputs, by their names, as they come."""

import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from sr import image
from sr.models import catalog
from ui import pipeline
from ui.components import species
from ui.components.events import Update, progress_words
from ui.components.snippets import snippets
from ui.components.viewer import Result, View, edges, file, parse_box
from ui.pipeline import Request, State
from ui.words import Words
from ui.words.translate import translated

# What people choose -> the network; its paper's name is in the details. docs/results.md has why.
STYLES = {"auto": None, "crisp": "srgan-div2k", "faithful": "span", "clean": "srgan-photo"}
LEAST_SECONDS_BETWEEN_PREVIEWS = 1.0
PREVIEWS_SHARE = 20  # a preview may take this fraction of the time between two
BOTH, NAME, ENLARGE = "both", "name", "enlarge"
CLEARED = {"species": "", "download": gr.update(value=None, visible=False), "facts": ""}

Work = Generator[Update, None, View]  # what to show, as it comes; returns what is shown at its end


class Previews:
    """Pictures of the unfinished result, now and then."""

    def __init__(self) -> None:
        self.number = 0
        self.next = time.perf_counter() + LEAST_SECONDS_BETWEEN_PREVIEWS

    def of(self, state: State) -> Path | None:
        """The file of a new one, or None where it isn't time for that."""
        if state.canvas is None or time.perf_counter() < self.next:
            return None
        start = time.perf_counter()
        self.number += 1  # a new file each time, or the browser would show the old one
        path = state.folder / f"preview_{self.number}.jpg"
        path.write_bytes(image.jpeg(state.canvas))
        self._drop(state, self.number - 2)
        took = time.perf_counter() - start
        self.next = start + max(LEAST_SECONDS_BETWEEN_PREVIEWS, PREVIEWS_SHARE * took)
        return path

    def end(self, state: State) -> None:
        """Delete the last two, once there is the result."""
        self._drop(state, self.number)
        self._drop(state, self.number - 1)

    @staticmethod
    def _drop(state: State, number: int) -> None:
        (state.folder / f"preview_{number}.jpg").unlink(missing_ok=True)


@dataclass(frozen=True)
class Choices:
    """What is chosen below the photo, in the order of the tab's inputs."""

    style: str | None = "auto"
    model: str = ""
    what: str = BOTH
    species: str = ""
    keep_colours: bool = True
    keep_metadata: bool = False

    def request(self, view: View) -> Request:
        """What is asked for. The name is asked for once: it doesn't hang on the style."""
        return Request(
            view.path,
            self.network,
            name=self.what == BOTH and not view.results,
            box=parse_box(view.box),
            species=self.species,
            keep_colours=self.keep_colours,
            keep_metadata=self.keep_metadata,
            before=not view.results,
            page=True,
        )

    @property
    def network(self) -> str | None:
        """The model's name; None for Auto."""
        return self.model or STYLES[self.style or "auto"]

    def label(self, words: Words) -> str:
        """What people chose, in their words."""
        if self.model:
            return catalog.titles()[self.model].split(":")[0]
        return words[f"page_style_{self.style or 'auto'}"]

    def call(self) -> dict[str, str | bool | None]:
        """The same for the API, by the names that `/upscale` has."""
        return {
            "model": self.network,
            "identify": self.what == BOTH,
            "keep_colours": self.keep_colours,
            "species": self.species or None,
        }


def enlarge(view: View, choices: Choices, url: str, words: Words) -> Work:
    """All that the tab shows for a photo, as it comes; a result that is there is shown again."""
    made = [one.call["model"] for one in view.results]
    if choices.network in made:
        view = replace(view, phase="done", pick=made.index(choices.network))
        yield shown_result(view, url)
        return view
    work = only_name if choices.what == NAME else _made
    return (yield from work(view, choices, url, words))


def _made(view: View, choices: Choices, url: str, words: Words) -> Work:
    """The same, where the network has to run."""
    view = _started(view, words)
    yield {"viewer": view.value()} | ({} if view.results else CLEARED)
    previews, shown = Previews(), State()
    for state in pipeline.upscale(choices.request(view)):
        view = _seen(view, state, words, previews.of(state))
        yield {"viewer": view.value()} | _bird(state, shown, words)
        if state.after and not shown.after:
            view = _finished(view, state, choices, words)
            yield shown_result(view, url)
            previews.end(state)
        shown = state
    view = replace(view, phase="done" if shown.after else "large", status="")
    yield {"viewer": view.value()}
    return view


def restyle(view: View, choices: Choices, url: str, words: Words) -> Work:
    """The same by another style, which is asked for to see it: naming alone is not enough."""
    what = ENLARGE if choices.what == NAME else choices.what
    return (yield from enlarge(view, replace(choices, what=what), url, words))


def try_all(view: View, choices: Choices, url: str, words: Words) -> Work:
    """A result of each style, in turn; the one that was shown stays the one to keep."""
    pick = view.pick
    for style in STYLES:
        view = yield from restyle(view, replace(choices, style=style, model=""), url, words)
    view = replace(view, pick=pick)
    yield shown_result(view, url)
    return view


def only_name(view: View, choices: Choices, url: str, words: Words) -> Work:
    """The name card alone; results that are there stay."""
    yield {"viewer": _started(view, words).value()}
    shown = State()
    for state in pipeline.identify(choices.request(view)):
        view = _seen(view, state, words)
        yield _bird(state, shown, words)
        shown = state
    view = replace(view, phase="done" if view.results else "named", status="")
    yield {"viewer": view.value()}
    return view


def again(view: View, choices: Choices, url: str, words: Words) -> Work:
    """A photo's results anew, because they are to be made otherwise."""
    if view.path:
        view = yield from enlarge(replace(view, results=[], pick=0), choices, url, words)
    return view


def _started(view: View, words: Words) -> View:
    return replace(view, phase="working", share=0.0, status=words["page_starting"], message="")


def _seen(view: View, state: State, words: Words, growing: Path | None = None) -> View:
    """The view with what a state has to add."""
    new: dict[str, Any] = {"share": state.share, "status": progress_words(state, words)}
    if state.look:
        new |= {"photo": file(state.look), "size": list(state.size)}
    if state.answer and state.answer.box and not view.box:
        new["found"] = edges(state.answer.box)
    if state.before and not view.before:
        new["before"] = file(state.before)
    if growing:
        new["growing"] = file(growing)
    return replace(view, **new, pace=state.pace, limit=state.limit)


def _finished(view: View, state: State, choices: Choices, words: Words) -> View:
    """The view with a result more."""
    result = Result(
        label=choices.label(words),
        model=state.model,
        seconds=words["page_seconds"].format(seconds=f"{state.took:.1f}"),
        size=state.sizes,
        facts=[translated(fact, words) for fact in state.facts],
        file=file(state.after),
        call=choices.call(),
    )
    made = [*view.results, result]
    return replace(view, results=made, pick=len(made) - 1, growing=None)


def shown_result(view: View, url: str) -> Update:
    """The result that is picked, its file, its facts and the code that makes it."""
    if not view.picked:
        return {"viewer": view.value()} | CLEARED
    first, *notes = view.picked.facts
    facts = "\n\n".join([escape(first), *(f"<small>{escape(note)}</small>" for note in notes)])
    download = gr.update(value=view.picked.file["path"], visible=True)
    code = snippets(url, Path(view.path).name, **view.picked.call)
    shown = {"viewer": view.value(), "download": download, "facts": facts}
    return shown | code | _chosen(view.picked.call["model"])


def _chosen(network: str | None) -> Update:
    """The choice of a style, or of a network by name, that says what is shown."""
    style = next((style for style, name in STYLES.items() if name == network), None)
    return {"style": style, "model": "" if style else network}


def _bird(state: State, shown: State, words: Words) -> Update:
    """The name card, where it has something new to say."""
    if state.answer is None or state.answer == shown.answer:
        return {}
    return {"species": species.card(state.answer, words)}


def stopped(view: View, words: Words) -> Update:
    """What is shown after Stop: the results there were, else the photo and nothing to download."""
    key = "page_stopped_kept" if view.results else "page_stopped"
    message = words[key].format(percent=round(100 * view.share))
    view = replace(view, phase="stopped", growing=None, message=message)
    return {"viewer": view.value()}


def failed(view: View, message: str) -> Update:
    """An error stays where the picture would be, until it is answered."""
    return {"viewer": replace(view, phase="error", growing=None, message=message).value()}
