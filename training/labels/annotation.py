"""Annotation re-creation: from ratings to the classes low and high.

People use a rating scale differently. Yin et al. 2022 (arXiv 2008.09743) therefore draw the line
between low and high for every subject: 2-means on the subject's (valence, arousal) ratings, and the
midpoint of the two centres is the threshold of both.

The lines are drawn with all ratings of a subject: they define what is to be predicted, and nothing
that predicts sees them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from device.errors import DatasetError
from device.samples import FloatArray
from training.datasets.recordings import TARGETS, Dataset, Recording

UNKNOWN = -1
_SONGS = "all songs"


@dataclass(frozen=True)
class Line:
    """Where one subject's ratings are divided.

    Attributes
    ----------
    thresholds : mapping of str to float
        By target; a rating above is high.
    degenerate : str
        Why the rule could not be applied, so that the middle of the scale was taken; "" if it was.
    centres : float64 (2, 2) or None
        (valence, arousal) of the two clusters' centres.
    cluster : int64 (trials,) or None
        Which of the two each trial belongs to.
    points : float64 (trials, 2)
        (valence, arousal) of the trials that have both.
    """

    thresholds: Mapping[str, float]
    degenerate: str = ""
    centres: FloatArray | None = None
    cluster: NDArray[np.int64] | None = None
    points: FloatArray = field(default_factory=lambda: np.empty((0, 2)))


@dataclass(frozen=True)
class Annotation:
    """Classes of a data set.

    Attributes
    ----------
    rule : str
        In words; travels in the contract.
    classes : mapping of str to int64 (recordings,)
        By target: 1 high, 0 low, -1 where the recording is not for this target.
    lines : mapping of str to Line
        By subject; empty where the classes were given.
    degenerate : Counter
        Subjects whose line is the middle of the scale instead, by reason.
    """

    rule: str
    classes: Mapping[str, NDArray[np.int64]]
    lines: Mapping[str, Line]
    degenerate: Counter[str]

    def of(self, recordings: NDArray[np.int64]) -> Annotation:
        """Return the classes of some recordings; the lines stay those of all ratings."""
        return replace(self, classes={t: own[recordings] for t, own in self.classes.items()})


def annotate(dataset: Dataset, rule: str) -> Annotation:
    """Give every recording its classes.

    Parameters
    ----------
    dataset : Dataset
        Recordings with ratings or classes; classes that its authors decided are taken as they are.
    rule : str
        "midpoint" (the paper's), "median" (of the subject's ratings) or "fixed:5".

    Raises
    ------
    DatasetError
        If the rule is not known or the recordings carry neither ratings nor classes.
    """
    check_rule(rule)
    recordings = dataset.recordings
    if any(recording.classes for recording in recordings):
        return Annotation(
            dataset.class_rule,
            {target: _given(recordings, target) for target in TARGETS},
            {},
            Counter(),
        )
    if rule.startswith("fixed:"):
        low, high = dataset.rating_range
        if not low <= float(rule[6:]) < high:
            raise DatasetError(
                f"--labels {rule}: {dataset.name}'s ratings go from {low:g} to {high:g}, so this "
                "makes one class only"
            )
    owners = [_SONGS if dataset.song_level else recording.subject for recording in recordings]
    middle = sum(dataset.rating_range) / 2
    lines: dict[str, Line] = {}
    for owner in sorted(set(owners)):
        own = _ratings_once([r for r, o in zip(recordings, owners, strict=True) if o == owner])
        lines[owner] = _line(own, rule, middle)
    classes = {
        target: np.array(
            [
                int(r.ratings[target] > lines[owner].thresholds[target])
                if target in r.targets and target in r.ratings
                else UNKNOWN
                for r, owner in zip(recordings, owners, strict=True)
            ],
            dtype=np.int64,
        )
        for target in TARGETS
    }
    degenerate = Counter(line.degenerate for line in lines.values() if line.degenerate)
    return Annotation(describe(rule, dataset.song_level), classes, lines, degenerate)


def check_rule(rule: str) -> None:
    """Raise `DatasetError` for a rule that is not known."""
    if rule not in ("midpoint", "median") and not re.fullmatch(r"fixed:\d+(\.\d+)?", rule):
        raise DatasetError(
            f"--labels {rule!r} is not known; expected: midpoint, median, or fixed:5 (any number)"
        )


def describe(rule: str, song_level: bool = False) -> str:
    """Return the rule in words."""
    whose = "all songs'" if song_level else "each subject's"
    if rule == "midpoint":
        return f"a rating above the midpoint of {whose} two cluster centres is high"
    if rule == "median":
        return f"a rating above the median of {whose} ratings is high"
    return f"a rating above {float(rule.partition(':')[2]):g} is high"


def pairs(recordings: list[Recording]) -> FloatArray:
    """Return (valence, arousal) of recordings that have both, float64 (n, 2)."""
    both = [r.ratings for r in recordings if all(target in r.ratings for target in TARGETS)]
    return np.array([[r["valence"], r["arousal"]] for r in both]).reshape(-1, 2)


def _ratings_once(own: list[Recording]) -> list[Recording]:
    """Return a recording for each rating: a song heard twice in one sitting was rated once."""
    ratings = {(r.session, r.stimulus, *sorted(r.ratings.items())): r for r in own}
    return list(ratings.values())


def _line(own: list[Recording], rule: str, middle: float) -> Line:
    return replace(_divided(own, rule, middle), points=pairs(own))


def _divided(own: list[Recording], rule: str, middle: float) -> Line:
    if rule.startswith("fixed:"):
        return Line({target: float(rule[6:]) for target in TARGETS})
    fallback = dict.fromkeys(TARGETS, middle)
    if rule == "median":
        thresholds = {}
        for target in TARGETS:
            values = [r.ratings[target] for r in own if target in r.ratings]
            thresholds[target] = float(np.median(values)) if values else middle
        few = len(own) < 2
        return Line(fallback, "fewer than 2 trials") if few else Line(thresholds)
    points = pairs(own)
    if len(points) < 2:
        return Line(fallback, "fewer than 2 trials")
    if len(np.unique(points, axis=0)) < 2:
        return Line(fallback, "one distinct rating")
    from sklearn.cluster import KMeans

    means = KMeans(n_clusters=2, n_init=10, random_state=0).fit(points)
    centres = np.asarray(means.cluster_centers_, dtype=np.float64)
    cluster = np.asarray(means.labels_, dtype=np.int64)
    if np.bincount(cluster, minlength=2).min() < 2:
        return Line(fallback, "a cluster of one", centres, cluster)
    valence, arousal = centres.mean(axis=0)
    return Line({"arousal": float(arousal), "valence": float(valence)}, "", centres, cluster)


def _given(recordings: list[Recording], target: str) -> NDArray[np.int64]:
    return np.array(
        [r.classes.get(target, UNKNOWN) if target in r.targets else UNKNOWN for r in recordings],
        dtype=np.int64,
    )
