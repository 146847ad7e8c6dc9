"""A small page with the viewer alone.

Started by `python -m tests.ui.components.viewer_page FOLDER`.

Its pictures' pixels tell where they are: red is the column, green the row, and blue 0 in the
picture before, 255 in the first one after, 128 in the second.
"""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import gradio as gr
import numpy as np
from PIL import Image

from tests.conftest import EXAMPLES, ROOT
from tests.ui.conftest import watched
from ui.components.viewer import Result, View, file, read, viewer

SIZES = {"wide": (240, 160), "tall": (80, 240)}
BLUES = {"before": 0, "first": 255, "second": 128}
EVENTS = ("upload", "submit", "select", "stop", "retry")


def picture(name: str, blue: int) -> np.ndarray:
    width, height = SIZES[name]
    rows, columns = np.mgrid[:height, :width]
    return np.stack([columns, rows, np.full_like(rows, blue)], axis=-1).astype(np.uint8)


def saved(folder: Path, name: str, kind: str) -> dict:
    path = folder / f"{name}_{kind}.png"
    if not path.exists():
        Image.fromarray(picture(name, BLUES[kind])).save(path)
    return file(path)


def done(folder: Path, name: str, *kinds: str) -> View:
    """The state after that many results."""
    small = [side // 4 for side in SIZES[name]]
    results = [
        Result(kind.title(), f"net-{kind}", "1.0 s", "s → l", [], saved(folder, name, kind), {})
        for kind in kinds
    ]
    before = saved(folder, name, "before")
    view = View("done", before, f"{name}.png", before, small, before=before, results=results)
    return replace(view, pick=len(kinds) - 1, pace=0.01)


def states(folder: Path) -> dict[str, View]:
    """What the page's buttons show, by their ids."""
    one, two = done(folder, "wide", "first"), done(folder, "wide", "first", "second")
    photo = replace(one, results=[], before=None)
    growing = replace(one, results=[], phase="working", share=0.42, status="42 %")
    return {
        "wide": one,
        "tall": done(folder, "tall", "first"),
        "two": two,
        "empty": View(),
        "found": replace(two, found="0.6,0.1,0.9,0.4"),
        "remaking": replace(two, phase="working"),
        "working": replace(growing, growing=saved(folder, "wide", "second")),
        "stopped": replace(one, results=[], phase="stopped", message="Stopped at 42 %."),
        "kept": replace(one, phase="error", message="It failed."),
        "error": View("error", name="a.txt", message="That is no photo."),
        "named": replace(photo, phase="named"),
        "large": replace(
            photo, phase="large", size=[4000, 3000], limit=4_000_000, found="0.5,0.5,0.75,0.75"
        ),
    }


def build(folder: Path) -> gr.Blocks:
    clicks, runs = itertools.count(), itertools.count(1)
    with gr.Blocks(analytics_enabled=False) as page:
        shown = viewer([EXAMPLES / "owl.png"])
        got = gr.Textbox(label="What came", elem_id="got")
        with gr.Row():
            for name, view in states(folder).items():
                gr.Button(name, elem_id=name).click(
                    lambda v=view: replace(v, run=next(runs)).value(), None, shown
                )
        gr.HTML("<div style='height: 2000px'>A long page</div>")

        def arrived(kind: str, value: dict | None) -> str:
            view = read(value)
            return f"{next(clicks)}: {kind} {view.name} box={view.box} pick={view.pick}"

        for kind in EVENTS:
            getattr(shown, kind)(lambda value, k=kind: arrived(k, value), shown, got)
        shown.clear(lambda: None, None, None)
        shown.upload(
            lambda v: replace(read(v), phase="named", run=next(runs)).value(), shown, shown
        )
    return page


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The page's address while a process of its own serves it."""
    command = [sys.executable, "-m", "tests.ui.components.viewer_page", str(folder)]
    environment = {**os.environ, "GRADIO_TEMP_DIR": str(folder / "gradio")}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            url = process.stdout.readline().strip()
            assert url, (folder / "log").read_text()
            yield url.rstrip("/")
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def opened(browser, url: str, **options) -> Iterator:
    """A tab with the page, in a context of its own."""
    context = browser.new_context(
        **{"viewport": {"width": 900, "height": 800}, "locale": "en-US", **options}
    )
    with watched(context, url) as page:
        page.wait_for_selector(".viewer .drop button", state="visible")
        page.wait_for_selector("#large", state="attached")
        yield page
    context.close()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    app = build(folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    _, url, _ = app.launch(
        server_port=port,
        prevent_thread_lock=True,
        quiet=True,
        ssr_mode=False,
        allowed_paths=[str(folder)],
        max_file_size="1mb",
    )
    print(url, flush=True)
    app.block_thread()
