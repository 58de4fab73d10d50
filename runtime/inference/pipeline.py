"""Samples to predictions: preprocessing and classifier together."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from device.errors import ModelError
from device.samples import Samples
from runtime.inference.classifier import Classifier
from runtime.preprocessing.quality import assess
from runtime.preprocessing.windows import Preprocessor, Window

NO_LABEL = "none"


@dataclass(frozen=True)
class Estimate:
    """One target's answer.

    Attributes
    ----------
    label : str
        Name of the class, or "none" where the signal allows no answer.
    probability_high : float or None
        Probability of the second class, 0 to 1; None where the signal allows no answer.
    """

    label: str
    probability_high: float | None


@dataclass(frozen=True)
class Decision:
    """What is made of one target's answers over time; see `runtime.inference.decision`.

    Attributes
    ----------
    state : str
        Name of the class where the smoothed probability lies beyond the threshold by the
        hysteresis; "undecided" between these bounds; "withheld" without an answer, and while the
        baseline is measured.
    smoothed : float or None
        Smoothed probability of the second class, 0 to 1.
    change : float or None
        `smoothed` against the person's mean at rest, -1 to 1; None without a baseline.
    triggered : bool
        Whether the trigger level was reached with this window.
    """

    state: str
    smoothed: float | None
    change: float | None
    triggered: bool


@dataclass(frozen=True)
class Prediction:
    """The answer for one window.

    Attributes
    ----------
    window : Window
        What was judged, with its signal and what is wrong with it.
    estimates : mapping of str to Estimate
        By target: "arousal", "valence".
    compute_ms : float
        Time spent on this window: decomposition and network.
    latency_ms : float
        From the arrival of the newest sample to this answer.
    decisions : mapping of str to Decision
        By target; empty until `runtime.inference.decision.Decider` has seen the prediction.
    baseline_left_s : float
        Seconds of answers that the baseline still needs; 0 when it is known or not asked for.
    level_change_us : float or None
        Tonic level of the newest hop against the baseline, microsiemens.
    quality : float
        How far the window's signal can be believed, 0 to 1; see `runtime.preprocessing.quality`.
    """

    window: Window
    estimates: Mapping[str, Estimate]
    compute_ms: float
    latency_ms: float
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    baseline_left_s: float = 0.0
    level_change_us: float | None = None
    quality: float = 1.0

    @property
    def withheld(self) -> bool:
        """Whether the signal allowed no answer."""
        return all(item.probability_high is None for item in self.estimates.values())


class Pipeline:
    """Push samples, get predictions.

        pipeline = Pipeline(Classifier(Path("save/best.onnx")))
        for prediction in pipeline.push(samples):
            print(prediction.estimates["arousal"].label)

    Parameters
    ----------
    classifier : Classifier
        The model, which brings the contract.
    music : float32 (features,) or None
        Features of the song that is heard, for a model that was trained with music.

    Raises
    ------
    ModelError
        If the model is marked as not for live use, or music is missing or not asked for.
    """

    def __init__(self, classifier: Classifier, music: NDArray[np.float32] | None = None) -> None:
        self.classifier = classifier
        self.contract = classifier.contract
        if self.contract.not_live:
            raise ModelError(
                f"{classifier.name} is not for live use: {self.contract.not_live}. Train one that "
                "is: python -m training.run with --preset ours"
            )
        classifier.check_music(music is not None)
        self.music = music
        self.preprocessor = Preprocessor(classifier.contract)

    def reset(self) -> None:
        """Forget all samples."""
        self.preprocessor.reset()

    def push(self, samples: Samples, arrival_s: float | None = None) -> list[Prediction]:
        """Add samples and return the predictions that they complete, oldest first.

        Parameters
        ----------
        samples : Samples
            New samples, later than all before.
        arrival_s : float or None
            `time.monotonic()` when the newest of them arrived; None for now.
        """
        began_s = time.monotonic()
        arrived_s = began_s if arrival_s is None else arrival_s
        predictions = []
        for window in self.preprocessor.push(samples.time_s, samples.eda_us):
            quality = assess(window, self.contract)
            estimates = self._estimate(window, quality.sufficient)
            now_s = time.monotonic()
            predictions.append(
                Prediction(
                    replace(window, reasons=quality.reasons),
                    estimates,
                    1e3 * (now_s - began_s),
                    1e3 * (now_s - arrived_s),
                    quality=quality.score,
                )
            )
            began_s = now_s
        return predictions

    def _estimate(self, window: Window, sufficient: bool) -> dict[str, Estimate]:
        targets = self.contract.targets
        if window.input is None or not sufficient:
            return {target.name: Estimate(NO_LABEL, None) for target in targets}
        answer = self.classifier(window.input[None], self.music)
        estimates = {}
        for target in targets:
            high = float(answer[target.name][0, 1])
            if math.isfinite(high):
                label = target.classes[int(high >= target.threshold)]
                estimates[target.name] = Estimate(label, high)
            else:
                estimates[target.name] = Estimate(NO_LABEL, None)
        return estimates
