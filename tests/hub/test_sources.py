"""How a place on the Hub is written."""

from __future__ import annotations

import pytest

import hub
from tests.hub.double import COMMIT


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("me/birds", hub.HubFile("me/birds", "w")),
        ("me/birds:x/y.pt", hub.HubFile("me/birds", "x/y.pt")),
        ("me/birds@v2", hub.HubFile("me/birds", "w", "v2")),
        ("hf-hub:me/b.c-d:x.pt@" + COMMIT, hub.HubFile("me/b.c-d", "x.pt", COMMIT)),
    ],
)
def test_a_place_on_the_hub_is_written_in_one_line(text, source):
    assert hub.parse(text, "w") == source


@pytest.mark.parametrize(
    "text",
    [
        "birds",
        "/me/birds",
        "me/birds:",
        "http://x/y",
        "a/b c",
        "",
        "../x",
        "./x",
        "~/x",
        "/x",
        "x" * 5000,
        "-/-",
    ],
)
def test_another_text_is_no_place_on_the_hub(text):
    with pytest.raises(hub.WeightsUnavailable, match="is not a place on the Hub"):
        hub.parse(text, "w")


def test_a_place_that_is_set_is_a_folder_with_its_files_or_on_the_hub(tmp_path):
    hub.check_place("", "w")
    hub.check_place("me/birds", "w", "config.json")  # which may be reached later
    (tmp_path / "w").touch()
    hub.check_place(str(tmp_path), "w")
    with pytest.raises(hub.WeightsUnavailable, match=r"config\.json: there is no such file"):
        hub.check_place(str(tmp_path), "w", "config.json")
    with pytest.raises(hub.WeightsUnavailable, match="is not a place on the Hub, nor a folder"):
        hub.check_place(str(tmp_path / "none"), "w")
