"""The viewer: a photo before and after on one surface, where it is also dropped and cropped.

Its value, both ways, is a `View` as a dictionary. The scripts in static/viewer do the rest.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder, is_in_or_equal

from sr import settings
from sr.image import PhotoError
from sr.image.photo import MIN_CROP, Box
from ui.words import ENGLISH, KOREAN

FOLDER = Path(__file__).parent.parent / "static" / "viewer"
SCRIPTS = ("view", "crop", "photo", "start")
File = dict[str, Any]  # as Gradio has it


@dataclass(frozen=True)
class Result:
    """A picture that was made of the photo.

    label: what people chose to get it, in their language.
    model: the network.
    seconds: that it took.
    size: of the photo and of the result, in words.
    facts: a sentence each.
    file: the picture, as PNG.
    call: what the API is given for the same, by name.
    """

    label: str
    model: str
    seconds: str
    size: str
    facts: list[str]
    file: File
    call: dict[str, Any]


@dataclass(frozen=True)
class View:
    """All that the viewer shows.

    phase: empty, working, done, named (the bird alone), large (to be cropped), stopped or error.
    file: the photo as it was uploaded.
    name: the photo's.
    photo: the whole of it, as a small JPEG; size: its own width and height.
    box: the part that is enlarged, as `parse_box` takes it; "" for the whole.
    found: the part that shows the bird, likewise.
    before: what is enlarged, by bicubic.  growing: the result as far as it is.
    results: what was made of it; pick: which of them was made or chosen last.
    share: of the work that is done; status: the same in words.
    message: what went wrong.
    pace: seconds that a pixel takes.  limit: how many may be enlarged, where that matters.
    run: the number of the work that this comes from; news of an older one are ignored.
    """

    phase: str = "empty"
    file: File | None = None
    name: str = ""
    photo: File | None = None
    size: list[int] | None = None
    box: str = ""
    found: str = ""
    before: File | None = None
    growing: File | None = None
    results: list[Result] = field(default_factory=list)
    pick: int = 0
    share: float = 0.0
    status: str = ""
    message: str = ""
    pace: float = 0.0
    limit: int = 0
    run: int = 0

    @property
    def path(self) -> str | None:
        """The uploaded photo's file."""
        return self.file["path"] if self.file else None

    @property
    def picked(self) -> Result | None:
        """The result that is shown, if there is any."""
        return self.results[self.pick] if 0 <= self.pick < len(self.results) else None

    def value(self) -> dict[str, Any]:
        """The viewer's value."""
        return asdict(self)


def read(value: dict[str, Any] | None) -> View:
    """What a browser sends. Raises `PhotoError` where it isn't what the viewer sends."""
    try:
        known = {one.name for one in fields(View)}
        view = View(**{name: part for name, part in (value or {}).items() if name in known})
        view = replace(view, results=[Result(**one) for one in view.results])
        files = [view.file, *(one.file for one in view.results)]
        # A photo that the browser shows itself, while it is uploaded, has an address alone.
        files += [one for one in (view.photo, view.before, view.growing) if one and "path" in one]
        ours = all(_is_ours(one["path"]) for one in files if one)
    except (TypeError, KeyError, AttributeError):
        ours = False
    if not ours:
        raise PhotoError("The page is out of date: load it again.")
    return view


def _is_ours(path: object) -> bool:
    """Whether a file is an upload or a result; Gradio sees to that for marked files alone."""
    return isinstance(path, str) and is_in_or_equal(path, get_upload_folder())


def file(path: Path) -> File:
    """A file that Gradio serves, to be shown; it adds the address."""
    return {"path": str(path), "orig_name": path.name, "meta": {"_type": "gradio.FileData"}}


def edges(box: Box | None) -> str:
    """A box as `parse_box` takes it."""
    return ",".join(f"{edge:.4f}" for edge in box) if box else ""


def parse_box(text: str | None) -> Box | None:
    """ "left,top,right,bottom" in fractions; "" or None is the whole. Raises `PhotoError`."""
    if text is None or text == "":
        return None
    try:
        left, top, right, bottom = (float(edge) for edge in text.split(","))
    except (TypeError, ValueError, AttributeError):
        raise PhotoError(
            "The crop box can't be read: it has four edges, such as 0.1,0.2,0.6,0.9."
        ) from None
    return left, top, right, bottom


def viewer(examples: list[Path]) -> gr.HTML:
    """The component. `examples` are photos to begin with.

    Its events: upload (a photo came), submit (a part of it is wanted), retry, select (another
    result), stop, and clear (what is under way isn't wanted any more).
    """
    words = {
        language: {key: text for key, text in texts.items() if key.startswith("viewer_")}
        for language, texts in (("en", ENGLISH), ("ko", KOREAN))
    }
    scripts = (FOLDER / f"{name}.js" for name in SCRIPTS)
    return gr.HTML(
        View().value() | {"examples": [file(path) for path in examples]},
        elem_id="viewer",
        html_template=(FOLDER / "viewer.html").read_text(encoding="utf-8"),
        css_template=(FOLDER / "viewer.css").read_text(encoding="utf-8"),
        js_on_load="\n".join(script.read_text(encoding="utf-8") for script in scripts),
        apply_default_css=False,
        words=words,
        least=MIN_CROP,
        most_bytes=settings.MAX_BYTES,
    )
