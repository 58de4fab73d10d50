"""Charts of text: lines of braille dots, bars, and small courses of blocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from device.samples import FloatArray

_BLOCKS = " ▁▂▃▄▅▆▇█"
# A resting signal should not look like a storm, microsiemens.
_LEAST_US = 0.1
LABEL = 10

# Style, times and values of one line.
Line = tuple[str, FloatArray, FloatArray]


def chart(
    lines: Sequence[Line], begin_s: float, end_s: float, columns: int, rows: int
) -> list[Text]:
    """Return a chart of lines that share one scale, the first on top, as rows of text.

    Parameters
    ----------
    lines : sequence of (style, float64[n] seconds, float64[n] microsiemens)
        What to draw; NaN is left out.
    begin_s, end_s : float
        Its time axis.
    columns, rows : int
        Its size in characters, without the labels of the scale (`LABEL` characters) before it.
    """
    low, high = value_range(np.concatenate([line[2] for line in lines]))
    drawn = [
        braille_cells(time_s, values, begin_s, end_s, low, high, columns, rows)
        for _, time_s, values in lines
    ]
    whole = np.bitwise_or.reduce(drawn)
    # The first line that has a dot in a character gives it its colour.
    first = np.argmax([cells > 0 for cells in drawn], axis=0)
    texts = []
    for row in range(rows):
        scale = {0: high, rows - 1: low}.get(row)
        label = f"{scale:5.2f} µS" if scale is not None and high > low else ""
        text = Text(f"{label:<{LABEL}}", no_wrap=True)
        text.stylize("dim")
        for style, run in groupby(range(columns), lambda k, row=row: int(first[row, k])):  # type: ignore[misc]
            text.append("".join(chr(0x2800 + int(whole[row, k])) for k in run), lines[style][0])
        texts.append(text)
    return texts


def value_range(values: FloatArray) -> tuple[float, float]:
    """Return bottom and top of a chart's scale; (0, 0) of nothing."""
    valid = values[~np.isnan(values)]
    if not valid.size:
        return 0.0, 0.0
    low, high = float(valid.min()), float(valid.max())
    if high - low < _LEAST_US:
        middle = (low + high) / 2
        low, high = middle - _LEAST_US / 2, middle + _LEAST_US / 2
    return low, high


def braille_cells(
    time_s: FloatArray,
    values: FloatArray,
    begin_s: float,
    end_s: float,
    low: float,
    high: float,
    columns: int,
    rows: int,
) -> NDArray[np.int_]:
    """Return dots as braille codes (rows, columns), 2 x 4 dots each, top row first."""
    dots = np.zeros((rows * 4, columns * 2), dtype=bool)
    keep = ~np.isnan(values) & (time_s >= begin_s) & (time_s <= end_s)
    if keep.any() and high > low:
        x = ((time_s[keep] - begin_s) / (end_s - begin_s) * (columns * 2 - 1)).astype(int)
        y = ((values[keep] - low) / (high - low) * (rows * 4 - 1)).round().astype(int)
        for column in set(x.tolist()):
            here = y[x == column]
            dots[rows * 4 - 1 - here.max() : rows * 4 - here.min(), column] = True
    weights = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
    cells: NDArray[np.int_] = (dots.reshape(rows, 4, columns, 2) * weights[None, :, None, :]).sum(
        axis=(1, 3)
    )
    return cells


def bar(share: float | None, width: int, style: str) -> Text:
    """Return a share, 0 to 1, as a bar; None as an empty one."""
    full = round((share or 0.0) * width)
    text = Text("━" * full, style=style)
    text.append("╌" * (width - full), style="bright_black")
    return text


def course(shares: Iterable[float | None]) -> str:
    """Return shares, 0 to 1, as blocks of that height; None as a gap."""
    return "".join(" " if p is None else _BLOCKS[1 + min(int(p * 8), 7)] for p in shares)
