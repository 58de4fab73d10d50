"""Samples to predictions: preprocessing and classifier together."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from device import arguments
from device.errors import ArgumentError, ModelError, SignalWarning
from device.samples import SLOWEST_STEP_S, Samples
from device.timing.now import now_s
from runtime.inference.classifier import Classifier, ModelSource
from runtime.preprocessing.events.responses import Response
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
class Adapted:
    """One target's answer for this person, beside the stranger's; see `runtime.person.adaptation`.

    Attributes
    ----------
    probability_high : float or None
        Adapted probability of the second class, 0 to 1; None where the signal allows no answer.
    state, smoothed : str, float or None
        As of `Decision`, of the adapted probability.
    difference : float or None
        `smoothed` minus the stranger's, -1 to 1; None without either.
    labels : int
        How many labels taught it.
    since_utc_s : float
        When the first of them was given, Unix time.
    """

    probability_high: float | None
    state: str
    smoothed: float | None
    difference: float | None
    labels: int
    since_utc_s: float


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
    utc_s : float or None
        The window's end by the computer's wall clock, Unix time; None where it is not known.
    adapted : mapping of str to Adapted
        By target, the answer for this person, where labels taught one and it is asked for.
    scr_per_min : int or None
        Skin conductance responses in the newest minute that is known, which ends 10 to 15 s before
        the window; None where none is. See `runtime.preprocessing.events.response_stream`.
    responses : tuple of Response
        From `rtcan.live`: the responses that were reported since the prediction before.
    """

    window: Window
    estimates: Mapping[str, Estimate]
    compute_ms: float
    latency_ms: float
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    baseline_left_s: float = 0.0
    level_change_us: float | None = None
    quality: float = 1.0
    utc_s: float | None = None
    adapted: Mapping[str, Adapted] = field(default_factory=dict)
    scr_per_min: int | None = None
    responses: tuple[Response, ...] = ()

    @property
    def withheld(self) -> bool:
        """Whether the signal allowed no answer."""
        return all(item.probability_high is None for item in self.estimates.values())


class _Steps:
    """Notices times in another unit than seconds where samples come one by one."""

    _ENOUGH = 8

    def __init__(self) -> None:
        self._last_s: float | None = None
        self._wide = 0

    def push(self, samples: Samples) -> None:
        time_s = samples.time_s
        if not time_s.size or self._wide >= self._ENOUGH:
            return
        if self._last_s is not None:
            time_s = np.append(self._last_s, time_s)
        self._last_s = float(time_s[-1])
        wide = np.diff(time_s) > SLOWEST_STEP_S
        self._wide = self._wide + wide.size if wide.all() else 0
        if self._wide >= self._ENOUGH:
            warnings.warn(
                f"{self._wide} steps from sample to sample in a row were longer than "
                f"{SLOWEST_STEP_S:g} s, so that there will be no prediction: are the times in "
                "milliseconds?",
                SignalWarning,
                stacklevel=3,
            )


class Pipeline:
    """Push samples, get predictions.

    A copy goes on from where the stream stood, with the same model. It cannot be pickled; its
    `preprocessor` can.

        pipeline = Pipeline("save/best.onnx")
        for prediction in pipeline.push(samples):
            print(prediction.estimates["arousal"].label)

    Parameters
    ----------
    classifier : Classifier, str, Path or bytes
        The model, which brings the contract; its file will do.
    music : array-like (features,) or None
        Features of the song that is heard, for a model that was trained with music.

    Raises
    ------
    ArgumentError
        If `classifier` is none of these.
    SignalError
        If `music` cannot be used.
    ModelError
        If there is no such model, it is marked as not for live use, or music is missing or not
        asked for.
    """

    def __init__(
        self, classifier: Classifier | ModelSource, music: ArrayLike | None = None
    ) -> None:
        if not isinstance(classifier, Classifier):
            classifier = Classifier(classifier)
        self.classifier = classifier
        self.contract = classifier.contract
        if self.contract.not_live:
            raise ModelError(
                f"{classifier.name} is not for live use: {self.contract.not_live}. Train one that "
                "is: python -m training.run with --preset ours"
            )
        classifier.check_music(music is not None)
        self.music = None if music is None else arguments.series("music", music)
        self.preprocessor = Preprocessor(classifier.contract)
        self._steps = _Steps()

    def __copy__(self) -> Pipeline:
        """Copy the stream's state too, but not the model: two streams never share it."""
        return deepcopy(self)

    def reset(self) -> None:
        """Forget all samples."""
        self.preprocessor.reset()
        self._steps = _Steps()

    def push(self, samples: Samples, arrival_s: float | None = None) -> list[Prediction]:
        """Add samples and return the predictions that they complete, oldest first.

        Parameters
        ----------
        samples : Samples
            New samples, later than all before.
        arrival_s : float or None
            `device.timing.now.now_s()` when the newest of them arrived; None for now.

        Raises
        ------
        ArgumentError
            If `samples` are no Samples.
        SignalError
            If they are not later than all before.

        Warns
        -----
        SignalWarning
            Once, when samples come so far apart that their times must be in another unit.
        """
        if not isinstance(samples, Samples):
            raise ArgumentError(
                f"samples is {arguments.shown(samples)}; expected: Samples(time_s, eda_us), in "
                "seconds and microsiemens"
            )
        self._steps.push(samples)
        began_s = now_s()
        arrived_s = began_s if arrival_s is None else arrival_s
        predictions = []
        for window in self.preprocessor.push(samples.time_s, samples.eda_us):
            quality = assess(window, self.contract)
            estimates = self._estimate(window, quality.sufficient)
            done_s = now_s()
            predictions.append(
                Prediction(
                    replace(window, reasons=quality.reasons),
                    estimates,
                    1e3 * (done_s - began_s),
                    1e3 * (done_s - arrived_s),
                    quality=quality.score,
                )
            )
            began_s = done_s
        return predictions

    def _estimate(self, window: Window, sufficient: bool) -> dict[str, Estimate]:
        targets = self.contract.targets
        if window.input is None or not sufficient:
            return {target.name: Estimate(NO_LABEL, None) for target in targets}
        features = window.features if self.contract.features else None
        answer = self.classifier(
            window.input[None], self.music, None if features is None else features[None]
        )
        estimates = {}
        for target in targets:
            high = float(answer[target.name][0, 1])
            if math.isfinite(high):
                label = target.classes[int(high >= target.threshold)]
                estimates[target.name] = Estimate(label, high)
            else:
                estimates[target.name] = Estimate(NO_LABEL, None)
        return estimates
