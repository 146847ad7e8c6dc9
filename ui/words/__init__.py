"""What the page says, in each of its languages, from the YAML files of this folder.

`WORDS("page_stop")` is translated in the browser; `words_for(request)` are the texts for what is
made here.
"""

from pathlib import Path
from typing import Any

import gradio as gr
import yaml

Words = dict[str, str]

FOLDER = Path(__file__).parent
FILES = ("page", "viewer", "bird", "compare")
_TEXTS = {
    key: texts
    for name in FILES
    for key, texts in yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8")).items()
}
ENGLISH: Words = {key: texts["en"] for key, texts in _TEXTS.items()}
KOREAN: Words = {key: texts["ko"] for key, texts in _TEXTS.items()}
WORDS = gr.I18n(en=ENGLISH, ko=KOREAN)


def named(key: str) -> dict[str, Any]:
    """A component's label, which is the text `key`, and its elem_id, after the key."""
    return {"label": WORDS(key), "elem_id": key.removeprefix("page_").replace("_", "-")}


def words_for(request: gr.Request | None) -> Words:
    """The texts for HTML that is made here, in the language that the browser asks for."""
    asked = request.headers.get("accept-language", "") if request else ""
    return KOREAN if asked.lower().startswith("ko") else ENGLISH
