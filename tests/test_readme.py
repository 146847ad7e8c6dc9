"""The README's Python runs as it stands and prints what it says."""

import io
import re
from contextlib import redirect_stdout

import yaml
from huggingface_hub import SpaceHardware
from PIL import Image

from tests import front_matter
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```python\n(.*?)```\n```text\n(.*?)```", re.DOTALL)


def without_seconds(text: str) -> str:
    return re.sub(r"\d+\.\d s on \w+", "N s on DEVICE", text)


def test_the_python_calls_print_what_the_readme_says(app_url, monkeypatch):
    monkeypatch.chdir(ROOT)
    scope: dict = {}
    blocks = BLOCK.findall(README)
    assert len(blocks) == 2
    for code, expected in blocks:
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(code.replace("http://127.0.0.1:7860", app_url), scope)
        assert without_seconds(printed.getvalue()) == without_seconds(expected)


def test_short_description_is_short_enough_for_a_space():
    description = re.search(r"^short_description: (.*)$", README, re.MULTILINE).group(1)
    assert len(description) <= 60


def test_the_thumbnail_is_named_by_the_space_and_has_the_size_of_a_link_s_picture():
    named = front_matter.updated(README, "owner/space")
    line = "thumbnail: https://huggingface.co/spaces/owner/space/resolve/main/docs/thumbnail.jpg"
    assert named.count(line) == named.count("thumbnail:") == 1
    assert front_matter.updated(named) == named
    assert Image.open(ROOT / "docs" / "thumbnail.jpg").size == (1200, 630)


def test_the_front_matter_is_yaml_a_space_can_use():
    settings = yaml.safe_load(README.split("---\n")[1])
    assert {"title", "sdk", "app_file", "license", "tags"} <= set(settings)
    assert settings["header"] in ("default", "mini")
    assert settings["suggested_hardware"] in [hardware.value for hardware in SpaceHardware]
    assert (ROOT / settings["app_file"]).exists()


def test_the_gradio_version_is_one_the_requirements_admit():
    major, minor = re.search(r"^sdk_version: (\d+)\.(\d+)", README, re.MULTILINE).groups()
    low, high = re.search(
        r"gradio\[mcp\]>=6\.(\d+),<(\d+)", (ROOT / "requirements.txt").read_text()
    ).groups()
    assert int(major) < int(high) and int(minor) >= int(low)


def test_the_front_matter_lists_the_catalogs_repositories():
    assert front_matter.updated(README) == README, "run python -m tests.front_matter"
