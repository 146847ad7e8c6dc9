"""python -m tools.tables: write the tables of models in README.md and docs/models.md.

What the catalogs know is read from them, PSNR from the first table of docs/results.md, and the
rest stands here. A table is what lies between two comments that name it, such as <!-- models -->
and <!-- /models -->.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import torch

from classify import catalog as classifiers
from hub import HubFile, PackageFile
from hub.sources import Source
from sr.models import catalog
from sr.models.model import Model

ROOT = Path(__file__).parent.parent
FILES = ("README.md", "docs/models.md")
UNKNOWN = "-"
# Seconds for a megapixel of the result, on two cores with AVX2; other weights take no longer.
SECONDS = {
    "SRResNet": "1.94",
    "RRDBNet": "18.0",
    "SRVGG": "0.93",
    "SPAN": "0.41",
    "SRCNN": "0.98",
    "FSRCNN": "0.07",
}
# Classifier -> size of its file and number of parameters, which only the files themselves tell.
CLASSIFIERS = {
    "inat21": ("169 MB", "44.0 M"),
    "eu-common": ("42 MB", "10.9 M"),
    "imagenet-birds": ("24.7 MB", "6.1 M"),
    "inat21-large": ("860 MB", "214 M"),
}


def models_short() -> str:
    """The README's table of networks."""
    rows = []
    for entry in catalog.LIST:
        model = entry.model()
        place = where(model.sources).partition(",")[0]
        count = millions(parameters(model))
        rows.append((f"`{entry.name}`", entry.title, place, model.licence, count))
    return table(("model", "what it is", "source", "licence", "parameters"), rows)


def models_long() -> str:
    """The table of networks in docs/models.md."""
    scores, rows = measured(), []
    for entry in catalog.LIST:
        model = entry.model()
        count = parameters(model)
        rows.append(
            (
                f"`{entry.name}`",
                where(model.sources),
                model.licence,
                size(model.sources[0], count),
                millions(count),
                scores.get(entry.name, "not measured"),
                SECONDS.get(model.network.__name__, UNKNOWN),
            )
        )
    head = ("model", "source", "licence", "size", "parameters", "PSNR-Y Set5 / Set14", "s/MP")
    return table(head, rows)


def classifiers_table() -> str:
    """The table of classifiers in docs/models.md."""
    rows = []
    for entry in classifiers.PUBLISHED:
        facts = CLASSIFIERS.get(entry.name, (UNKNOWN, UNKNOWN))
        rows.append((f"`{entry.name}`", entry.title, where([entry.source]), entry.licence, *facts))
    return table(("classifier", "what it is", "source", "licence", "size", "parameters"), rows)


TABLES = {
    ("README.md", "models"): models_short,
    ("docs/models.md", "models"): models_long,
    ("docs/models.md", "classifiers"): classifiers_table,
}


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Rows of cells as a Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def parameters(model: Model) -> int:
    """How many parameters a network has."""
    with torch.device("meta"):
        return sum(p.numel() for p in model.build().parameters())


def millions(count: int) -> str:
    return f"{count / 1e6:.2f} M"


def where(sources: list[Source] | tuple[Source, ...]) -> str:
    """Where weights come from, in words."""
    names = [source.repo if isinstance(source, HubFile) else source.package for source in sources]
    if isinstance(sources[0], HubFile):
        return "Hub, " + " or ".join(dict.fromkeys(names))
    return "this repository" if names[0] == "sr" else f"package {names[0].replace('_', '-')}"


def size(source: Source, count: int) -> str:
    """The size of a weights file; where it isn't known, that of `count` float32 parameters."""
    if isinstance(source, PackageFile):
        folder = Path(next(iter(find_spec(source.package).submodule_search_locations)))
        return megabytes((folder / source.path).stat().st_size)
    return megabytes(source.size) if source.size else f"about {megabytes(4 * count)}"


def megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e6:.2f} MB"


def measured() -> dict[str, str]:
    """Model -> its PSNR on Set5 and Set14, as docs/results.md has them."""
    text = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    row = re.compile(r"^\| `([\w-]+)` \| ([\d.]+) dB[^|]*\|[^|]*\| ([\d.]+) dB", re.MULTILINE)
    return {name: f"{set5} / {set14} dB" for name, set5, set14 in row.findall(text)}


def updated(file: str, text: str) -> str:
    """The text of a file with its tables as they are made now."""
    for (place, name), make in TABLES.items():
        if place == file:
            between = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=\n<!-- /{name} -->)", re.DOTALL)
            text, found = between.subn(make().replace("\\", r"\\"), text)
            if found != 1:
                raise LookupError(f"{file} needs <!-- {name} --> and <!-- /{name} --> once.")
    return text


def main() -> None:
    for file in FILES:
        path = ROOT / file
        path.write_text(updated(file, path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
