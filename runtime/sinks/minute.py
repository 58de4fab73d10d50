"""The charts of the terminal view: skin conductance of the last minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.text import Text

from runtime.sinks.charts import LABEL, Line, chart
from runtime.sinks.words import clock

if TYPE_CHECKING:
    from runtime.sinks.screen import Shot

SHOWN_S = 60.0
_EDA, _TONIC, _PHASIC = "cyan", "magenta", "yellow"
_MARK = "▾"


def last_minute(shot: Shot, width: int, rows: int) -> list[Text]:
    """Return EDA with its tonic part, and the phasic part below, one time axis for both.

    A mark above the phasic part stands at the peak of each response.
    """
    columns = max(width - LABEL, 8)
    if not shot.recent:
        lines = [Text() for _ in range(rows)]
        lines[rows // 2] = Text("waiting for the first samples …".center(width), style="dim")
        return lines
    time_s = np.concatenate([part.time_s for part in shot.recent])
    eda_us = np.concatenate([part.eda_us for part in shot.recent])
    end_s = max(float(time_s[-1]), SHOWN_S)
    begin_s = end_s - SHOWN_S
    parts_s = tonic_us = phasic_us = np.empty(0)
    window = shot.prediction.window if shot.prediction is not None else None
    if window is not None and window.tonic_us.size:
        tonic_us, phasic_us = window.tonic_us, window.phasic_us
        parts_s = window.start_s + np.arange(tonic_us.size) / shot.session.contract.rate_hz
    level: list[Line] = [(_EDA, time_s, eda_us), (_TONIC, parts_s, tonic_us)]
    phasic: list[Line] = [(_PHASIC, parts_s, phasic_us)]
    below = round(0.3 * (rows - 1)) if rows >= 7 else 0
    marked = bool(below) and rows >= 9
    drawn = chart(level, begin_s, end_s, columns, rows - 1 - below - marked)
    if marked:
        drawn.append(_marks(shot, begin_s, columns))
    if below:
        drawn += chart(phasic, begin_s, end_s, columns, below)
    names = [("EDA", _EDA), ("tonic", _TONIC), ("phasic", _PHASIC)][: 3 if below else 2]
    left, right = clock(begin_s), clock(end_s)
    legend = Text("  ").join([Text(name, style=style) for name, style in names])
    space = max(columns - len(left) - len(right) - len(legend), 2)
    axis = Text.assemble(
        (" " * LABEL + left, "dim"), " " * (space // 2), legend, " " * (space - space // 2),
        (right, "dim"),
    )  # fmt: skip
    return [*drawn, axis]


def _marks(shot: Shot, begin_s: float, columns: int) -> Text:
    """Return a line with a mark at the peak of every response of the last minute."""
    line = [" "] * columns
    for response in shot.responses:
        place = int((response.peak_s - begin_s) / SHOWN_S * columns)
        if 0 <= place < columns:
            line[place] = _MARK
    return Text.assemble((f"{'SCR':<{LABEL}}", "dim"), ("".join(line), _PHASIC))
