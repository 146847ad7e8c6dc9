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


def grid(kept: Kept | None, across: float, down: float, side: int, words: Words) -> str:
    """The crops around a point, given in percent, as figures."""
    if kept is None:
        return f"<p>{words['compare_gone']}</p>"
    width, height = kept.size
    where = square(width, height, across / 100 * width, down / 100 * height, int(side))
    rows = {row.method: row for row in kept.rows if not row.unavailable}
    marks = _marks(kept.rows, words)
    figures = [
        _figure(kept, ORIGINAL, where, words["compare_original"], "", words),
        _figure(kept, SHRUNK, where, words["compare_shrunk"], "", words),
        *(
            _figure(kept, name, where, kept.titles[name], f"{_numbers(row)}{marks[name]}", words)
            for name, row in rows.items()
        ),
    ]
    return f'<style>{_frame(kept, where)}</style><div class="crops">{"".join(figures)}</div>'


def _figure(kept: Kept, name: str, where: Square, title: str, below: str, words: Words) -> str:
    shrunk = SCALE if name == SHRUNK else 1
    file = png(np.array(cut(kept.picture(name), where, shrunk)))
    alt = words["compare_alt"].format(name=title, side=where.side)
    return (
        f'<figure data-method="{escape(name)}">'
        f'<img src="data:image/png;base64,{base64.b64encode(file).decode()}" alt="{escape(alt)}">'
        f"<figcaption><strong>{escape(title)}</strong>{below}</figcaption></figure>"
    )


def _numbers(row: Row) -> str:
    return f"<span>{decibels(row.psnr_y)}&nbsp;dB · SSIM&nbsp;{row.ssim_y:.4f}</span>"


def decibels(value: float) -> str:
    return "∞" if math.isinf(value) else f"{value:.2f}"


def _marks(rows: list[Row], words: Words) -> dict[str, str]:
    """What distinguishes a method, by name."""
    marks = dict.fromkeys((row.method for row in rows), "")
    for row, key in zip(extremes(rows) or (), ("sharpest", "highest"), strict=False):
        marks[row.method] += f"<em>{words[f'compare_{key}']}</em>"
    return marks


def _frame(kept: Kept, where: Square) -> str:
    """Rules that draw a frame over the photo, where the crops are from."""
    width, height = kept.size
    return (
        f"#compare-picture .image-frame {{ width: min(100%, {kept.shown[0]}px, "
        f"{70 * width / height:.1f}vh); }}\n"  # not higher than most of the window
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
    )
    heads = (words["compare_method"], "PSNR (dB)", "SSIM", words["compare_contrast"])
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "".join(_table_row(row, kept.titles[row.method], words) for row in kept.rows)
    return (
        f'<div class="scores"><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{sentence(kept, words)}"
    )


def _table_row(row: Row, title: str, words: Words) -> str:
    name = f'<th scope="row">{escape(title)} <code>{escape(row.method)}</code></th>'
    if row.unavailable:
        why = f"{words['compare_unavailable']}: {row.unavailable}"
        cells = f'<td class="unavailable" colspan="3">{escape(why)}</td>'
    else:
        numbers = (decibels(row.psnr_y), f"{row.ssim_y:.4f}", f"{row.contrast:.0%}")
        cells = "".join(f"<td>{number}</td>" for number in numbers)
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
