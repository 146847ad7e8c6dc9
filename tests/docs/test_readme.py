"""The README is short, true to the catalogs and what a Space can use; all links lead somewhere."""

import re

import pytest
import yaml
from huggingface_hub import SpaceHardware
from PIL import Image

from tests.conftest import ROOT
from tests.docs.pages import PAGES, README
from tools import front_matter, tables

THUMBNAIL = "https://huggingface.co/spaces/owner/space/resolve/main/docs/images/thumbnail.jpg"


def test_the_readme_is_short():
    assert len(README.encode()) <= 6144


def test_short_description_is_short_enough_for_a_space():
    description = re.search(r"^short_description: (.*)$", README, re.MULTILINE).group(1)
    assert len(description) <= 60


def test_the_thumbnail_is_named_by_the_space_and_has_the_size_of_a_link_s_picture():
    named = front_matter.updated(README, "owner/space")
    assert named.count(f"thumbnail: {THUMBNAIL}") == named.count("thumbnail:") == 1
    assert front_matter.updated(named) == named
    assert Image.open(ROOT / "docs" / "images" / "thumbnail.jpg").size == (1200, 630)


def test_the_front_matter_is_yaml_a_space_can_use():
    settings = yaml.safe_load(README.split("---\n")[1])
    assert {"title", "sdk", "app_file", "license", "tags"} <= set(settings)
    assert settings["header"] in ("default", "mini")
    assert settings["suggested_hardware"] in [hardware.value for hardware in SpaceHardware]
    assert (ROOT / settings["app_file"]).exists()
    assert settings["tags"] == front_matter.TAGS
    files = [f"{file.repo} {file.file}" for file in front_matter.hub_files()]
    assert set(settings["preload_from_hub"]) <= set(files)
    assert set(settings["models"]) == {file.split()[0] for file in files}


def test_the_gradio_version_is_one_the_requirements_admit():
    major, minor = re.search(r"^sdk_version: (\d+)\.(\d+)", README, re.MULTILINE).groups()
    low, high = re.search(
        r"gradio\[mcp\]>=6\.(\d+),<(\d+)", (ROOT / "requirements.txt").read_text()
    ).groups()
    assert int(major) < int(high) and int(minor) >= int(low)


def test_the_front_matter_lists_the_catalogs_repositories():
    assert front_matter.updated(README) == README, "run python -m tools.front_matter"


@pytest.mark.parametrize("file", tables.FILES)
def test_the_tables_of_models_are_those_of_the_catalogs(file):
    assert tables.updated(file, PAGES[file]) == PAGES[file], "run python -m tools.tables"


def test_every_model_has_a_row_that_says_what_was_measured():
    scores, text = tables.measured(), tables.models_long()
    assert scores["srgan-div2k"] == "29.19 / 26.18 dB"
    for entry in tables.catalog.LIST:
        row = next(line for line in text.splitlines() if line.startswith(f"| `{entry.name}` |"))
        assert scores.get(entry.name, "not measured") in row


@pytest.mark.parametrize("file", PAGES)
def test_links_and_pictures_lead_to_files_and_headings(file):
    for target in re.findall(r"\]\((?!https?:|#)([^)]+)\)", PAGES[file]):
        name, _, heading = target.partition("#")
        path = (ROOT / file).parent / name
        assert path.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {_anchor(title) for title in titles}, target


def _anchor(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
