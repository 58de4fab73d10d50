"""A person's own answer beside the stranger's: labels meet the windows that they speak of.

The mathematics is `runtime.inference.adaptation`'s, one for each target. What is learnt is kept
whether or not the adapted answer is shown.
"""

from __future__ import annotations

import collections
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from device.errors import ProfileError, SignalError
from runtime.inference.adaptation import Adaptation, margin_of
from runtime.inference.classifier import Classifier
from runtime.inference.decision import Decider, DecisionSettings
from runtime.inference.pipeline import Adapted, Estimate, Prediction
from runtime.sinks.events import Label

# A label may come so long after its time: those of a guided session come at its end.
LATEST_LABEL_S = 1200.0
# The rounding of a probability in single precision: 1 - high is not less.
_LEAST = 2.0**-24
# From so many labels of one class on it is worth saying that the other one is missing.
_ONE_SIDED = 3


@dataclass(frozen=True)
class _Seen:
    """What is remembered of a window until a label may name it."""

    end_s: float
    utc_s: float
    margins: Mapping[str, float]
    features: tuple[float, ...]


class Learner:
    """Adapt answers to one person; called from one thread, the run's.

    Parameters
    ----------
    classifier : Classifier
        The model, with what is known beforehand of how people differ.
    settings : DecisionSettings or None
        How decisions are made of the adapted answer: as of the stranger's, without triggers.
    adapt : bool or None
        Whether the adapted answer is given; None for those targets where that was measured to help
        people whom the model never saw.

    Attributes
    ----------
    note : str or None
        What to know of an adapted answer that was asked for, where the model does not say how
        people differ.
    """

    def __init__(
        self,
        classifier: Classifier,
        settings: DecisionSettings | None = None,
        adapt: bool | None = None,
    ) -> None:
        contract = classifier.contract
        self.model_sha256 = classifier.sha256
        self.adaptations = {name: Adaptation(one) for name, one in classifier.priors.items()}
        self._on = {
            name
            for name, one in classifier.priors.items()
            if adapt or (adapt is None and one.by_default)
        }
        quiet = replace(settings or DecisionSettings(), trigger_level=None, baseline_s=0.0)
        self._decider = Decider(contract, quiet)
        unknown = [name for name in self._on if not classifier.priors[name].learnt]
        self.note = _note(classifier.name, sorted(unknown)) if unknown else None
        self._hop_s = contract.hop_s
        self._recent: collections.deque[_Seen] = collections.deque(
            maxlen=max(1, round(LATEST_LABEL_S / contract.hop_s))
        )
        self._utc_zero_s = time.time()

    def push(self, prediction: Prediction) -> Prediction:
        """Return the prediction with the adapted answer of every target that has one."""
        end_s, features = prediction.window.end_s, prediction.window.features
        answered = {
            name: one.probability_high
            for name, one in prediction.estimates.items()
            if one.probability_high is not None
        }
        self._recent.append(
            _Seen(
                end_s,
                self._utc_zero_s + end_s if prediction.utc_s is None else prediction.utc_s,
                {name: margin_of((max(1.0 - p, _LEAST), p)) for name, p in answered.items()},
                () if features is None else tuple(features.tolist()),
            )
        )
        used = [name for name in self.adaptations if name in self._on and self._labelled(name)]
        if not used:
            return prediction
        estimates = dict(prediction.estimates)
        for name in used:
            if name in answered:
                row = (max(1.0 - answered[name], _LEAST), answered[name])
                adapted = self.adaptations[name].probability(row, self._recent[-1].features)
                estimates[name] = Estimate(estimates[name].label, adapted)
        decided = self._decider.push(replace(prediction, estimates=estimates))
        found = {}
        for name in used:
            one, other = decided.decisions[name], prediction.decisions.get(name)
            difference = None
            if one.smoothed is not None and other is not None and other.smoothed is not None:
                difference = one.smoothed - other.smoothed
            labels = self.adaptations[name].labels
            found[name] = Adapted(
                decided.estimates[name].probability_high,
                one.state,
                one.smoothed,
                difference,
                len(labels),
                labels[0].time_s,
            )
        return replace(prediction, adapted=found)

    def label(self, label: Label) -> str | None:
        """Learn from a label; return what the person should know of it, or None.

        The window it speaks of is the one that ends nearest to its time.
        """
        adaptation = self.adaptations.get(label.target)
        if adaptation is None:
            return f"this model has no {label.target}: the label is kept, and teaches nothing"
        if label.value == 0.5:
            return None  # neither: nothing follows for two classes
        seen = min(self._recent, key=lambda one: abs(one.end_s - label.time_s), default=None)
        if seen is None or abs(seen.end_s - label.time_s) > 1.5 * self._hop_s:
            return "no window ends at the time of this label: it is kept, and teaches nothing"
        if label.target not in seen.margins:
            return "there was no answer at the time of this label: it is kept, and teaches nothing"
        high = label.value > 0.5
        if any(old.time_s == seen.utc_s and old.high == high for old in adaptation.labels):
            return None  # said already, of the same window
        near_s = adaptation.prior.block_s
        contradicted = [
            old for old in adaptation.labels
            if old.high != high and abs(old.time_s - seen.utc_s) < near_s
        ]  # fmt: skip
        adaptation.label(seen.utc_s, high, seen.margins[label.target], seen.features)
        if contradicted:
            ago_s = abs(contradicted[-1].time_s - seen.utc_s)
            return (
                f"this contradicts what was said of {label.target} {ago_s:.0f} s before; both are "
                "kept, and cancel each other"
            )
        sides = [old.high for old in adaptation.labels]
        if len(sides) >= _ONE_SIDED and len(set(sides)) == 1:
            said, other = ("high", "low") if high else ("low", "high")
            return (
                f"all {len(sides)} labels of {label.target} say {said}; a few that say {other} "
                "would teach more"
            )
        return None

    def to_dict(self) -> dict[str, Any]:
        """Return what was learnt, by target, for the person's profile."""
        return {
            name: one.to_dict() for name, one in self.adaptations.items() if self._labelled(name)
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from a state of `to_dict`.

        Raises
        ------
        ProfileError
            If it cannot be taken up; nothing is changed then.
        """
        try:
            fresh = {name: Adaptation(self.adaptations[name].prior) for name in state}
            for name, adaptation in fresh.items():
                adaptation.load(state[name])
        except (SignalError, KeyError, TypeError) as error:
            raise ProfileError(
                f"What labels taught cannot be taken up: {error!s}. To go on without: rtcan "
                "profile reset NAME --labels"
            ) from error
        self.adaptations |= fresh

    def _labelled(self, name: str) -> bool:
        return bool(self.adaptations[name].labels)


def _note(model: str, targets: list[str]) -> str:
    return (
        f"{model} does not say how people differ in {' and '.join(targets)}, so labels move the "
        "answer by little: a bias. Train and export it again, with people held out, to have it "
        "learnt."
    )
