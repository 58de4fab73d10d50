"""What a guided session measured, and whether that is enough."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from device.samples import FloatArray
from runtime.inference.pipeline import Prediction
from runtime.preprocessing.contract import Contract
from runtime.sinks.events import Label

# Of a step's windows so many must have an answer, and of all pairs of a window at rest and one of
# arithmetic the model must take so many for what they are. 0.5 is chance.
_LEAST_ANSWERED, _LEAST_APART = 0.6, 0.75
# A rise of the phasic part by so much is a response, microsiemens (Boucsein 2012).
_RESPONSE_US = 0.05


@dataclass
class Phase:
    """One step and its windows.

    Attributes
    ----------
    kind : str
        "rest" or "arithmetic".
    value : float
        Arousal that it stands for: 0 or 1.
    begin_s, end_s : float
        In the samples' time.
    windows : list of Prediction
        Those that lie in it.
    """

    kind: str
    value: float
    begin_s: float
    end_s: float
    windows: list[Prediction] = field(default_factory=list)


@dataclass(frozen=True)
class Measured:
    """The result.

    Attributes
    ----------
    steps : tuple of dict
        By step: kind, seconds, share of good signal, level, responses a minute, arousal.
    apart : float or None
        Share of pairs of a window at rest and one of arithmetic in which the model's arousal is
        higher in arithmetic, 0 to 1; None where one of them has no answer.
    lacking : tuple of str
        Why it is not enough; empty where it is.
    labels : tuple of Label
        One for every whole window of every step that has an answer.
    """

    steps: tuple[dict[str, Any], ...]
    apart: float | None
    lacking: tuple[str, ...]
    labels: tuple[Label, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """It in words."""
        lines = [_line(step) for step in self.steps]
        if self.apart is not None:
            lines.append(
                f"Rest and arithmetic lie apart in {100 * self.apart:.0f} % of comparisons "
                "(50 % would be chance)."
            )
        if self.lacking:
            lines += [f"Not enough: {'; '.join(self.lacking)}.", "Start again, or leave it."]
        else:
            lines.append("That is enough.")
        return tuple(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return it for the person's profile."""
        return {
            "steps": list(self.steps),
            "apart": self.apart,
            "enough": not self.lacking,
            "lacking": list(self.lacking),
            "labels": len(self.labels),
        }


def measure(phases: list[Phase], contract: Contract) -> Measured:
    """Return what was measured in some steps.

    Parameters
    ----------
    phases : list of Phase
        In their order.
    contract : Contract
        The model's.
    """
    steps = tuple(_step(phase, contract) for phase in phases)
    rest, task = ([p for phase in phases if phase.value == v for p in _answers(phase)]
                  for v in (0.0, 1.0))  # fmt: skip
    apart = None
    if rest and task:
        difference = np.subtract.outer(np.array(task), np.array(rest))
        apart = float((difference > 0).mean() + 0.5 * (difference == 0).mean())
    return Measured(steps, apart, tuple(_lacking(steps, apart)), tuple(_labels(phases, contract)))


def _lacking(steps: tuple[dict[str, Any], ...], apart: float | None) -> list[str]:
    found = []
    for kind in ("rest", "arithmetic"):
        of_kind = [step for step in steps if step["kind"] == kind]
        if not any(step["windows"] for step in of_kind):
            found.append(f"no whole window of {kind} was measured")
        elif not any(step["answered"] >= _LEAST_ANSWERED * step["windows"] > 0 for step in of_kind):
            found.append(f"too little of the signal at {kind} was good enough for an answer")
    if not found and apart is not None and apart < _LEAST_APART:
        found.append("the model hardly tells your rest from your arithmetic")
    return found


def _answers(phase: Phase) -> list[float]:
    found = (window.estimates.get("arousal") for window in phase.windows)
    return [
        one.probability_high
        for one in found
        if one is not None and one.probability_high is not None
    ]


def _step(phase: Phase, contract: Contract) -> dict[str, Any]:
    windows, answers = phase.windows, _answers(phase)
    parts = [window.window for window in windows if window.window.phasic_us.size > 2]
    rates = [60.0 * responses(w.phasic_us) * contract.rate_hz / w.phasic_us.size for w in parts]
    signals = [window.window.eda_us for window in windows]
    levels = [eda_us for eda_us in signals if eda_us.size and np.isfinite(eda_us).all()]
    return {
        "kind": phase.kind,
        "seconds": round(phase.end_s - phase.begin_s, 1),
        "windows": len(windows),
        "answered": sum(not window.withheld for window in windows),
        "quality": _mean([window.quality for window in windows]),
        "level_us": _mean([float(eda.mean()) for eda in levels]),
        "responses_per_min": _mean(rates),
        "arousal": _mean(answers),
    }


def _labels(phases: list[Phase], contract: Contract) -> list[Label]:
    """Return one label for every stretch of a window's length that a window of the phase fills."""
    found = []
    for phase in phases:
        answered = [w.window.end_s for w in phase.windows if not w.withheld]
        next_s = phase.begin_s + contract.window_s - contract.hop_s
        for end_s in answered:
            if end_s >= next_s:
                found.append(Label(end_s, "arousal", phase.value, phase.kind, "enrolment"))
                next_s = end_s + contract.window_s
    return found


def responses(phasic_us: FloatArray) -> int:
    """Return how often the phasic part rises by 0.05 microsiemens and falls by as much, or ends.

    Parameters
    ----------
    phasic_us : float64 (n,)
        Microsiemens.
    """
    count, rising = 0, True
    turn_us = phasic_us[0]  # lowest since the last fall while looking for a rise, else highest
    for value in phasic_us.tolist():
        if rising:
            turn_us = min(turn_us, value)
            if value - turn_us >= _RESPONSE_US:
                count, rising, turn_us = count + 1, False, value
        else:
            turn_us = max(turn_us, value)
            if turn_us - value >= _RESPONSE_US:
                rising, turn_us = True, value
    return count


def _mean(values: list[float]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None


def _line(step: dict[str, Any]) -> str:
    if not step["windows"]:
        return f"{step['kind'].capitalize()}: skipped before a window was whole."
    parts = [f"signal quality {100 * step['quality']:.0f} %"]
    if step["level_us"] is not None:
        parts.append(f"level {step['level_us']:.1f} µS")
    if step["responses_per_min"] is not None:
        parts.append(f"{step['responses_per_min']:.0f} responses a minute")
    if step["arousal"] is not None:
        parts.append(f"arousal {100 * step['arousal']:.0f} %")
    else:
        parts.append("no answer yet: learning what is usual for you")
    return f"{step['kind'].capitalize()}: {', '.join(parts)}."
