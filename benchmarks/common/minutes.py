"""Labels of `benchmarks.personal`: what adapts, what tests, and the ways of adapting.

Of tasks and rests, one label is one minute: the windows of a minute overlap, so the one that ends
with it stands for it. k labels are the first k/2 minutes of the first task and of the first rest;
one label is of the task alone. Of rated videos, one label is one video, by its last window.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from device.samples import FloatArray
from runtime.inference.adaptation import Adaptation
from runtime.inference.prior import Prior
from training.fitting.differences import KINDS, Answers, learn
from training.fitting.wide import balanced, fit_linear
from training.measures.ranking import auc

LABELS = (0, 1, 2, 4, 8)
HARMED = 0.05
"""A person loses who has so much less balanced accuracy."""
MOST_HARMED = 0.1
BLOCK_S = 240.0
"""Seconds that count as one answer: of a task of several minutes little is news after the first."""
EVIDENCE = (0.3, 1.0, 4.0)
# Of a regression on the person alone; a handful of rows needs a firm one.
_ALONE_PENALTY = 0.1
_MINUTE_S = 60.0


@dataclass(frozen=True)
class Candidate:
    """A way of adapting.

    Attributes
    ----------
    kind : str
        Of `training.fitting.differences.KINDS`; "none" leaves the stranger's answer.
    evidence : float
        See `runtime.inference.prior.Prior`.
    """

    kind: str
    evidence: float = 1.0

    def __str__(self) -> str:
        if self.kind == "none":
            return self.kind
        return f"{self.kind}, evidence {self.evidence:g}"


NONE = Candidate("none")
CANDIDATES = tuple(Candidate(kind, evidence) for kind in KINDS for evidence in EVIDENCE)


@dataclass(frozen=True)
class Parts:
    """A person's windows, divided.

    Attributes
    ----------
    labelled : int64 (at most 8,)
        Places of the windows that stand for labelled minutes, task and rest in turn.
    test : bool (n,)
        Windows after the first rest.
    """

    labelled: NDArray[np.int64]
    test: NDArray[np.bool_]

    def first(self, k: int) -> NDArray[np.int64]:
        """Return the places of k labels."""
        return self.labelled[:k]


def divide(answers: Answers, segment: NDArray[np.int64]) -> Parts:
    """Divide a person's windows.

    Parameters
    ----------
    answers : Answers
        Of the person.
    segment : int64 (n,)
        In which each window lies.
    """
    task, rest = np.unique(segment)[:2]
    minutes = [_minutes(answers.time_s, np.flatnonzero(segment == own)) for own in (task, rest)]
    turns = [place for pair in zip(*minutes, strict=False) for place in pair]
    return Parts(np.array(turns, dtype=np.int64), ~np.isin(segment, (task, rest)))


def divide_videos(answers: Answers, segment: NDArray[np.int64]) -> Parts:
    """Divide a person's windows: the first four videos are rated, the others test."""
    videos = np.unique(segment)[: VIDEOS.labels[-1]]
    last = [int(np.flatnonzero(segment == own)[-1]) for own in videos]
    return Parts(np.array(last, dtype=np.int64), ~np.isin(segment, videos))


@dataclass(frozen=True)
class Labelling:
    """A protocol.

    Attributes
    ----------
    divide : callable
        Divides a person's windows (`Answers`, and in which segment each lies) into `Parts`.
    labels : tuple of int
        Numbers of labels that are tried, 0 first.
    """

    divide: Callable[[Answers, NDArray[np.int64]], Parts]
    labels: tuple[int, ...]


MINUTES = Labelling(divide, LABELS)
VIDEOS = Labelling(divide_videos, (0, 1, 2, 4))


def _minutes(time_s: FloatArray, places: NDArray[np.intp]) -> list[int]:
    """Return the places of windows that do not overlap, at most four."""
    kept: list[int] = []
    for place in places.tolist():
        if len(kept) < LABELS[-1] // 2 and (
            not kept or time_s[place] - time_s[kept[-1]] >= _MINUTE_S - 1e-6
        ):
            kept.append(place)
    return kept


def priors(people: Sequence[Answers], names: tuple[str, ...]) -> dict[Candidate, Prior]:
    """Return the prior of every candidate, learnt from some people."""
    learnt = {kind: learn(people, names, kind, BLOCK_S) for kind in KINDS}
    return {one: replace(learnt[one.kind], evidence=one.evidence) for one in CANDIDATES}


def adapted(answers: Answers, parts: Parts, k: int, prior: Prior) -> FloatArray:
    """Return the log odds of the windows that test, float64 (m,), after k labels."""
    adaptation = Adaptation(prior)
    for place in parts.first(k):
        adaptation.label(
            answers.time_s[place],
            bool(answers.truth[place]),
            float(answers.margin[place]),
            answers.features[place],
        )
    margin = answers.margin[parts.test]
    design = prior.design(margin, answers.features[parts.test])
    return np.asarray(margin + design @ adaptation.posterior.mean)


def alone(answers: Answers, parts: Parts, k: int) -> FloatArray:
    """Return the log odds by a regression on the person's own k labels; zeros with one class."""
    places = parts.first(k)
    truth = answers.truth[places]
    if np.unique(truth).size < 2:
        return np.zeros(np.count_nonzero(parts.test))
    x = answers.features
    model = fit_linear(x[places], truth, _ALONE_PENALTY, balanced(truth))
    return model(x[parts.test])


def threshold_prior(names: tuple[str, ...]) -> Prior:
    """Return the prior of a threshold that the labels alone decide about."""
    bias = np.zeros((1, len(names) + 2))
    bias[0, -1] = 1.0
    return Prior(names, bias, np.array([[100.0]]))


def accuracy(truth: NDArray[np.int64], margin: FloatArray) -> float:
    """Return the balanced accuracy of calling log odds of 0 and more the second class."""
    called = margin >= 0
    return float(np.mean([(called[truth == c] == bool(c)).mean() for c in np.unique(truth)]))


def figures(truth: NDArray[np.int64], margin: FloatArray) -> tuple[float, float]:
    """Return balanced accuracy and AUC."""
    return accuracy(truth, margin), auc(truth, margin)


def choose(changes: Mapping[Candidate, FloatArray]) -> Candidate:
    """Return the candidate that gains most without harm; none where there is no such.

    Parameters
    ----------
    changes : mapping of Candidate to float64 (people, ks)
        Change of the balanced accuracy of people whom neither model nor prior learnt from.
    """
    best, most = NONE, 0.0
    for candidate, change in changes.items():
        harmed = (change < -HARMED).mean(axis=0).max()
        if harmed <= MOST_HARMED and change.mean() > most:
            best, most = candidate, float(change.mean())
    return best
