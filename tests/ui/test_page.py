"""The page in a real browser, from upload to download."""

from __future__ import annotations

import io
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image

from tests.conftest import do_without, running_app
from tests.hub.double import Fault, HubDouble, serve
from tests.ui.conftest import watched

SECOND = 1000


CHOOSER = ".viewer input[type=file] >> nth=0"
SCREENS = {"laptop": (1280, 720), "phone": (390, 844)}


@pytest.fixture(scope="module")
def tab(desktop, app_url, macaw) -> Iterator:
    """The loaded page, once for all tests."""
    with watched(desktop, app_url) as page:
        page.wait_for_selector(".viewer .drop button")
        page.photo = macaw
        yield page


@pytest.fixture
def page(tab):
    """The page as it is at first."""
    yield tab
    if tab.locator(".viewer").get_attribute("data-phase") != "empty":
        if not tab.locator("#new").is_visible():  # an error alone
            tab.set_input_files(CHOOSER, tab.photo)
            wait_for(tab, "done")
        tab.click("#new")
        wait_for(tab, "empty")


def wait_for(page, phase: str) -> None:
    page.wait_for_selector(f".viewer[data-phase={phase}]", timeout=60 * SECOND)


def enlarge(page, photo: Path) -> None:
    """Choose a photo, which starts the work, and wait until that is done."""
    page.set_input_files(CHOOSER, photo)
    wait_for(page, "working")
    wait_for(page, "done")


def details(page) -> None:
    """Unfold the details."""
    if not page.locator("#model").is_visible():
        page.click("#details > button")
        page.wait_for_selector("#model", state="visible")


def fetch(url: str) -> np.ndarray:
    with urllib.request.urlopen(url) as answer:
        return np.asarray(Image.open(io.BytesIO(answer.read())).convert("RGB"))


def download(page) -> Path:
    with page.expect_download() as download:
        page.click("#download")
    return download.value


SHOWN = """() => ["left", "right"].map(k => {
  const image = document.querySelector(`.viewer img.${k}`);
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  let sum = 0n;
  for (let i = 0; i < data.length; i += 4) {
    for (let j = 0; j < 3; j++) sum = (sum * 31n + BigInt(data[i + j])) % 1000000007n;
  }
  return [image.src, canvas.width, canvas.height, String(sum)];
})"""


def digest(pixels: np.ndarray) -> str:
    """As in `SHOWN`."""
    total = 0
    for value in pixels.ravel().tolist():
        total = (total * 31 + value) % 1000000007
    return str(total)


def test_what_is_shown_is_what_is_downloaded_and_what_the_api_gives(page, app_url, macaw, tmp_path):
    enlarge(page, macaw)
    assert "192 × 187 → 768 × 748" in page.inner_text(".viewer .caption")
    assert "macaw" in page.inner_text("#species h3")
    assert "Offline list: 59 kinds" in page.inner_text("#species summary")
    assert page.locator("#species ol li").count() == 4
    said = page.get_by_role("status").filter(has=page.locator("h3"))
    assert said.count() == 1  # screen readers say the name as it comes
    links = page.eval_on_selector_all("#species a", "links => links.map(link => link.href)")
    assert "https://ebird.org/species/succoc" in links

    got = download(page)
    assert got.suggested_filename == "scarlet_macaw_x4.png"
    saved = np.asarray(Image.open(got.path()).convert("RGB"))
    by_api = Client(app_url, verbose=False, download_files=tmp_path).predict(
        handle_file(macaw), api_name="/upscale"
    )
    before, after = (np.asarray(Image.open(path).convert("RGB")) for path in by_api[0])
    np.testing.assert_array_equal(saved, after)
    left, right = page.evaluate(SHOWN)
    assert left[1:] == [768, 748, digest(before)] and right[1:] == [768, 748, digest(after)]
    np.testing.assert_array_equal(fetch(right[0]), after)


