"""What the page says, in English and Korean. `WORDS("page_start")` is translated in the browser.

Sentences that are made while working (facts, errors) are in English only.
"""

from __future__ import annotations

import gradio as gr

ENGLISH = {
    "page_photo": "Photo",
    "page_title": "Sharper birds",
    "page_introduction": """# Sharper birds
Drop a small photo: get it four times as large, and the name of the bird in it.

**What to know:** SRGAN *invents* plausible texture. The result looks sharp, but its fine detail
is a guess, not a record; don't read feather patterns off it. SRResNet guesses less and looks
softer.""",
    "page_tab_upscale": "Upscale",
    "page_tab_compare": "Compare methods",
    "page_model": "Model",
    "page_recommended": "Recommended",
    "page_identify": "Identify the bird",
    "page_metadata": "Keep metadata",
    "page_metadata_info": "Copies camera, date and place into the result; the place is private.",
    "page_start": "Enlarge 4×",
    "page_only_name": "Only name the bird",
    "page_stop": "Stop",
    "page_examples": "Examples",
    "page_slider": "Before (bicubic) and after",
    "page_facts": "Facts",
    "page_download": "Download the result (PNG)",
    "page_species": "The bird",
    "page_show": "Predictions",
    "page_show_both": "Side by side",
    "page_show_uploaded": "As uploaded",
    "page_show_enlarged": "After super-resolution",
    "page_code": "Use this from code",
    "page_status": "Weights and device",
    "page_progress": "Progress",
    "magnifier_label": "Magnifier: arrow keys move (with Shift by one pixel), plus and minus zoom",
    "magnifier_lens": "{name}, magnified",
    "magnifier_before": "Before",
    "magnifier_after": "After",
    "magnifier_zoom": "Magnifier",
    "magnifier_where": "around pixel {x}, {y} · {zoom}×",
    "magnifier_sizes": "Before: {before} pixels; after: {after} pixels.",
    "magnifier_hint": "Point at the picture above. Here: drag to move, Ctrl + wheel to zoom.",
    "magnifier_divider": "Position of the divider",
    "crop_title": "Crop: for a small bird in a wide photo",
    "crop_whole": "Whole photo",
    "crop_left": "Left edge (%)",
    "crop_top": "Top edge (%)",
    "crop_right": "Right edge (%)",
    "crop_bottom": "Bottom edge (%)",
    "crop_stage": "The photo: arrow keys move the box, with Shift they resize it",
    "crop_hint": "Draw a box around the bird, or type where its edges are.",
    "crop_blind": "This browser can't show the photo; type where the box's edges are.",
    "crop_is_whole": "The whole photo is used.",
    "crop_is_part": "Used: from {left} to {right} % across, from {top} to {bottom} % down.",
    "crop_pixels": "{width} × {height} pixels of {all_width} × {all_height}.",
    "compare_intro": (
        "Drop a **full-size** photo: it is shrunk four times, restored by each method, and "
        "compared with itself. PSNR and SSIM are those of the papers: luma, without 4 pixels at "
        "each border."
    ),
    "compare_photo": "Full-size photo",
    "compare_examples": "Examples (small)",
    "compare_methods": "Methods",
    "compare_methods_info": (
        "Weights that are not at hand are fetched if they can be; the ESRGANs take ten times as "
        "long."
    ),
    "compare_bicubic": "Bicubic: no network",
    "compare_start": "Compare",
    "compare_stop": "Stop",
    "compare_progress": "Progress",
    "compare_picture": "The photo: click where to look closer",
    "compare_across": "Position across (%)",
    "compare_down": "Position down (%)",
    "compare_side": "Size of the crops (pixels of the photo)",
    "compare_crops": "Equal crops",
    "compare_table": "Scores",
    "compare_csv": "Download the table (CSV)",
    "compare_why": (
        "**Why the sharpest looking is not the highest scoring:** PSNR counts squared error, "
        "which rewards the mean of all plausible textures, and that mean is blur; SRGAN and the "
        "ESRGANs draw *one* plausible texture instead, which looks real but rarely lies where "
        "the true one was."
    ),
    "compare_original": "Original",
    "compare_shrunk": "Shrunk 4×: all that the methods see",
    "compare_sharpest": "most contrast",
    "compare_highest": "highest PSNR",
    "compare_alt": "{name}: {side} × {side} pixels of the photo, magnified",
    "compare_unavailable": "Unavailable",
    "compare_method": "Method",
    "compare_contrast": "Contrast",
    "compare_caption": "{name}: {width} × {height} pixels, from {low_width} × {low_height}",
    "compare_gone": "The pictures are deleted after an hour: compare again.",
    "compare_sentence": (
        "Contrast is that between neighbouring pixels, where the original's is 100 %. Here "
        "{sharpest} has the most ({contrast}) and {highest} the highest PSNR ({psnr} dB)."
    ),
}
KOREAN = {
    "page_photo": "사진",
    "page_title": "더 선명한 새",
    "page_introduction": """# 더 선명한 새
작은 사진을 놓으면 네 배로 크게 만들고, 사진 속 새의 이름을 알려 줍니다.

**알아 두세요:** SRGAN은 그럴듯한 질감을 *지어냅니다*. 결과는 선명해 보이지만
세밀한 부분은 기록이 아니라 추측입니다. 깃털 무늬를 읽어 내지 마세요. SRResNet은 덜 지어내고
더 부드럽게 보입니다.""",
    "page_tab_upscale": "확대",
    "page_tab_compare": "방법 비교",
    "page_model": "모델",
    "page_recommended": "추천",
    "page_identify": "새 이름 알아내기",
    "page_metadata": "메타데이터 유지",
    "page_metadata_info": "카메라, 날짜, 위치를 결과에 복사합니다. 위치는 개인 정보입니다.",
    "page_start": "4배 확대",
    "page_only_name": "이름만 알아내기",
    "page_stop": "중지",
    "page_examples": "예시",
    "page_slider": "확대 전(바이큐빅)과 후",
    "page_facts": "정보",
    "page_download": "결과 내려받기 (PNG)",
    "page_species": "새",
    "page_show": "예측",
    "page_show_both": "나란히",
    "page_show_uploaded": "올린 그대로",
    "page_show_enlarged": "초해상도 이후",
    "page_code": "코드에서 사용하기",
    "page_status": "가중치와 장치",
    "page_progress": "진행",
    "magnifier_label": "돋보기: 화살표 키로 이동(Shift와 함께 1픽셀씩), +와 - 키로 확대·축소",
    "magnifier_lens": "{name}, 확대된 모습",
    "magnifier_before": "변환 전",
    "magnifier_after": "변환 후",
    "magnifier_zoom": "돋보기 배율",
    "magnifier_where": "픽셀 {x}, {y} 주변 · {zoom}×",
    "magnifier_sizes": "변환 전: {before} 픽셀, 변환 후: {after} 픽셀.",
    "magnifier_hint": "위 사진을 가리키세요. 여기에서는 끌어서 이동, Ctrl + 휠로 확대·축소합니다.",
    "magnifier_divider": "구분선 위치",
    "crop_title": "자르기: 넓은 사진 속 작은 새",
    "crop_whole": "사진 전체",
    "crop_left": "왼쪽 (%)",
    "crop_top": "위쪽 (%)",
    "crop_right": "오른쪽 (%)",
    "crop_bottom": "아래쪽 (%)",
    "crop_stage": "사진: 화살표 키로 상자 이동, Shift와 함께 크기 조절",
    "crop_hint": "새 둘레에 상자를 그리거나 가장자리 위치를 입력하세요.",
    "crop_blind": "이 브라우저는 이 사진을 표시할 수 없습니다. 상자의 가장자리 위치를 입력하세요.",
    "crop_is_whole": "사진 전체를 사용합니다.",
    "crop_is_part": "사용 영역: 가로 {left}~{right} %, 세로 {top}~{bottom} %.",
    "crop_pixels": "{all_width} × {all_height} 중 {width} × {height} 픽셀.",
    "compare_intro": (
        "**원본 크기** 사진을 놓으면 4분의 1로 줄인 뒤 방법마다 복원하여 원본과 비교합니다. "
        "PSNR과 SSIM은 논문과 같은 방식입니다: 휘도, 가장자리 4픽셀 제외."
    ),
    "compare_photo": "원본 크기 사진",
    "compare_examples": "예시 (작은 사진)",
    "compare_methods": "방법",
    "compare_methods_info": (
        "없는 가중치는 가능하면 내려받습니다. ESRGAN 계열은 열 배쯤 오래 걸립니다."
    ),
    "compare_bicubic": "바이큐빅: 신경망 없음",
    "compare_start": "비교",
    "compare_stop": "중지",
    "compare_progress": "진행",
    "compare_picture": "사진: 자세히 볼 곳을 클릭하세요",
    "compare_across": "가로 위치 (%)",
    "compare_down": "세로 위치 (%)",
    "compare_side": "자른 조각의 크기 (원본 픽셀)",
    "compare_crops": "같은 부분의 조각",
    "compare_table": "점수",
    "compare_csv": "표 내려받기 (CSV)",
    "compare_why": (
        "**가장 선명해 보이는 것이 가장 높은 점수를 받지 않는 이유:** PSNR은 제곱 오차를 세므로 "
        "가능한 모든 질감의 평균, 곧 흐린 결과에 유리합니다. SRGAN과 ESRGAN 계열은 그럴듯한 질감 "
        "*하나*를 그려 넣는데, 진짜 같아 보여도 실제 질감과 위치가 맞는 일은 드뭅니다."
    ),
    "compare_original": "원본",
    "compare_shrunk": "4분의 1로 축소: 방법들이 보는 전부",
    "compare_sharpest": "대비 최대",
    "compare_highest": "PSNR 최고",
    "compare_alt": "{name}: 사진의 {side} × {side} 픽셀을 확대한 것",
    "compare_unavailable": "사용할 수 없음",
    "compare_method": "방법",
    "compare_contrast": "대비",
    "compare_caption": "{name}: {low_width} × {low_height}에서 {width} × {height} 픽셀로",
    "compare_gone": "그림은 한 시간 뒤에 삭제됩니다. 다시 비교하세요.",
    "compare_sentence": (
        "대비는 이웃한 픽셀 사이의 차이이며 원본이 100%입니다. 여기서는 {sharpest}의 대비가 가장 "
        "크고({contrast}), {highest}의 PSNR이 가장 높습니다({psnr} dB)."
    ),
}
WORDS = gr.I18n(en=ENGLISH, ko=KOREAN)
