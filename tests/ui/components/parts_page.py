"""A small page with the magnifier and the crop tool.

Started by `python -m tests.ui.components.parts_page FOLDER`.

Its pictures' pixels tell where they are: red is the column, green the row, and blue 0 in the
picture before and 255 in the one after.
"""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gradio as gr
import numpy as np
from PIL import Image

from tests.conftest import ROOT
from tests.ui.conftest import watched
from ui.components.custom import crop_tool, magnifier, parse_box

SIZES = {"wide": (160, 100), "tall": (60, 200), "preview": (80, 50)}


def picture(name: str, blue: int) -> np.ndarray:
    width, height = SIZES[name]
    rows, columns = np.mgrid[:height, :width]
    return np.stack([columns, rows, np.full_like(rows, blue)], axis=-1).astype(np.uint8)


def pair(folder: Path, name: str) -> tuple[str, str]:
    files = folder / f"{name}_before.png", folder / f"{name}_after.png"
    for file, blue in zip(files, (0, 255), strict=True):
        if not file.exists():
            Image.fromarray(picture(name, blue)).save(file)
    return str(files[0]), str(files[1])


def build(folder: Path) -> gr.Blocks:
    clicks = itertools.count()
    with gr.Blocks(analytics_enabled=False) as page:
        slider = gr.ImageSlider(
            type="filepath", max_height=300, interactive=False, elem_id="slider"
        )
        lenses = magnifier(slider)
        assert lenses.elem_id == "magnifier"
        for name in SIZES:
            gr.Button(name, elem_id=name).click(lambda n=name: pair(folder, n), None, slider)
        gr.Button("none", elem_id="none").click(lambda: None, None, slider)
        image = gr.Image(type="filepath", sources=["upload"], height=300, elem_id="photo")
        image.preprocess = lambda payload: payload and payload.path
        box = crop_tool(image)
        got = gr.Textbox(label="What came", elem_id="got")
        gr.Button("send", elem_id="send").click(
            lambda text: f"{next(clicks)}: {text!r} {parse_box(text)}", box, got
        )
    return page


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The page's address while a process of its own serves it."""
    command = [sys.executable, "-m", "tests.ui.components.parts_page", str(folder)]
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
    context = browser.new_context(**{"viewport": {"width": 900, "height": 1300}, **options})
    with watched(context, url) as page:
        page.wait_for_selector("#magnifier canvas", state="attached")
        page.wait_for_selector("#crop .stage", state="attached")
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
    )
    print(url, flush=True)
    app.block_thread()