def test_another_style_is_made_kept_and_downloaded(page, little):
    enlarge(page, little)
    first = page.evaluate(SHOWN)[1]
    page.get_by_label("Faithful").check()
    page.wait_for_selector(".viewer .tag.after:has-text('Faithful')", timeout=60 * SECOND)
    wait_for(page, "done")
    assert page.locator(".viewer .tiles > *").count() == 3
    second = page.evaluate(SHOWN)[1]
    assert first[3] != second[3]
    assert digest(np.asarray(Image.open(download(page).path()).convert("RGB"))) == second[3]
    assert "(span)" in page.inner_text(".viewer .caption")
    details(page)
    page.click(".viewer .tiles button >> nth=0")
    page.wait_for_function("document.querySelector('#facts').innerText.includes('srgan-swift')")
    assert page.evaluate(SHOWN)[1] == first
    assert digest(np.asarray(Image.open(download(page).path()).convert("RGB"))) == first[3]


def test_all_styles_at_once(page, little):
    enlarge(page, little)
    page.click("#all")
    page.wait_for_function(
        "document.querySelectorAll('.viewer .tiles button').length === 4", timeout=60 * SECOND
    )
    wait_for(page, "done")
    labels = page.locator(".viewer .tiles > *").all_inner_texts()
    assert [label.split(" ·")[0] for label in labels] == [
        "Before", "Auto", "Crisp", "Faithful", "Clean",
    ]  # fmt: skip
    # Each style is done before the one that was shown is picked again.
    page.wait_for_function(
        "document.querySelector('.viewer .tag.after').innerText.endsWith('Auto')"
    )
    assert page.inner_text(".viewer .tag.after") == "After · Auto"
    assert not page.locator("#all").is_disabled()


@pytest.mark.parametrize("keep", [False, True])
def test_metadata_is_copied_only_when_asked(page, tmp_path, keep):
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Camera", 6
    Image.new("RGB", (12, 8), "red").save(tmp_path / "a.jpg", exif=exif)
    enlarge(page, tmp_path / "a.jpg")
    details(page)
    if keep:
        page.set_checked("#metadata input", True)
        wait_for(page, "working")
        wait_for(page, "done")
    result = Image.open(download(page).path())
    page.evaluate("document.querySelector('#metadata input').checked") and page.set_checked(
        "#metadata input", False
    )
    assert dict(result.getexif()) == ({0x010F: "Camera", 0x0112: 1} if keep else {})
    assert result.size == (32, 48)


def test_name_only(page, little):
    enlarge(page, little)
    details(page)
    page.get_by_label("Name only").check()
    page.click("#new")
    wait_for(page, "empty")
    page.set_input_files(CHOOSER, little)
    wait_for(page, "named")
    assert "macaw" in page.inner_text("#species h3")
    assert not page.locator("#download").is_visible()
    details(page)
    page.get_by_label("Enlarge and name").check()


def test_the_bird_is_named_before_the_photo_is_enlarged_and_stop_leaves_no_after(page, tmp_path):
    Image.open(page.photo).convert("RGB").resize((900, 877)).save(tmp_path / "large.png")
    page.set_input_files(CHOOSER, tmp_path / "large.png")
    page.wait_for_selector("#species h3:has-text('macaw')", timeout=60 * SECOND)
    assert not page.locator("#download").is_visible()
    page.wait_for_selector(".viewer img.left[src*=bicubic]", timeout=30 * SECOND)
    page.wait_for_selector(".viewer img.right[src*=preview_]", timeout=30 * SECOND)
    values = []
    while len(values) < 3:
        value = page.eval_on_selector(".viewer progress", "bar => bar.value")
        if not values or value != values[-1]:
            values.append(value)
        page.wait_for_timeout(50)
    assert values == sorted(values) and values[-1] > values[0]
    assert "s left" in page.inner_text(".viewer .work")
    page.click("[data-do=stop]")
    wait_for(page, "stopped")
    page.wait_for_timeout(SECOND)
    assert page.locator(".viewer").get_attribute("data-phase") == "stopped"
    assert "There is nothing to download." in page.inner_text(".viewer .message")
    assert not page.locator("#download").is_visible()
    assert not page.locator(".viewer img.right").is_visible()
    assert "macaw" in page.inner_text("#species h3")


