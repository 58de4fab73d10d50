"""The live view in a terminal: works over ssh at 80 x 24."""

from __future__ import annotations

import collections
import time

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from device.samples import FloatArray, Samples
from runtime.inference.pipeline import Decision, Estimate, Prediction
from runtime.sinks.events import Marker, Session, Status, Summary
from runtime.sinks.sink import Sink

_REFRESH_S = 0.25
_SHOWN_S = 60.0
_LEVEL_ROWS = 7
_PHASIC_ROWS = 3
_COURSE = 22
_BAR = 20
_BARS = " ▁▂▃▄▅▆▇█"
_LABEL = 11


class TerminalView(Sink):
    """A chart of the last minute, the estimates with their course, and how it is going.

    Parameters
    ----------
    console : rich Console
        Where to.
    """

    name = "view"

    def __init__(self, console: Console) -> None:
        self._console = console
        self._session: Session | None = None
        self._recent: collections.deque[Samples] = collections.deque()
        self._fill_s = 0.0
        self._prediction: Prediction | None = None
        self._course: dict[str, collections.deque[float | None]] = {}
        self._status: Status | None = None
        self._marker: Marker | None = None
        # Drawn by the thread that feeds it: a refresh thread would see half-made changes.
        self._live = Live(console=console, auto_refresh=False)
        self._drawn_s = 0.0

    def start(self, session: Session) -> None:
        """Begin to draw."""
        self._session = session
        self._course = {
            target.name: collections.deque(maxlen=_COURSE) for target in session.contract.targets
        }
        self._live.start()
        self._draw()

    def samples(self, samples: Samples, fill_s: float) -> None:
        """Add to the chart."""
        self._fill_s = fill_s
        self._recent.append(samples)
        newest_s = samples.time_s[-1]
        while self._recent and self._recent[0].time_s[-1] < newest_s - _SHOWN_S:
            self._recent.popleft()
        valued = not np.isnan(samples.eda_us).all()
        if self._status is not None and self._status.kind != "sink" and valued:
            self._status = None
        self._draw_if_due()

    def prediction(self, prediction: Prediction) -> None:
        """Show a new answer."""
        self._prediction = prediction
        for name, estimate in prediction.estimates.items():
            self._course[name].append(estimate.probability_high)
        if self._status is not None and self._status.kind == "sink":
            self._status = None  # what is still wrong with a sink stands in its own line

    def status(self, status: Status) -> None:
        """Show news of the sensor."""
        self._status = status
        self._draw()

    def marker(self, marker: Marker) -> None:
        """Show the last marker."""
        self._marker = marker

    def tick(self) -> None:
        """Draw though nothing happens: a sink may have news."""
        self._draw_if_due()

    def close(self, summary: Summary) -> None:
        """Draw a last time and stop."""
        self._draw()
        self._live.stop()

    def _draw_if_due(self) -> None:
        if time.monotonic() - self._drawn_s >= _REFRESH_S:
            self._draw()

    def _draw(self) -> None:
        self._drawn_s = time.monotonic()
        self._live.update(self._render(), refresh=True)

    def _render(self) -> RenderableType:
        if self._session is None:
            return Text("")
        width = min(self._console.width, 100)
        columns = max(width - 4 - _LABEL, 10)
        parts = [self._charts(columns), Text(""), self._estimates(), Text(""), self._footer(width)]
        sensor = self._session.sensor
        title = Text.assemble("RTCAN  ", sensor.port)
        return Panel(
            Group(*parts),
            title=title,
            title_align="left",
            subtitle=Text(sensor.name, style="dim"),
            subtitle_align="right",
            width=width,
            padding=(0, 1),
        )

    def _charts(self, columns: int) -> RenderableType:
        """Return EDA with its tonic part, and the phasic part below, one time axis for both."""
        if not self._recent:
            rows = _LEVEL_ROWS + _PHASIC_ROWS + 1
            above = rows // 2
            return Text(
                "\n" * above + "waiting for the first samples ..." + "\n" * (rows - above - 1)
            )
        time_s = np.concatenate([part.time_s for part in self._recent])
        eda_us = np.concatenate([part.eda_us for part in self._recent])
        end_s = max(float(time_s[-1]), _SHOWN_S)
        nothing = np.empty(0)
        parts_s, tonic_us, phasic_us = nothing, nothing, nothing
        window = self._prediction.window if self._prediction is not None else None
        if window is not None and window.tonic_us.size:
            rate_hz = self._session.contract.rate_hz if self._session is not None else 1.0
            parts_s = window.start_s + np.arange(window.tonic_us.size) / rate_hz
            tonic_us, phasic_us = window.tonic_us, window.phasic_us
        text = Text()
        level = [("cyan", time_s, eda_us), ("magenta", parts_s, tonic_us)]
        _chart(text, level, end_s, columns, _LEVEL_ROWS)
        _chart(text, [("yellow", parts_s, phasic_us)], end_s, columns, _PHASIC_ROWS)
        left, right = f"{end_s - _SHOWN_S:.0f} s", f"{end_s:.0f} s"
        text.append(" " * _LABEL + left, style="dim")
        legend = " EDA  tonic  phasic "
        space = columns - len(left) - len(right) - len(legend)
        text.append(" " * max(space // 2, 1))
        for name, style in (("EDA", "cyan"), ("tonic", "magenta"), ("phasic", "yellow")):
            text.append(f" {name} ", style=style)
        text.append(" " * max(space - space // 2, 1) + right, style="dim")
        return text

    def _estimates(self) -> RenderableType:
        assert self._session is not None
        prediction = self._prediction
        contract = self._session.contract
        if prediction is None:
            total_s = contract.context_s + contract.window_s
            return Text(f"window fills: {self._fill_s:.0f} of {total_s:.0f} s\n", style="yellow")
        table = Table.grid(padding=(0, 2))
        for target in contract.targets:
            name = target.name
            estimate, decision = prediction.estimates[name], prediction.decisions.get(name)
            word, style = _word(estimate, decision, prediction, target.classes[1])
            if estimate.probability_high is None:
                bar, value = Text("no answer", style="yellow"), ""
            else:
                bar = _bar(estimate.probability_high, _BAR)
                value = f"{estimate.probability_high:4.0%} {target.classes[1]}"
            if decision is not None and decision.change is not None:
                value += f" {decision.change * 100:+.0f}"
            course = Text(_sparkline(self._course[name]), style="dim", no_wrap=True)
            table.add_row(Text(name, style="bold"), Text(word, style=style), bar, value, course)
        return table

    def _footer(self, width: int) -> RenderableType:
        assert self._session is not None
        lines = Text(no_wrap=True, overflow="ellipsis")
        prediction = self._prediction
        troubled = [item for item in self._session.health() if item.trouble or item.missed]
        if self._status is not None and self._status.kind != "sink":
            lines.append(self._status.text + "\n", style="bold yellow")
        elif prediction is not None and prediction.window.reasons:
            reasons = "; ".join(prediction.window.reasons)
            lines.append(f"signal: {reasons}\n", style="yellow")
        else:
            lines.append("signal: good\n" if prediction else "\n", style="green")
        if prediction is not None:
            lines.append(
                f"quality {prediction.quality:.0%}, computed in {prediction.compute_ms:.1f} ms, "
                f"{prediction.latency_ms:.1f} ms after the newest sample\n",
                style="dim",
            )
        if troubled:
            said = "; ".join(
                f"{item.name}: {item.trouble or 'works again'}"
                + (f", {item.missed} missed" if item.missed else "")
                for item in troubled
            )
            lines.append(said + "\n", style="yellow")
        elif self._marker is not None:
            lines.append(
                f"marked at {self._marker.time_s:.0f} s: {self._marker.text}\n", style="dim"
            )
        lines.append(
            f"{self._session.model}, trained on {self._session.trained_on}\n"
            "Ctrl-C ends. Valence from skin conductance is close to a guess.",
            style="dim",
        )
        return lines


def _word(
    estimate: Estimate, decision: Decision | None, prediction: Prediction, high: str
) -> tuple[str, str]:
    """Return what is said of a target, and its style."""
    if estimate.probability_high is None:
        return estimate.label.upper(), "yellow"
    if prediction.baseline_left_s > 0:
        return f"REST {prediction.baseline_left_s:.0f} s", "yellow"
    state = estimate.label if decision is None else decision.state
    return state.upper(), "bold red" if state == high else "bold green"


def _chart(
    text: Text,
    lines: list[tuple[str, FloatArray, FloatArray]],
    end_s: float,
    columns: int,
    rows: int,
) -> None:
    """Append a chart of lines (style, time, values) that share one scale, the first on top."""
    values = np.concatenate([line[2] for line in lines])
    low, high = value_range(values)
    drawn = [
        braille_cells(time_s, line_us, end_s - _SHOWN_S, end_s, low, high, columns, rows)
        for _, time_s, line_us in lines
    ]
    for row in range(rows):
        label = f"{high:6.2f} µS" if row == 0 else f"{low:6.2f} µS" if row == rows - 1 else ""
        text.append(f"{label:<{_LABEL}}" if values.size else " " * _LABEL, style="dim")
        for column in range(columns):
            cells = [int(cell[row, column]) for cell in drawn]
            style = next((lines[i][0] for i, cell in enumerate(cells) if cell), "")
            whole = 0
            for cell in cells:
                whole |= cell
            text.append(chr(0x2800 + whole), style=style)
        text.append("\n")


def value_range(values: FloatArray) -> tuple[float, float]:
    """Return bottom and top of a chart; a resting signal should not look like a storm."""
    valid = values[~np.isnan(values)]
    if not valid.size:
        return 0.0, 0.0
    low, high = float(valid.min()), float(valid.max())
    if high - low < 0.1:
        middle = (low + high) / 2
        low, high = middle - 0.05, middle + 0.05
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
) -> np.ndarray[tuple[int, int], np.dtype[np.int_]]:
    """Return dots as braille codes (rows, columns), 2 x 4 dots each, top row first."""
    dots = np.zeros((rows * 4, columns * 2), dtype=bool)
    keep = ~np.isnan(values) & (time_s >= begin_s) & (time_s <= end_s)
    if keep.any() and high > low:
        x = ((time_s[keep] - begin_s) / (end_s - begin_s) * (columns * 2 - 1)).astype(int)
        y = ((values[keep] - low) / (high - low) * (rows * 4 - 1)).round().astype(int)
        for column in np.unique(x):
            here = y[x == column]
            dots[rows * 4 - 1 - here.max() : rows * 4 - here.min(), column] = True
    weights = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
    cells: np.ndarray[tuple[int, int], np.dtype[np.int_]] = (
        dots.reshape(rows, 4, columns, 2) * weights[None, :, None, :]
    ).sum(axis=(1, 3))
    return cells


def _bar(share: float, width: int) -> Text:
    full = round(share * width)
    bar = Text("━" * full, style="red" if share >= 0.5 else "green")
    bar.append("╌" * (width - full), style="bright_black")
    return bar


def _sparkline(course: collections.deque[float | None]) -> str:
    return "".join(" " if p is None else _BARS[1 + min(int(p * 8), 7)] for p in course)
