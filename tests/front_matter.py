"""python -m tests.front_matter: write the catalogs' repositories into the README's front matter.

`preload_from_hub` has a Space fetch the defaults' files when it is built.
"""

from __future__ import annotations

import re
from pathlib import Path

from classify import catalog as classifiers
from hub import HubFile
from sr import catalog as models

README = Path(__file__).parent.parent / "README.md"


def hub_files() -> list[HubFile]:
    """Every file on the Hub that an entry may fetch."""
    sources = [source for model in models.PUBLISHED for source in model.sources]
    sources += [entry.source for entry in classifiers.PUBLISHED]
    return [source for source in sources if isinstance(source, HubFile)]


def lines() -> str:
    """The two lists as YAML."""
    repositories = dict.fromkeys(file.repo for file in hub_files())
    defaults = [models.PUBLISHED[0].sources[0], classifiers.PUBLISHED[0].source]
    preload = [f"  - {file.repo} {file.file}" for file in defaults]
    names = [f"  - {name}" for name in repositories]
    return "\n".join(["models:", *names, "preload_from_hub:", *preload])


def updated(readme: str) -> str:
    """The README's text with the lists as the catalogs have them."""
    return re.sub(r"^models:.*?(?=^---$)", lines() + "\n", readme, count=1, flags=re.M | re.S)


if __name__ == "__main__":
    README.write_text(updated(README.read_text(encoding="utf-8")), encoding="utf-8")
