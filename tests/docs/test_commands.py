"""Every `python -m` command in the README and docs/ is one that its program takes."""

import argparse
import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.docs.pages import PAGES

# In blocks of shell and between backquotes; torchrun's -m too.
COMMAND = re.compile(r"(?:python|torchrun[^`\n]*?) (-m [\w.]+|app\.py)\b([^`\n]*)")
OTHERS = {"pytest"}  # programs that aren't this project's


class Parsed(BaseException):
    """A program has read its arguments; it goes no further."""


def commands() -> list[tuple[str, str]]:
    """(what is run, its arguments), each once."""
    found = [pair for page in PAGES.values() for pair in COMMAND.findall(page)]
    return list(dict.fromkeys((what, " ".join(_words(rest))) for what, rest in found))


def _words(text: str) -> list[str]:
    return shlex.split(text.replace("'", ""), comments=True)


def source(what: str) -> Path:
    """The file that is run."""
    if what == "app.py":
        return ROOT / what
    path = ROOT / what.removeprefix("-m ").replace(".", "/")
    return path / "__main__.py" if path.is_dir() else path.with_suffix(".py")


def test_there_are_commands_of_every_program():
    programs = {what.removeprefix("-m ") for what, _ in commands()}
    mains = {p.parent for p in ROOT.glob("[!.t]*/**/__main__.py")}
    assert {".".join(p.relative_to(ROOT).parts) for p in mains} | {"sr.bench"} <= programs


@pytest.mark.parametrize(("what", "arguments"), commands())
def test_the_program_takes_the_arguments(what, arguments, monkeypatch):
    if what.removeprefix("-m ") in OTHERS:
        return
    file = source(what)
    assert file.is_file()
    if "ArgumentParser" not in file.read_text(encoding="utf-8"):
        return  # one of tools/, which has no options
    parse = argparse.ArgumentParser.parse_args

    def parse_and_stop(self, *given):
        parse(self, *given)
        raise Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_and_stop)
    monkeypatch.setattr(sys, "argv", [str(file), *(shlex.split(arguments) or ["--help"])])
    monkeypatch.delitem(sys.modules, f"{what.removeprefix('-m ')}.__main__", raising=False)
    with pytest.raises((Parsed, SystemExit)) as ended:
        if what == "app.py":
            runpy.run_path(str(file), run_name="__main__")
        else:
            runpy.run_module(what.removeprefix("-m "), run_name="__main__", alter_sys=True)
    assert ended.type is Parsed or ended.value.code == 0
