"""From probabilities to decisions that hold still: smoothing, bounds, triggers, a baseline.

All times are the samples' own, so that a recording that is replayed decides the same again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace

from device.arguments import number, shown
from device.errors import ArgumentError
from runtime.inference.classifier import Classifier
from runtime.inference.pipeline import Decision, Pipeline, Prediction
from runtime.preprocessing.contract import Contract, Target

# States beside the names of a target's classes.
UNDECIDED, WITHHELD = "undecided", "withheld"


@dataclass(frozen=True, kw_only=True)
class DecisionSettings:
    """What a user may choose.

    Attributes
    ----------
    smoothing_s : float
        Time constant of the exponential smoothing of probabilities, seconds; 0 for none.
    threshold : float or None
        Smoothed probability that divides low from high, in (0, 1); None for the contract's.
    hysteresis : float
        How far the smoothed probability must lie from the threshold to be called low or high.
    trigger_level : float or None
        Smoothed probability that sets off a trigger; None for no triggers.
    refractory_s : float
        Seconds after a trigger in which there is no other.
    baseline_s : float
        Seconds of answers that measure the person at rest before anything is decided; 0 for none.
    """

    smoothing_s: float = 5.0
    threshold: float | None = None
    hysteresis: float = 0.05
    trigger_level: float | None = None
    refractory_s: float = 30.0
    baseline_s: float = 0.0

    def __post_init__(self) -> None:
        for name in ("smoothing_s", "refractory_s", "baseline_s"):
            number(name, getattr(self, name), 0)
        number("hysteresis", self.hysteresis, 0, 0.5)
        for name in ("threshold", "trigger_level"):
            if getattr(self, name) is not None:
                number(name, getattr(self, name), 0, 1, open_ends=True)

    def bounds(self, target: Target) -> tuple[float, float]:
        """Return the smoothed probabilities below which the state is low, from which on high.

        Between them it is undecided. Beside a threshold near 0 or 1 the band is narrower than
        asked, so that both states can be reached.
        """
        threshold = target.threshold if self.threshold is None else self.threshold
        margin = min(self.hysteresis, threshold / 2, (1 - threshold) / 2)
        return threshold - margin, threshold + margin


def expires_s(contract: Contract) -> float:
    """Return after how many seconds without another an estimate says nothing any more.

    As long as a window: then the next shares no sample with it. Smoothing and triggers begin anew
    after such a silence.
    """
    return max(contract.window_s, 2 * contract.hop_s)


class Decider:
    """Add decisions to predictions.

    Parameters
    ----------
    contract : Contract, or Pipeline or Classifier
        The model's, or what has one.
    settings : DecisionSettings or None
        The user's; None for the usual ones.

    Raises
    ------
    ArgumentError
        If an argument is none of these, or triggers are asked for though every target of the model
        is a guess. Where only some are, those never trigger.
    """

    def __init__(
        self,
        contract: Contract | Pipeline | Classifier,
        settings: DecisionSettings | None = None,
    ) -> None:
        if isinstance(contract, (Pipeline, Classifier)):
            contract = contract.contract
        if not isinstance(contract, Contract):
            raise ArgumentError(
                f"contract is {shown(contract)}; expected: a Contract, Pipeline or Classifier"
            )
        if not isinstance(settings, (DecisionSettings, type(None))):
            raise ArgumentError(f"settings is {shown(settings)}; expected: DecisionSettings")
        self.settings = settings or DecisionSettings()
        if self.settings.trigger_level is not None and all(t.guess for t in contract.targets):
            named = " and ".join(target.name for target in contract.targets)
            raise ArgumentError(
                f"trigger_level is {self.settings.trigger_level:g}, but this model's answer about "
                f"{named} is a guess, and no trigger may hang on it. Leave trigger_level out, or "
                "take a model with a target that is no guess."
            )
        self._contract = contract
        self._targets = {
            target.name: _TargetDecider(target, self.settings, expires_s(contract))
            for target in contract.targets
        }
        self._rest = _Rest(self.settings.baseline_s, contract.hop_s)

    def __copy__(self) -> Decider:
        """Copy what it remembers too: two streams never share it."""
        return deepcopy(self)

    def push(self, prediction: Prediction) -> Prediction:
        """Return the prediction with its decisions.

        While the baseline is measured every state is "withheld", and nothing is triggered. The same
        holds where the signal allows no answer or the answer is no number; smoothing goes on when
        there is one again.
        """
        if not isinstance(prediction, Prediction):
            raise ArgumentError(
                f"prediction is {shown(prediction)}; expected: one that Pipeline.push returned"
            )
        window = prediction.window
        level_us = None
        if window.tonic_us.size:
            level_us = _number(float(window.tonic_us[-self._contract.hop_samples :].mean()))
        answered = {
            name: probability
            for name, estimate in prediction.estimates.items()
            if (probability := _number(estimate.probability_high)) is not None
        }
        resting = self._rest.push(answered, level_us)
        decisions = {
            name: decider.push(
                answered.get(name),
                window.end_s,
                self._rest.mean(name),
                resting=resting,
            )
            for name, decider in self._targets.items()
        }
        rest_us = self._rest.mean(_LEVEL)
        change_us = None if rest_us is None or level_us is None else level_us - rest_us
        return replace(
            prediction,
            decisions=decisions,
            baseline_left_s=self._rest.left_s,
            level_change_us=change_us,
        )


class _TargetDecider:
    """One target's smoothing, state and trigger."""

    def __init__(self, target: Target, settings: DecisionSettings, expires_s: float) -> None:
        self._target = target
        self._settings = settings
        self._bounds = settings.bounds(target)
        self._expires_s = expires_s
        self._triggered_s = -math.inf
        self._begin()

    def _begin(self) -> None:
        self._smoothed: float | None = None
        self._seen_s = -math.inf
        self._armed = True

    def push(
        self, probability: float | None, time_s: float, rest: float | None, *, resting: bool
    ) -> Decision:
        if time_s < self._seen_s:  # another stream, whose times say nothing about those before
            self._triggered_s = -math.inf
            self._begin()
        if time_s - self._seen_s >= self._expires_s:
            self._begin()
        if probability is None:
            return Decision(WITHHELD, None, None, triggered=False)
        smoothed = self._smooth(probability, time_s)
        change = None if rest is None or resting else smoothed - rest
        if resting:
            return Decision(WITHHELD, smoothed, None, triggered=False)
        triggered = self._trigger(smoothed, time_s)
        return Decision(self._state(smoothed), smoothed, change, triggered=triggered)

    def _smooth(self, probability: float, time_s: float) -> float:
        tau_s = self._settings.smoothing_s
        if self._smoothed is None or tau_s == 0:
            self._smoothed = probability
        else:
            # By the time that passed: windows may be missing in between.
            weight = -math.expm1(-(time_s - self._seen_s) / tau_s)
            self._smoothed += weight * (probability - self._smoothed)
        self._seen_s = time_s
        return self._smoothed

    def _state(self, smoothed: float) -> str:
        low, high = self._bounds
        if smoothed >= high:
            return self._target.classes[1]
        return self._target.classes[0] if smoothed < low else UNDECIDED

    def _trigger(self, smoothed: float, time_s: float) -> bool:
        level = self._settings.trigger_level
        if level is None or self._target.guess:
            return False
        if smoothed < level - self._settings.hysteresis:
            self._armed = True
        rested = time_s - self._triggered_s >= self._settings.refractory_s
        if not (self._armed and smoothed >= level and rested):
            return False
        self._armed = False
        self._triggered_s = time_s
        return True


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


_LEVEL = "level"


class _Rest:
    """Means over the first seconds of answers."""

    def __init__(self, wanted_s: float, hop_s: float) -> None:
        self._wanted = math.ceil(wanted_s / hop_s - 1e-9)
        self._hop_s = hop_s
        self._count = 0
        self._sums: dict[str, float] = {}

    @property
    def left_s(self) -> float:
        return (self._wanted - self._count) * self._hop_s

    def push(self, answered: Mapping[str, float], level_us: float | None) -> bool:
        """Add a window's answers while they are needed; return whether this one was."""
        if self._count >= self._wanted:
            return False
        if answered and level_us is not None:
            self._count += 1
            for name, value in {**answered, _LEVEL: level_us}.items():
                self._sums[name] = self._sums.get(name, 0.0) + value
        return True

    def mean(self, name: str) -> float | None:
        """Return a mean, once all of the baseline is there."""
        if self._wanted == 0 or self._count < self._wanted:
            return None
        return self._sums[name] / self._count
