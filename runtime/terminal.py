"""The live view in a terminal."""

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
from runtime.pipeline import Prediction
from runtime.reader import Status
from runtime.sinks.sink import Session, Sink, Summary

_REFRESH_S = 0.25
_SHOWN_S = 60.0
_CHART_ROWS = 8
_COURSE = 24
_BARS = " ▁▂▃▄▅▆▇█"


class TerminalView(Sink):
    """A chart of the last minute, the two estimates with their course, and how it is going.

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
        if self._status is not None and self._status.kind != "overrun":
            self._status = None
        if time.monotonic() - self._drawn_s >= _REFRESH_S:
            self._draw()

    def prediction(self, prediction: Prediction) -> None:
        """Show a new answer."""
        self._prediction = prediction
        for name, estimate in prediction.estimates.items():
            self._course[name].append(estimate.probability_high)

    def status(self, status: Status) -> None:
        """Show news of the sensor."""
        self._status = status
        self._draw()

    def close(self, summary: Summary) -> None:
        """Draw a last time and stop."""
        self._draw()
        self._live.stop()

    def _draw(self) -> None:
        self._drawn_s = time.monotonic()
        self._live.update(self._render(), refresh=True)

    def _render(self) -> RenderableType:
        if self._session is None:
            return Text("")
        width = min(self._console.width, 100)
        parts = [self._chart(width - 14), Text(""), self._estimates(), Text(""), self._footer()]
        title = f"RTCAN  {self._session.sensor.port}"
        return Panel(Group(*parts), title=title, title_align="left", width=width, padding=(0, 1))

    def _chart(self, columns: int) -> RenderableType:
        if not self._recent:
            waiting = Text("\n" * (_CHART_ROWS // 2) + "waiting for the first samples ...")
            waiting.append("\n" * (_CHART_ROWS - _CHART_ROWS // 2))
            return waiting
        time_s = np.concatenate([part.time_s for part in self._recent])
        eda_us = np.concatenate([part.eda_us for part in self._recent])
        lines, low, high = braille_chart(time_s, eda_us, _SHOWN_S, columns, _CHART_ROWS)
        text = Text()
        for row, line in enumerate(lines):
            label = f"{high:6.2f} µS " if row == 0 else " " * 10
            if row == _CHART_ROWS - 1:
                label = f"{low:6.2f} µS "
            text.append(label, style="dim")
            text.append(line + "\n", style="cyan")
        end_s = max(float(time_s[-1]), _SHOWN_S)
        left, right = f"{end_s - _SHOWN_S:.0f} s", f"{end_s:.0f} s"
        text.append(" " * 10 + left + right.rjust(columns - len(left)), style="dim")
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
            estimate = prediction.estimates[target.name]
            if estimate.probability_high is None:
                bar = Text("no answer", style="yellow")
                value = ""
            else:
                bar = _bar(estimate.probability_high, 24)
                value = f"{estimate.probability_high:4.0%} {target.classes[1]}"
            high = estimate.label == target.classes[1]
            style = "bold red" if high else "bold green"
            table.add_row(
                Text(target.name, style="bold"),
                Text(estimate.label.upper(), style=style if not prediction.withheld else "yellow"),
                bar,
                value,
                Text(_sparkline(self._course[target.name]), style="dim"),
            )
        return table

    def _footer(self) -> RenderableType:
        assert self._session is not None
        lines = Text()
        prediction = self._prediction
        if self._status is not None:
            lines.append(self._status.text + "\n", style="bold yellow")
        elif prediction is not None and prediction.window.reasons:
            lines.append("signal: " + "; ".join(prediction.window.reasons) + "\n", style="yellow")
        else:
            lines.append("signal: good\n" if prediction else "\n", style="green")
        if prediction is not None:
            lines.append(
                f"computed in {prediction.compute_ms:.1f} ms, "
                f"{prediction.latency_ms:.1f} ms after the newest sample\n",
                style="dim",
            )
        lines.append(
            f"{self._session.model}, trained on {self._session.contract.trained_on}\n"
            "Ctrl-C ends. Valence from skin conductance is close to a guess.",
            style="dim",
        )
        return lines


def braille_chart(
    time_s: FloatArray, values: FloatArray, span_s: float, columns: int, rows: int
) -> tuple[list[str], float, float]:
    """Draw the last `span_s` seconds as braille characters, 2 x 4 dots each.

    Returns the lines, top first, and the values at the bottom and at the top.
    """
    valid = ~np.isnan(values)
    if not valid.any():
        return [" " * columns] * rows, 0.0, 0.0
    low, high = float(values[valid].min()), float(values[valid].max())
    if high - low < 0.1:  # a resting signal should not look like a storm
        middle = (low + high) / 2
        low, high = middle - 0.05, middle + 0.05
    end_s = max(float(time_s[-1]), span_s)
    dots = np.zeros((rows * 4, columns * 2), dtype=bool)
    x = ((time_s - (end_s - span_s)) / span_s * (columns * 2 - 1)).astype(int)
    keep = valid & (x >= 0)
    x, y = x[keep], ((values[keep] - low) / (high - low) * (rows * 4 - 1)).round().astype(int)
    for column in np.unique(x):
        here = y[x == column]
        dots[rows * 4 - 1 - here.max() : rows * 4 - here.min(), column] = True
    weights = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
    cells = (dots.reshape(rows, 4, columns, 2) * weights[None, :, None, :]).sum(axis=(1, 3))
    return ["".join(chr(0x2800 + int(cell)) for cell in row) for row in cells], low, high


def _bar(share: float, width: int) -> Text:
    full = round(share * width)
    bar = Text("━" * full, style="red" if share >= 0.5 else "green")
    bar.append("╌" * (width - full), style="bright_black")
    return bar


def _sparkline(course: collections.deque[float | None]) -> str:
    return "".join(" " if p is None else _BARS[1 + min(int(p * 8), 7)] for p in course)


def summary_text(summary: Summary) -> str:
    """Say in a few lines what a run gave."""
    counters = summary.counters
    lines = [
        f"{counters.samples} samples in {summary.seconds:.1f} s; {counters.missing} without a "
        f"value, {counters.lost} damaged on the wire, {summary.overrun} dropped, "
        f"{counters.reconnections} reconnections",
        f"{summary.windows} windows, {summary.withheld} of them without an answer",
    ]
    if summary.latency_ms and summary.compute_ms:
        lines.append(
            f"latency p50 {summary.latency_ms[0]:.1f} ms, p99 {summary.latency_ms[1]:.1f} ms; "
            f"computing p50 {summary.compute_ms[0]:.1f} ms, p99 {summary.compute_ms[1]:.1f} ms"
        )
    for sink in summary.sinks:
        if sink.missed or sink.trouble:
            lines.append(f"{sink.name}: {sink.missed} events missed; {sink.trouble or 'works now'}")
    return "\n".join(lines)
