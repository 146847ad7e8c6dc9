"""The page, the API and the MCP tools.

Run `python app.py`, or `gradio app.py` while working on it.
"""

import argparse
import sys
import threading
from pathlib import Path

import gradio as gr

import hub
from classify import catalog as classifiers
from sr import settings
from ui import status
from ui.api import build_api
from ui.compare_tab import build_compare_tab
from ui.components.events import QUIET
from ui.components.theme import ICON, STYLE, THEME
from ui.errors import ERRORS
from ui.upscale.tab import build_upscale_tab, networks_at_hand
from ui.words import ENGLISH, WORDS, words_for
from ui.words.translate import translated

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.png"))
LARGEST_UPLOAD = "32mb"


def build() -> gr.Blocks:
    """The page, from top to bottom as it looks."""
    kept = (settings.KEPT_SECONDS, settings.KEPT_SECONDS)
    with gr.Blocks(title=ENGLISH["page_title"], analytics_enabled=False, delete_cache=kept) as page:
        gr.Markdown(WORDS("page_heading"), elem_id="title")
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab(WORDS("page_tab_upscale")) as upscale:
                networks = build_upscale_tab(EXAMPLES)
            with gr.Tab(WORDS("page_tab_compare")) as compare:
                build_compare_tab(EXAMPLES)
            with gr.Tab(WORDS("page_tab_about")) as about:
                gr.Markdown(WORDS("page_about"), elem_id="about")
                line = gr.Markdown(elem_id="status", label=WORDS("page_status"))
        build_api()
        page.load(networks_at_hand, None, networks, **QUIET)
        # Asked for only where it is read: after a poll that fails Gradio loads the page anew.
        timer = gr.Timer(2, active=False)
        about.select(lambda: gr.Timer(active=True), None, timer, **QUIET)
        upscale.select(lambda: gr.Timer(active=False), None, timer, **QUIET)
        compare.select(lambda: gr.Timer(active=False), None, timer, **QUIET)
        about.select(said, None, line, **QUIET)
        timer.tick(said, None, line, **QUIET)
    return page


def said(request: gr.Request) -> str:
    """The status, in the reader's language."""
    return translated(status.sentence(), words_for(request))


def check_settings() -> None:
    """Raise one of `ERRORS` for what the command line or the environment says wrongly."""
    settings.max_pixels()
    for place in filter(None, (settings.own_weights(), classifiers.own_weights())):
        hub.parse(place, "")
    if settings.device() or settings.precision() != "auto":
        from sr.inference import device  # takes a second, to import PyTorch

        device.choose_precision(device.choose_device())


def main() -> int:
    """Serve the page until Ctrl-C. Exit code 2 for wrong settings or a wrong command."""
    parser = argparse.ArgumentParser(description="Serve the page on this machine.")
    parser.add_argument("--device", help="cpu, cuda or mps; the best there is if left out")
    parser.add_argument(
        "--precision", choices=settings.PRECISIONS, help="auto takes what is native"
    )
    args = parser.parse_args()
    settings.choose("SR_DEVICE", args.device)
    settings.choose("SR_PRECISION", args.precision)
    try:
        check_settings()
    except ERRORS as error:
        print(error, file=sys.stderr)
        return 2
    page = build()
    page.launch(
        prevent_thread_lock=True,
        mcp_server=True,
        show_error=False,
        max_file_size=LARGEST_UPLOAD,
        ssr_mode=False,
        pwa=True,
        favicon_path=ICON,
        theme=THEME,
        css=STYLE,
        i18n=WORDS,
    )
    threading.Thread(target=status.warm_up, daemon=True).start()
    page.block_thread()
    return 0


if __name__ == "__main__":
    sys.exit(main())
else:  # `gradio app.py` and tests look for it
    demo = build()
