"""What a person can say while it runs: labels and what a guided session obeys, as words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from runtime.sinks.events import Label

# The self-assessment manikin has five figures (Bradley and Lang 1994,
# doi:10.1016/0005-7916(94)90063-9): 1 is lowest, 5 highest.
LOWEST, HIGHEST = 1, 5
_WORDS = {"calm": ("arousal", 0.0), "tense": ("arousal", 1.0)}
_RATING = re.compile(r"(?:(arousal|valence)\s*[:=]?\s*)?([1-5])")
COMMANDS = ("skip", "restart", "stop")
EXPECTED = "calm, tense, 1 to 5 for arousal, or valence 1 to valence 5"


@dataclass(frozen=True)
class Said:
    """What was said, and when (s, in the samples' time).

    Attributes
    ----------
    time_s : float
        When.
    words : str
        "calm", "4", "valence 2", "skip" and so on; anything else means nothing.
    source : str
        Where: "terminal", "dashboard", "mqtt" and so on.
    """

    time_s: float
    words: str
    source: str

    @property
    def command(self) -> str | None:
        """What a guided session obeys, where it is that."""
        word = self.words.strip().lower()
        return word if word in COMMANDS else None

    @property
    def label(self) -> Label | None:
        """The label, where it is one."""
        text = " ".join(self.words.lower().split())
        if text in _WORDS:
            target, value = _WORDS[text]
            return Label(self.time_s, target, value, text, self.source)
        found = _RATING.fullmatch(text)
        if found is None:
            return None
        target, rating = found[1] or "arousal", int(found[2])
        value = (rating - LOWEST) / (HIGHEST - LOWEST)
        return Label(self.time_s, target, value, f"{target} {rating}", self.source)
