"""Who is measured: a stranger, or somebody whom earlier runs have met and who says how it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runtime.inference.pipeline import Prediction
from runtime.person.adaptation import Learner
from runtime.person.said import EXPECTED, Said
from runtime.sinks.events import Event, Label, Status, Step

if TYPE_CHECKING:
    from runtime.person.guide import Guide

QUESTION = "How aroused are you right now? 1 (calm) to 5 (tense)"


def _nowhere(measured: dict[str, Any]) -> None:
    """Keep what a guided session measured nowhere."""


@dataclass(kw_only=True)
class Person:
    """What a run knows of the person, and hears from them.

    Attributes
    ----------
    profile : str
        Whose profile is in use, as the user calls them; "" without one.
    profile_named : bool
        Whether what is kept or sent elsewhere, such as a recording, may say whose it is.
    learner : Learner or None
        Learns from labels; None where nothing is to be learnt.
    ask_every_s : float
        Seconds, in the samples' time, from one question to the next; infinite for none.
    guide : Guide or None
        The guided session; None without one.
    enrolled : callable
        Takes what a guided session measured, at its end.
    leaves : bool
        Whether the run ends with the guided session, as of a simulated person.
    """

    profile: str = ""
    profile_named: bool = False
    learner: Learner | None = None
    ask_every_s: float = math.inf
    guide: Guide | None = None
    enrolled: Callable[[dict[str, Any]], None] = _nowhere
    leaves: bool = False
    _ask_s: float | None = field(default=None, init=False)

    @property
    def gone(self) -> bool:
        """Whether the run ends by itself now."""
        return self.leaves and self.guide is not None and not self.guide.underway

    @staticmethod
    def arousal(step: Step) -> float | None:
        """Return the arousal, 0 to 1, that a step tells a person to be in; None for their own."""
        from runtime.person.guide import VALUES  # with the step, it is there already

        return VALUES.get(step.kind)

    def adapt(self, prediction: Prediction) -> Prediction:
        """Return the prediction with the person's own answer beside the stranger's."""
        if self.guide is not None:
            self.guide.take(prediction)
        return prediction if self.learner is None else self.learner.push(prediction)

    def hear(self, said: Said) -> Iterator[Event]:
        """Yield what follows from something that was said."""
        label, command = said.label, said.command
        if label is not None:
            yield from self._labelled(label)
        elif command is None:
            yield Status("hint", f"{said.words[:80]!r} is no label; expected: {EXPECTED}")
        elif self.guide is None:
            yield Status("hint", f"{command!r}: no guided session is under way")
        else:
            yield from self._guided(self.guide.obey(command, said.time_s))

    def pass_time(self, time_s: float) -> Iterator[Event]:
        """Yield what is due at a time (s) of the samples."""
        if self.gone:
            return
        if self.guide is not None:
            yield from self._guided(self.guide.pass_time(time_s))
        if self._ask_s is None or time_s < self._ask_s - self.ask_every_s:
            self._ask_s = time_s + self.ask_every_s
        if time_s >= self._ask_s:
            self._ask_s = time_s + self.ask_every_s
            if self.guide is None or self.guide.over:  # not into the midst of the arithmetic
                yield Status("question", QUESTION)

    def _guided(self, events: Iterator[Step | Label]) -> Iterator[Event]:
        for event in events:
            if isinstance(event, Label):
                yield from self._labelled(event, quietly=True)
                continue
            if self.guide is not None and event.kind == "recap" and self.guide.measured is not None:
                self.enrolled(self.guide.measured.to_dict())
            yield event

    def _labelled(self, label: Label, *, quietly: bool = False) -> Iterator[Event]:
        yield label
        remark = None if self.learner is None else self.learner.label(label)
        if remark is not None and not quietly:
            yield Status("hint", remark)
