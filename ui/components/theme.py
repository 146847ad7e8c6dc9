"""How the page looks: its colours, its type, its icon."""

import gradio as gr
from gradio.themes.utils.colors import Color, stone

from ui.words import FOLDER

STATIC = FOLDER.parent / "static"
ICON = str(STATIC / "icon.png")
STYLE = "".join(
    (STATIC / f"{name}.css").read_text(encoding="utf-8") for name in ("page", "species", "compare")
)
PINE = Color(
    name="pine",
    c50="#f0f7f5",
    c100="#d8ebe6",
    c200="#b3d8ce",
    c300="#86bfb2",
    c400="#5fa496",
    c500="#42877a",
    c600="#2f6d62",
    c700="#25584f",
    c800="#1d4640",
    c900="#183934",
    c950="#0b201d",
)
# The last ones are of those with Korean letters that come with Windows, macOS, Android and Linux.
FONTS = ["system-ui", "Malgun Gothic", "Apple SD Gothic Neo", "Noto Sans CJK KR", "sans-serif"]

THEME = gr.themes.Base(
    primary_hue=PINE, secondary_hue=PINE, neutral_hue=stone, font=FONTS, font_mono=["monospace"]
).set(
    body_background_fill="*neutral_50",
    body_background_fill_dark="*neutral_950",
    block_background_fill="white",
    block_background_fill_dark="*neutral_900",
    # Gradio's greys are too pale for small text (WCAG 2.2, 1.4.3: 4.5 to 1).
    body_text_color_subdued="*neutral_600",
    body_text_color_subdued_dark="*neutral_400",
    block_info_text_color="*neutral_600",
    block_info_text_color_dark="*neutral_400",
    block_label_text_color="*neutral_700",
    block_label_text_color_dark="*neutral_200",
    link_text_color="*primary_700",
    link_text_color_dark="*primary_300",
    color_accent="*primary_700",
    button_primary_background_fill="*primary_700",
    button_primary_background_fill_hover="*primary_800",
    button_primary_background_fill_dark="*primary_600",
    button_primary_background_fill_hover_dark="*primary_500",
    button_primary_text_color="white",
    button_primary_text_color_dark="white",
)