def test_a_new_photo_takes_the_place_of_one_that_is_worked_on(page, tmp_path, little):
    Image.linear_gradient("L").resize((900, 900)).save(tmp_path / "large.png")
    page.set_input_files(CHOOSER, tmp_path / "large.png")
    page.wait_for_selector(".viewer .work:has-text('left')", timeout=30 * SECOND)
    page.set_input_files(CHOOSER, little)
    page.wait_for_selector(".viewer .caption:has-text('96 × 94')", timeout=60 * SECOND)
    wait_for(page, "done")
    page.wait_for_timeout(SECOND)
    assert "scarlet_macaw.png · 96 × 94" in page.inner_text(".viewer .caption")


def test_a_camera_photo_is_named_and_cropped(page, tmp_path):
    wide = Image.new("RGB", (5472, 3648), (90, 130, 80))
    wide.paste(Image.open(page.photo).convert("RGB").resize((739, 720)), (3600, 2400))
    wide.save(tmp_path / "camera.jpg")
    page.set_input_files(CHOOSER, tmp_path / "camera.jpg")
    page.wait_for_selector("#species h3:has-text('macaw')", timeout=30 * SECOND)
    wait_for(page, "large")
    box = page.locator(".viewer .box").bounding_box()
    outer = page.locator(".viewer .picture").bounding_box()
    across = (box["x"] - outer["x"]) / outer["width"]
    assert across < 0.72 < across + box["width"] / outer["width"] < 1
    assert "about" in page.inner_text("[data-do=apply]")
    page.locator(".viewer .stage").focus()
    for _ in range(8):  # smaller, so that it is quick
        page.keyboard.press("Shift+ArrowLeft")
        page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Enter")
    wait_for(page, "working")
    assert "this part of the photo" in page.inner_text("#species .seen")
    page.click("[data-do=stop]")
    wait_for(page, "stopped")


def test_a_small_bird_s_place_is_cropped_to_by_the_cards_button(page, tmp_path):
    wide = Image.new("RGB", (600, 400), (90, 130, 80))
    wide.paste(Image.open(page.photo).convert("RGB").resize((82, 80)), (400, 266))
    wide.save(tmp_path / "wide.png")
    page.set_input_files(CHOOSER, tmp_path / "wide.png")
    wait_for(page, "done")
    assert "this part of the photo" in page.inner_text("#species .seen")
    page.hover("#species [data-crop]")
    assert page.locator(".viewer .found").is_visible()
    page.click("#species [data-crop]")
    assert page.locator(".viewer .box").is_visible()
    page.click("[data-do=apply]")
    page.wait_for_function(
        "!document.querySelector('.viewer .caption').innerText.includes('600 × 400')"
        "&& document.querySelector('.viewer').dataset.phase === 'done'",
        timeout=60 * SECOND,
    )
    assert "macaw" in page.inner_text("#species h3")


def test_no_bird_is_said_and_the_picture_stays(page, tmp_path):
    Image.new("RGB", (64, 48), (90, 140, 220)).save(tmp_path / "sky.png")
    enlarge(page, tmp_path / "sky.png")
    assert "No bird found" in page.inner_text("#species")
    assert page.locator("#download").is_visible()
    page.click("#species [data-crop]:has-text('Crop closer')")
    assert page.locator(".viewer .cropping").is_visible()
    page.click("[data-do=cancel]")


