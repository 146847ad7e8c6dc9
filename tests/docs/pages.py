"""The README and the pages of docs/, and the code in them."""

import re

from tests.conftest import ROOT

PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
}
README, API, TRAINING = PAGES["README.md"], PAGES["docs/api.md"], PAGES["docs/training.md"]


def blocks(page: str, language: str) -> list[str]:
    """The code of a language on a page, a text for each block."""
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def block(page: str, language: str) -> str:
    """The only one."""
    (found,) = blocks(page, language)
    return found


def printed(page: str, language: str) -> list[tuple[str, str]]:
    """Blocks, each with what it is said to print."""
    return re.findall(rf"```{language}\n([^`]*)```\n```text\n(.*?)```", page, re.DOTALL)


def without_seconds(text: str) -> str:
    """What is printed, but for how long it took and where."""
    return re.sub(r"\d+\.\d s on \w+", "N s on DEVICE", text)
