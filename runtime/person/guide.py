"""The guided first session: rest, mental arithmetic, rest, and what was measured.

Two minutes each, as in the laboratory: slow breathing at six a minute is as restful as breathing
gets (Laborde et al. 2017, doi:10.3389/fpsyg.2017.00213), and counting down by sevens under the
clock is the arithmetic of the Trier Social Stress Test (Kirschbaum et al. 1993,
doi:10.1159/000119004). Nothing of it is kept before its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from runtime.inference.pipeline import Prediction
from runtime.person.measure import Measured, Phase, measure
from runtime.preprocessing.contract import Contract
from runtime.sinks.events import Label, Step

REST, ARITHMETIC, RECAP, OVER, STOPPED = "rest", "arithmetic", "recap", "over", "stopped"
# Arousal from 0 to 1 that a person is told to be in; the others are left alone.
VALUES = {REST: 0.0, ARITHMETIC: 1.0}
_BREATH_S = (4.0, 6.0)
_STARTS = (1022, 1103, 986, 1057)
_SEVEN, _EVERY_S = 7, 4.0
# How long the recap stands where nobody takes it away.
_RECAP_S = 120.0
_TEXTS = {
    REST: "Sit still and breathe as shown: in as it fills, out as it empties.",
    ARITHMETIC: "Count down by sevens, aloud if you can. The number shown is where you should be "
    "by now; catch up if you are behind.",
}


@dataclass(frozen=True)
class Plan:
    """The steps of a guided session: (kind, seconds) each."""

    steps: tuple[tuple[str, float], ...] = ((REST, 120.0), (ARITHMETIC, 120.0), (REST, 120.0))

    def arousal(self, time_s: float) -> float:
        """Return the arousal, 0 to 1, that a step stands for, some time (s) after the beginning."""
        left_s = time_s
        for kind, length_s in self.steps:
            if left_s < length_s:
                return VALUES[kind]
            left_s -= length_s
        return VALUES[REST]


class Guide:
    """Lead through the steps, in the time of the samples; called from one thread, the run's.

    Parameters
    ----------
    contract : Contract
        The model's.
    plan : Plan
        What to do.

    Attributes
    ----------
    measured : Measured or None
        What was measured; None before the end.
    over : bool
        Whether it has ended, the recap included.
    """

    def __init__(self, contract: Contract, plan: Plan | None = None) -> None:
        self._contract = contract
        self._plan = (plan or Plan()).steps
        self._attempt = 0
        self._forget()
        self.over = False

    def _forget(self) -> None:
        self._at: int | None = None
        self._began_s = self._seen_s = 0.0
        self._phases: list[Phase] = []
        self.measured: Measured | None = None

    @property
    def underway(self) -> bool:
        """Whether a step that measures has begun and not ended."""
        return not self.over and self.measured is None

    def pass_time(self, time_s: float) -> Iterator[Step | Label]:
        """Yield the steps that begin by a time (s) of the samples, and at the end the labels."""
        if self.over:
            return
        if self._at is None or time_s < self._seen_s:  # or another stream has begun
            self._forget()
            yield self._begin(0, time_s)
        self._seen_s = time_s
        while not self.over and time_s >= self._began_s + self._length_s:
            yield from self._next(self._began_s + self._length_s)

    def take(self, prediction: Prediction) -> None:
        """Measure a window that lies in the step that is under way."""
        window = prediction.window
        if not (self._phases and self.underway):
            return
        # A window begins on the grid, a step with a sample.
        early_s = self._began_s - self._contract.hop_s
        if window.start_s >= early_s and window.end_s <= self._began_s + self._length_s:
            self._phases[-1].windows.append(prediction)

    def obey(self, command: str, time_s: float) -> Iterator[Step | Label]:
        """Yield what follows from "skip", "restart" or "stop" at a time (s) of the samples.

        A command's time may lie after the newest sample's. At the recap, what was measured is kept
        already, and "stop" ends the recap as "skip" does.
        """
        if self.over and command != "restart":
            return
        if command == "stop" and self.underway:
            self.over = True
            yield self._step(STOPPED, time_s, 0.0, ("Stopped; nothing of it is kept.",))
        elif command == "restart":
            self._attempt += 1
            self.over = False
            self._forget()
            yield self._begin(0, time_s)
        elif self._at is not None:
            yield from self._next(time_s)

    @property
    def _length_s(self) -> float:
        assert self._at is not None
        return self._plan[self._at][1] if self._at < len(self._plan) else _RECAP_S

    def _next(self, time_s: float) -> Iterator[Step | Label]:
        assert self._at is not None
        if self._at < len(self._plan):
            self._phases[-1].end_s = time_s
        if self._at + 1 < len(self._plan):
            yield self._begin(self._at + 1, time_s)
        elif self.measured is None:
            self._at, self._began_s = len(self._plan), time_s
            self.measured = measure(self._phases, self._contract)
            yield from self.measured.labels
            yield self._step(RECAP, time_s, _RECAP_S, self.measured.lines)
        else:
            self.over = True
            yield self._step(OVER, time_s, 0.0)

    def _begin(self, at: int, time_s: float) -> Step:
        self._at, self._began_s = at, time_s
        kind, length_s = self._plan[at]
        self._phases.append(Phase(kind, VALUES[kind], time_s, time_s + length_s))
        return self._step(kind, time_s, length_s)

    def _step(self, kind: str, time_s: float, length_s: float, lines: tuple[str, ...] = ()) -> Step:
        at = self._at if self._at is not None else 0
        return Step(
            time_s=time_s,
            kind=kind,
            index=min(at, len(self._plan) - 1),
            count=len(self._plan),
            duration_s=length_s,
            text=_TEXTS.get(kind, ""),
            breath_s=_BREATH_S if kind == REST else None,
            numbers=(_STARTS[self._attempt % len(_STARTS)], _SEVEN, _EVERY_S)
            if kind == ARITHMETIC
            else None,
            lines=lines,
        )