def test_a_list_of_species_is_obeyed(page, little):
    enlarge(page, little)
    details(page)
    page.fill("#list textarea", "Gray Parrot\nSnallygaster")
    page.click("#rename")
    page.wait_for_selector("#species h3:has-text('Gray Parrot')", timeout=30 * SECOND)
    said = page.inner_text("#species")
    assert "outside your list" in said and "No species is called “Snallygaster”." in said
    assert page.locator(".viewer .divider").is_visible()  # the picture stays
    page.fill("#list textarea", "")


def test_only_networks_that_can_be_had_are_offered_and_one_by_name_is_labelled_so(page, little):
    enlarge(page, little)
    details(page)
    page.click("#model input")
    offered = page.get_by_role("option").all_inner_texts()
    assert any("SPAN" in name for name in offered)
    assert not any(name.startswith(("ESRGAN", "SRGAN (ImageNet)")) for name in offered)
    page.get_by_role("option", name="FSRCNN").click()
    page.wait_for_selector(".viewer .tag.after:has-text('FSRCNN')", timeout=60 * SECOND)
    wait_for(page, "done")
    assert page.locator("#style input:checked").count() == 0
    page.click("#style label:has-text('Auto')")
    page.wait_for_selector(".viewer .tag.after:has-text('Auto')", timeout=60 * SECOND)
    assert page.input_value("#model input") == "As the style says"


def test_the_code_repeats_what_was_done(page, app_url, little):
    enlarge(page, little)
    page.click("#code > button")
    python = page.inner_text("#code-python .cm-content")
    for part in (f"Client('{app_url.rstrip('/')}')", "'scarlet_macaw.png'", "identify=True"):
        assert part in python
    page.click("#code > button")


@pytest.mark.parametrize("screen", SCREENS)
def test_name_and_download_are_in_sight_without_scrolling(browser, app_url, macaw, screen):
    width, height = SCREENS[screen]
    page = browser.new_page(
        viewport={"width": width, "height": height}, has_touch=screen == "phone", locale="en-US"
    )
    page.goto(app_url)
    page.wait_for_selector(".viewer .drop button")
    assert not page.locator("#side").is_visible() and not page.locator("#styles").is_visible()
    assert page.locator(".camera").is_visible() == (screen == "phone")
    enlarge(page, macaw)
    assert page.evaluate("window.scrollY") == 0
    for part in ("#species h3", "#download", ".viewer .stage", "#styles"):
        box = page.locator(part).bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= height, part
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("text.png", b"hello", "“text.png” is not a photo this app can read"),
        ("empty.png", b"", "“empty.png” is empty (0 bytes)"),
    ],
)
def test_a_bad_file_is_a_sentence_that_stays(page, tmp_path, little, name, content, sentence):
    enlarge(page, little)
    (tmp_path / name).write_bytes(content)
    page.set_input_files(CHOOSER, tmp_path / name)
    wait_for(page, "error")
    page.wait_for_timeout(SECOND)
    assert sentence in page.get_by_role("alert").first.inner_text()
    assert "Traceback" not in page.content()
    assert page.locator(".viewer.strip").count() == 0  # it is where the picture would be
    assert page.inner_text("#species") == ""  # nothing of the photo before
    assert not page.locator("#download").is_visible()
    with page.expect_file_chooser():
        page.get_by_role("button", name="Choose another").click()


def test_korean_readers_get_a_korean_page(browser, app_url, little, tmp_path):
    page = browser.new_page(locale="ko-KR", viewport={"width": 1280, "height": 720})
    page.goto(app_url)
    page.wait_for_selector(".drop:has-text('사진')")
    assert page.inner_text("#title h1") == "더 선명한 새"
    enlarge(page, little)
    assert "마코앵무" in page.inner_text("#species h3")
    assert "오프라인 목록: 59종" in page.inner_text("#species summary")
    assert page.inner_text(".viewer .tag.after") == "확대 후 · 자동"
    details(page)
    said = page.inner_text("#facts")
    assert "픽셀" in said and "Auto took" not in said
    latin = page.evaluate(LATIN, "#upscale")
    assert not [text for text in latin if text not in KEPT_LATIN], latin
    (tmp_path / "a.png").write_bytes(b"hello")
    page.set_input_files(CHOOSER, tmp_path / "a.png")
    wait_for(page, "error")
    assert "사진" in page.inner_text(".viewer .message")
    assert "Traceback" not in page.content()
    page.close()


