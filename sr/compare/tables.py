"""Rows of figures, which are dataclasses of one kind, as CSV, JSON and Markdown."""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any


def csv_text(rows: Sequence[Any]) -> str:
    """CSV with a heading; numbers in full, None is empty."""
    text = io.StringIO()
    names = [field.name for field in fields(rows[0])]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    return text.getvalue()


def plain(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """For JSON, which has no infinity: it becomes None, as the PSNR of an equal picture does."""
    return [
        {k: None if isinstance(v, float) and math.isinf(v) else v for k, v in asdict(row).items()}
        for row in rows
    ]


def write_json(path: Path, facts: Any) -> None:
    """Write facts, indented."""
    path.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def markdown(formats: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table that also reads well as text: words to the left, numbers to the right.

    formats: heading -> how `format` writes the column's values, "" for words; None becomes "-".
    """
    forms = list(formats.values())
    lines = [list(formats), ["---:" if form else "---" for form in forms]]
    for row in rows:
        cells = zip(row, forms, strict=True)
        lines.append(["-" if value is None else format(value, form) for value, form in cells])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    aligned = [f"{'>' if form else '<'}{n}" for form, n in zip(forms, widths, strict=True)]
    return "\n".join(f"| {' | '.join(map(format, line, aligned))} |" for line in lines)
