"""The environment is read when it is used, and what has no meaning is a sentence."""

import sys

import pytest

import app
from classify import __main__ as naming
from sr import __main__ as upscaling
from sr import settings
from sr.evaluate import __main__ as evaluation


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch):
    monkeypatch.setattr(settings, "_chosen", {})


def test_variables_are_read_when_they_are_used(monkeypatch):
    monkeypatch.delenv("SR_MAX_MEGAPIXELS", raising=False)
    assert settings.max_pixels() == 4_000_000
    monkeypatch.setenv("SR_MAX_MEGAPIXELS", "  ")  # set and empty is unset
    assert settings.max_pixels() == 4_000_000
    monkeypatch.setenv("SR_MAX_MEGAPIXELS", " 0.25 ")
    assert settings.max_pixels() == 250_000
    monkeypatch.setenv("SR_DEVICE", "")
    assert settings.device() is None


@pytest.mark.parametrize(
    "text", ["abc", "inf", "nan", "4,5", "-1", "0", "1e-9", "1e308", "4 MP", "0x4"]
)
def test_a_limit_that_is_none_is_a_sentence(monkeypatch, text):
    monkeypatch.setenv("SR_MAX_MEGAPIXELS", text)
    with pytest.raises(settings.SettingError, match=f"SR_MAX_MEGAPIXELS is “{text}”: set it to"):
        settings.max_pixels()


def test_what_the_command_line_says_goes_first(monkeypatch):
    monkeypatch.setenv("SR_DEVICE", "cuda")
    settings.choose("SR_DEVICE", None)
    assert settings.device() == "cuda"
    settings.choose("SR_DEVICE", "cpu")
    assert settings.device() == "cpu"


@pytest.mark.parametrize(
    ("arguments", "variables", "sentence"),
    [
        (["--device", "abacus"], {}, "There is no device “abacus” here. Choose one of: cpu"),
        ([], {"SR_DEVICE": "cpu:x"}, "There is no device “cpu:x” here"),
        ([], {"SR_PRECISION": "int8"}, "There is no precision “int8”"),
        ([], {"SR_MAX_MEGAPIXELS": "many"}, "SR_MAX_MEGAPIXELS is “many”"),
        ([], {"SR_WEIGHTS": "not a place"}, "“not a place” is not a place on the Hub"),
        ([], {"SR_WEIGHTS": "nonsense"}, "“nonsense” is not a place on the Hub, nor a folder here"),
        ([], {"SR_WEIGHTS": "../x"}, "“../x” is not a place on the Hub"),
        ([], {"BIRD_WEIGHTS": "x"}, "“x” is not a place on the Hub"),
        ([], {"SR_DEVICE": "tpu"}, "There is no device “tpu” here"),
        ([], {"SR_DEVICE": "cuda:99"}, "There is no device “cuda:99” here"),
        ([], {"SR_DEVICE": "cpu:7"}, "There is no device “cpu:7” here"),
        ([], {"SR_PRECISION": "half"}, "There is no precision “half”"),
    ],
)
def test_the_app_does_not_start_with_wrong_settings(
    monkeypatch, capsys, arguments, variables, sentence
):
    monkeypatch.setattr(app, "build", lambda: pytest.fail("the page was built"))
    monkeypatch.setattr(sys, "argv", ["app.py", *arguments])
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert app.main() == 2
    printed = capsys.readouterr().err
    assert printed.startswith(sentence) and printed.count("\n") == 1


@pytest.mark.parametrize("variable", ["SR_WEIGHTS", "BIRD_WEIGHTS"])
def test_the_app_does_not_start_with_a_folder_without_weights(
    monkeypatch, capsys, tmp_path, variable
):
    monkeypatch.setattr(sys, "argv", ["app.py"])
    monkeypatch.setenv(variable, str(tmp_path))
    assert app.main() == 2
    file = tmp_path / "model.safetensors"
    assert capsys.readouterr().err == f"{file}: there is no such file.\n"


def test_settings_that_are_right_or_on_a_hub_that_can_be_asked_later_are_none(
    monkeypatch, tmp_path
):
    for name in ("model.safetensors", "config.json"):
        (tmp_path / name).touch()
    for variables in (
        {"SR_WEIGHTS": "owner/name", "BIRD_WEIGHTS": "owner/name@v2"},
        {"SR_WEIGHTS": str(tmp_path), "BIRD_WEIGHTS": str(tmp_path)},
        {"SR_DEVICE": "cpu", "SR_PRECISION": "bfloat16", "SR_MAX_MEGAPIXELS": "0.5"},
        {"SR_DEVICE": "", "SR_PRECISION": " ", "SR_MAX_MEGAPIXELS": "", "SR_WEIGHTS": ""},
    ):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        app.check_settings()


def test_commands_say_what_is_wrong_with_a_limit(monkeypatch, capsys, tmp_path, macaw):
    """The limit holds for photos that are upscaled; a photo that is only named may be larger."""
    monkeypatch.setenv("SR_MAX_MEGAPIXELS", "many")
    assert upscaling.main([str(macaw), "--out", str(tmp_path)]) == 1
    assert "SR_MAX_MEGAPIXELS is “many”" in capsys.readouterr().err
    assert evaluation.main([str(macaw.parent), "--models", "bicubic"]) == 1
    assert "SR_MAX_MEGAPIXELS is “many”" in capsys.readouterr().err
    assert naming.main([str(macaw)]) == 0
