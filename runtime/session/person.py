"""Who is measured: a stranger, or somebody whom earlier runs have met and who says how it is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from runtime.inference.pipeline import Prediction
from runtime.session.adaptation import Learner
from runtime.session.said import EXPECTED, Said
from runtime.sinks.events import Label, Status

Event = Label | Status
QUESTION = "How aroused are you right now? 1 (calm) to 5 (tense)"


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
    """

    profile: str = ""
    profile_named: bool = False
    learner: Learner | None = None
    ask_every_s: float = math.inf
    _ask_s: float | None = field(default=None, init=False)

    def adapt(self, prediction: Prediction) -> Prediction:
        """Return the prediction with the person's own answer beside the stranger's."""
        return prediction if self.learner is None else self.learner.push(prediction)

    def hear(self, said: Said) -> Iterator[Event]:
        """Yield what follows from something that was said."""
        label = said.label
        if label is not None:
            yield label
            remark = None if self.learner is None else self.learner.label(label)
            if remark is not None:
                yield Status("hint", remark)
        elif said.command is not None:
            yield Status("hint", f"{said.command!r}: no guided session is under way")
        else:
            yield Status("hint", f"{said.words[:80]!r} is no label; expected: {EXPECTED}")

    def pass_time(self, time_s: float) -> Iterator[Event]:
        """Yield what is due at a time (s) of the samples."""
        if self._ask_s is None or time_s < self._ask_s - self.ask_every_s:
            self._ask_s = time_s + self.ask_every_s
        if time_s >= self._ask_s:
            self._ask_s = time_s + self.ask_every_s
            yield Status("question", QUESTION)
