"""What the Compare tab shows of a comparison: the crops and the table, as HTML."""

import base64
import math
from html import escape

import numpy as np

from sr.compare.comparison import Row, extremes
from sr.compare.crops import Square, cut, square
from sr.image import png
from sr.settings import SCALE
from ui.shelf import ORIGINAL, SHRUNK, Kept
from ui.words import Words
from ui.words.translate import bird, translated

MOST = 40  # percent of the window's height that the photo to click on may take


def grid(kept: Kept | None, across: float, down: float, side: int, words: Words) -> str:
    """The crops around a point, given in percent, as figures."""
    if kept is None:
        return f"<p>{words['compare_gone']}</p>"
    width, height = kept.size
    where = square(width, height, across / 100 * width, down / 100 * height, int(side))
    marks = _marks(kept.rows, words)
    figures = [
        _figure(kept, ORIGINAL, where, words["compare_original"], _seen(kept, words), words),
        _figure(kept, SHRUNK, where, words["compare_shrunk"], [harm(kept, words)], words),
    ]
    for row in kept.rows:
        if not row.unavailable:
            lines = [_numbers(row), *marks[row.method], named(row, words)]
            figures.append(_figure(kept, row.method, where, kept.titles[row.method], lines, words))
    return f'<style>{_frame(kept, where)}</style><div class="crops">{"".join(figures)}</div>'


def _figure(
    kept: Kept, name: str, where: Square, title: str, lines: list[str], words: Words
) -> str:
    shrunk = SCALE if name == SHRUNK else 1
    file = png(np.array(cut(kept.picture(name), where, shrunk)))
    alt = words["compare_alt"].format(name=title, side=where.side)
    below = "".join(f"<span>{escape(line)}</span>" for line in lines if line)
    return (
        f'<figure data-method="{escape(name)}">'
        f'<img src="data:image/png;base64,{base64.b64encode(file).decode()}" alt="{escape(alt)}">'
        f"<figcaption><strong>{escape(title)}</strong>{below}</figcaption></figure>"
    )


def harm(kept: Kept, words: Words) -> str:
    """How the photo became small."""
    return words[f"compare_{kept.degradation}"]


def named(row: Row, words: Words) -> str:
    """What a restored picture is named, and whether that is the original's name."""
    if row.agrees is None:
        return ""
    if row.named is None:
        return words["compare_lost"]
    key = "compare_agrees" if row.agrees else "compare_differs"
    return words[key].format(name=bird(row.named, words))


def _seen(kept: Kept, words: Words) -> list[str]:
    """What the original is named, which the others' names are held against."""
    original = kept.rows[0].original
    if original is None:
        return [words["compare_no_bird"]]
    return [words["compare_named"].format(name=bird(original, words))]


def _numbers(row: Row) -> str:
    return f"{decibels(row.psnr_y)}\xa0dB · SSIM\xa0{row.ssim_y:.4f}"


def decibels(value: float) -> str:
    return "∞" if math.isinf(value) else f"{value:.2f}"


def _marks(rows: list[Row], words: Words) -> dict[str, list[str]]:
    """What distinguishes a method, by name."""
    marks = {row.method: [] for row in rows}
    for row, key in zip(extremes(rows) or (), ("sharpest", "highest"), strict=False):
        marks[row.method].append(words[f"compare_{key}"])
    return marks


def _frame(kept: Kept, where: Square) -> str:
    """Rules that draw a frame over the photo, where the crops are from."""
    width, height = kept.size
    return (
        "#compare-picture .image-frame { "
        f"width: min(100%, {kept.shown[0]}px, {MOST * width / height:.1f}vh); }}\n"
        "#compare-picture .image-frame::after { "
        f"left: {where.left / width:.3%}; top: {where.top / height:.3%}; "
        f"width: {where.side / width:.3%}; height: {where.side / height:.3%}; }}"
    )


def table(kept: Kept, words: Words) -> str:
    """The scores, and in one sentence which is sharpest and which scores highest."""
    width, height = kept.size
    caption = words["compare_caption"].format(
        name=kept.name,
        width=width,
        height=height,
        low_width=width // SCALE,
        low_height=height // SCALE,
        harm=harm(kept, words),
    )
    original = kept.rows[0].original
    heads = (words["compare_method"], "PSNR (dB)", "SSIM", words["compare_contrast"])
    if original:
        heads += (words["compare_as_original"].format(name=bird(original, words)),)
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "".join(_table_row(row, kept, len(heads) - 1, words) for row in kept.rows)
    none = "" if original else f"<p>{words['compare_no_bird']}</p>"
    return (
        f'<div class="scores" tabindex="0" role="region" aria-label="{words["compare_table"]}">'
        f"<table><caption>{escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        f"{none}{sentence(kept, words)}"
    )


def _table_row(row: Row, kept: Kept, columns: int, words: Words) -> str:
    title = escape(kept.titles[row.method])
    name = f'<th scope="row">{title} <code>{escape(row.method)}</code></th>'
    if row.unavailable:
        why = f"{words['compare_unavailable']}: {translated(row.unavailable, words)}"
        cells = f'<td class="unavailable" colspan="{columns}">{escape(why)}</td>'
    else:
        texts = [decibels(row.psnr_y), f"{row.ssim_y:.4f}", f"{row.contrast:.0%}"]
        texts += [named(row, words)] if row.original else []
        cells = "".join(f"<td>{escape(text)}</td>" for text in texts)
    return f'<tr data-method="{escape(row.method)}">{name}{cells}</tr>'


def sentence(kept: Kept, words: Words) -> str:
    """Which method is sharpest and which scores highest; empty with fewer than two."""
    found = extremes(kept.rows)
    if found is None:
        return ""
    sharpest, highest = found
    text = words["compare_sentence"].format(
        sharpest=kept.titles[sharpest.method],
        contrast=f"{sharpest.contrast:.0%}",
        highest=kept.titles[highest.method],
        psnr=decibels(highest.psnr_y),
    )
    return f'<p class="found">{escape(text)}</p>'
