"""The page, the API and the MCP tools.

Run `python app.py`, or `gradio app.py` while working on it.
"""

import argparse
import sys
import threading
from pathlib import Path

from ui.serving import files

files.choose_folder()  # before Gradio is imported, which looks where it is

import gradio as gr
from starlette.middleware import Middleware

from sr import settings
from ui import status
from ui.api import build_api
from ui.compare_tab import build_compare_tab
from ui.components.theme import ICON, STYLE, THEME
from ui.errors import ERRORS
from ui.serving.bounds import Bounds
from ui.serving.mistakes import tell_mistakes
from ui.serving.variables import check_settings
from ui.upscale.tab import build_upscale_tab
from ui.words import ENGLISH, WORDS

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.png"))
LARGEST_UPLOAD = "32mb"
SESSIONS = 32  # whose components Gradio keeps; nothing of theirs is needed later


def build() -> gr.Blocks:
    """The page, from top to bottom as it looks."""
    with gr.Blocks(title=ENGLISH["page_title"], analytics_enabled=False) as page:
        gr.Markdown(WORDS("page_heading"), elem_id="title")
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab(WORDS("page_tab_upscale")) as upscale:
                build_upscale_tab(EXAMPLES)
            with gr.Tab(WORDS("page_tab_compare")) as compare:
                build_compare_tab(EXAMPLES)
            with gr.Tab(WORDS("page_tab_about")) as about:
                status.build_about_tab(about, [upscale, compare])
        build_api()
    tell_mistakes(page)
    return page


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
    files.start_sweeping(page)
    page.launch(
        prevent_thread_lock=True,
        mcp_server=True,
        show_error=False,
        enable_monitoring=False,
        app_kwargs={"middleware": [Middleware(Bounds)]},
        max_file_size=LARGEST_UPLOAD,
        state_session_capacity=SESSIONS,
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
