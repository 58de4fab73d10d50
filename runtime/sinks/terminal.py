"""The live view in a terminal: works over ssh, on a screen of any size."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import numpy as np
from rich.console import Console, Group
from rich.live import Live

from device.samples import Samples
from runtime.inference.decision import expires_s
from runtime.inference.pipeline import Prediction
from runtime.preprocessing.events.responses import Response
from runtime.sinks.events import Label, Marker, Session, Status, Step, Summary
from runtime.sinks.keys import Keys, Typed
from runtime.sinks.minute import SHOWN_S
from runtime.sinks.screen import Shot
from runtime.sinks.sink import Sink

_REFRESH_S = 0.25


# News that stays true for as long as the sensor is used.
LASTING = frozenset({"rate", "resolution"})


class TerminalView(Sink):
    """A chart of the last minute, the answers with their course, and how it is going.

    It has the terminal's alternate screen while it runs, so that nothing of an earlier frame stays
    when the window changes its size; at the end the last frame is printed to the usual one.

    Parameters
    ----------
    console : rich Console
        Where to.
    elsewhere : sequence of str
        What the user must read of other outputs, such as an address: the view hides what was
        printed before it.
    """

    name = "view"

    def __init__(self, console: Console, elsewhere: Sequence[str] = ()) -> None:
        self._console = console
        self._elsewhere = tuple(elsewhere)
        self._shot: Shot | None = None
        # Drawn by the thread that feeds it: a refresh thread would see half-made changes.
        self._live = Live(
            console=console, auto_refresh=False, screen=console.is_terminal, transient=True
        )
        self._drawn_s = 0.0
        self._answered_s = 0.0
        self._keys: Keys | None = None

    def start(self, session: Session) -> None:
        """Begin to draw."""
        self._shot = Shot(session, self._elsewhere)
        if self._console.is_terminal and sys.stdin is not None and sys.stdin.isatty():
            typed = Typed(lambda words: session.say(words, "terminal"), session.mark)
            self._keys = Keys(typed.press)
            self._keys.start()
            self._shot.keys = True
        self._live.start()
        self._draw()

    def samples(self, samples: Samples, fill_s: float) -> None:
        """Add to the chart."""
        shot = self._told
        shot.fill_s = fill_s
        shot.recent.append(samples)
        newest_s = samples.time_s[-1]
        while shot.recent and shot.recent[0].time_s[-1] < newest_s - SHOWN_S:
            shot.recent.popleft()
        valued = not np.isnan(samples.eda_us).all()
        if shot.status is not None and shot.status.kind != "sink" and valued:
            shot.status = None
        self._draw_if_due()

    def prediction(self, prediction: Prediction) -> None:
        """Show a new answer."""
        shot = self._told
        shot.take(prediction)
        self._answered_s = time.monotonic()
        if shot.status is not None and shot.status.kind == "sink":
            shot.status = None  # what is still wrong with a sink stands in its own line

    def status(self, status: Status) -> None:
        """Show news of the sensor, and what the person is asked and told."""
        if status.kind in ("question", "hint"):
            self._told.ask(status)
        elif status.kind in LASTING:
            self._told.lasting[status.kind] = status
        else:
            self._told.status = status
        self._draw()

    def marker(self, marker: Marker) -> None:
        """Show the last marker."""
        self._told.marker = marker

    def tick(self) -> None:
        """Draw though nothing happens: a sink may have news."""
        self._draw_if_due()

    def label(self, label: Label) -> None:
        """Show the last label."""
        self._told.say(label)
        self._draw()

    def scr(self, response: Response) -> None:
        """Mark a response."""
        self._told.responses.append(response)

    def step(self, step: Step) -> None:
        """Show a step of a guided session."""
        self._told.step = step
        self._draw()

    def close(self, summary: Summary) -> None:
        """Leave the last frame behind."""
        if self._keys is not None:
            self._keys.stop()
        self._live.stop()
        if self._shot is not None:
            self._console.print(self._frame(self._console.height - 6))

    @property
    def _told(self) -> Shot:
        assert self._shot is not None
        return self._shot

    def _draw_if_due(self) -> None:
        if time.monotonic() - self._drawn_s >= _REFRESH_S:
            self._draw()

    def _draw(self) -> None:
        self._drawn_s = time.monotonic()
        self._live.update(self._frame(self._console.height), refresh=True)

    def _frame(self, height: int) -> Group:
        shot = self._told
        if shot.prediction is not None:
            session = shot.session
            silent_s = time.monotonic() - self._answered_s
            expired = silent_s * (session.sensor.speed or 1.0) >= expires_s(session.contract)
            shot.silent_s = silent_s if expired else None
        return Group(*shot.lines(self._console.width, max(height, 1)))
