"""python -m tools.front_matter [OWNER/SPACE]: what the catalogs know, in the README's front matter.

`preload_from_hub` has a Space fetch the defaults' files when it is built. A Space's thumbnail has
to be a whole address, so it is written when the Space is named.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from classify import catalog as classifiers
from hub import HubFile
from sr.models import catalog as models

README = Path(__file__).parent.parent / "README.md"
THUMBNAIL = "https://huggingface.co/spaces/{space}/resolve/main/docs/images/thumbnail.jpg"
TAGS = [
    "super-resolution",
    "image-to-image",
    "srgan",
    "esrgan",
    "birds",
    "image-classification",
    "mcp-server",
]


def hub_files() -> list[HubFile]:
    """Every file on the Hub that an entry may fetch."""
    sources = [source for entry in models.LIST for source in entry.model().sources]
    sources += [entry.source for entry in classifiers.PUBLISHED]
    return [source for source in sources if isinstance(source, HubFile)]


def lines(thumbnail: str | None = None) -> str:
    """The lists, and the thumbnail if there is one, as YAML."""
    repositories = dict.fromkeys(file.repo for file in hub_files())
    defaults = [models.LIST[0].model().sources[0], classifiers.PUBLISHED[0].source]
    lists = {
        "tags": TAGS,
        "models": list(repositories),
        "preload_from_hub": [f"{file.repo} {file.file}" for file in defaults],
    }
    text = [f"thumbnail: {thumbnail}"] if thumbnail else []
    return "\n".join([*text, *(f"{name}: [{', '.join(items)}]" for name, items in lists.items())])


def updated(readme: str, space: str | None = None) -> str:
    """The README's text with the lists as the catalogs have them, its thumbnail kept or set."""
    kept = re.search(r"^thumbnail: (.*)$", readme, re.MULTILINE)
    thumbnail = THUMBNAIL.format(space=space) if space else kept and kept[1]
    generated = re.compile(r"^(thumbnail|tags|models):.*?(?=^---$)", re.MULTILINE | re.DOTALL)
    return generated.sub(lines(thumbnail) + "\n", readme, count=1)


if __name__ == "__main__":
    README.write_text(updated(README.read_text("utf-8"), *sys.argv[1:2]), encoding="utf-8")
