"""What the page says, in English and Korean. `WORDS("start")` is translated in the browser.

Sentences that are made while working (facts, errors) are in English only.
"""

from __future__ import annotations

import gradio as gr

ENGLISH = {
    "photo": "Photo",
}
KOREAN = {
    "photo": "사진",
}
WORDS = gr.I18n(en=ENGLISH, ko=KOREAN)