# Words of three and more letters that are seen on the page.
LATIN = """selector => {
  const walker = document.createTreeWalker(document.querySelector(selector), NodeFilter.SHOW_TEXT);
  const found = new Set();
  while (walker.nextNode()) {
    const { parentElement: parent, data } = walker.currentNode;
    if (parent.checkVisibility() && !parent.closest("i")) {
      for (const word of data.match(/[A-Za-z]{3,}/g) ?? []) found.add(word);
    }
  }
  return [...found];
}"""
KEPT_LATIN = {"PNG", "JPEG", "eBird", "scarlet", "macaw", "png", "cpu", "float"} | {
    "srgan", "swift", "weights", "safetensors",
}  # fmt: skip


def test_korean_letters_are_drawn(browser, app_url):
    """Where there is a font with them, as on people's machines; no box stands for a letter."""
    page = browser.new_page(locale="ko-KR")
    page.goto(app_url)
    page.wait_for_selector(".drop:has-text('사진')")
    drawn = page.evaluate(
        """() => ["새", "사", "\uffff"].map(letter => {
          const canvas = new OffscreenCanvas(40, 40), context = canvas.getContext("2d");
          context.font = `32px ${getComputedStyle(document.querySelector(".drop p")).fontFamily}`;
          context.fillText(letter, 2, 32);
          return context.getImageData(0, 0, 40, 40).data.join();
        })"""
    )
    page.close()
    if drawn[0] == drawn[1]:
        do_without("no font with Korean letters (Debian: apt-get install fonts-nanum)")
    assert len(set(drawn)) == 3


def test_it_can_be_installed_with_an_icon_of_its_own(app_url):
    with urllib.request.urlopen(f"{app_url}/manifest.json") as answer:
        manifest = json.load(answer)
    assert manifest["name"] == "Sharper birds"
    sizes = {icon["sizes"]: icon["src"] for icon in manifest["icons"]}
    assert {"192x192", "512x512"} <= set(sizes)
    icon = fetch(f"{app_url}{sizes['192x192']}")
    assert icon.shape == (192, 192, 3) and tuple(icon[20, 96]) == (0x25, 0x58, 0x4F)


def test_the_page_is_up_before_the_weights_and_tells_of_them(browser, tmp_path):
    with serve(HubDouble()) as double:
        slow = Fault(seconds_a_chunk=0.003)
        double.add("ChangyuLiu/SRGAN-PyTorch", "SRGAN_x4-ImageNet.pth.tar", bytes(25 << 20), slow)
        variables = {"HF_ENDPOINT": double.url, "HF_HUB_OFFLINE": "0", "HF_HOME": str(tmp_path)}
        with running_app(tmp_path, HF_HUB_DISABLE_XET="1", **variables) as app:
            page = browser.new_page()
            page.goto(app.url)
            page.get_by_role("tab", name="About").click()
            wait_for_status(page, r"Fetching weights, [1-9]\d? ?%")
            # what came is no weights file, so the embedded one is used, and the page says so
            wait_for_status(page, "In use: srgan-swift .* srgan-div2k .* This is the fallback")
            page.close()


def wait_for_status(page, pattern: str) -> None:
    script = f"new RegExp({pattern!r}).test(document.querySelector('#status')?.innerText)"
    page.wait_for_function(script, timeout=60 * SECOND)


def test_the_status_names_the_weights(page):
    page.get_by_role("tab", name="About").click()
    wait_for_status(page, r"In use: srgan-swift .* srgan-div2k .*gan_generator.h5.*imagenet-birds")
    page.get_by_role("tab", name="Upscale").click()
