"""Adaptation to one person from their labels, on the edge.

The model answers strangers. A person who says now and then how it really was lets it learn in what
they differ: in a few directions, and only as far as other people were seen to differ. With the
stranger's log odds m and features x of a window,

    adapted log odds = m + d(x, m) . theta,      d(x, m) = directions @ (x, m, 1),

where theta ~ N(0, covariance) beforehand (`runtime.inference.prior`, in the model's file) and is
updated by exact Bayesian logistic regression (`runtime.inference.posterior`). Without labels the
answer is the stranger's, to the bit.

Labels are weighed by how much they tell, not counted: two labels closer than a block, which looked
at the same minutes, are hardly more than one. The posterior depends on the labels alone, not on
the order in which they came.
"""

from __future__ import annotations

import bisect
import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from device import arguments
from device.errors import SignalError
from device.samples import FloatArray
from runtime.inference.posterior import Posterior, solve
from runtime.inference.prior import Prior

_FORM = "rtcan-adaptation-1"
# Of a person's labels so many are kept, the newest: years of them, and no more of a program that
# sends one every second.
MOST_LABELS = 2000
# Beyond these log odds a probability is 0 or 1 in single precision.
_MOST_MARGIN = 80.0
_AT_ONCE = 128


@dataclass(frozen=True, order=True)
class Label:
    """What the person said, and what the window that ended then looked like.

    Attributes
    ----------
    time_s : float
        When it was said, on a clock that goes on from sitting to sitting: Unix time, seconds.
    high : bool
        Whether it was the second class: high arousal.
    margin : float
        The stranger's log odds of the second class, see `margin_of`.
    features : tuple of float (features,)
        Of the window, in the person's own units, in the contract's order.
    """

    time_s: float
    high: bool
    margin: float
    features: tuple[float, ...] = ()


class Adaptation:
    """What was learnt of one person, for one target.

    Threads may share it. A copy goes its own way.

    Parameters
    ----------
    prior : Prior
        In what people differ, and how much.
    half_life_s : float
        Seconds after which a label counts half, reckoned from the newest label; infinite to forget
        nothing.

    Raises
    ------
    ArgumentError
        If the half-life is not above 0.
    """

    def __init__(self, prior: Prior, half_life_s: float = math.inf) -> None:
        self.prior = prior
        if half_life_s != math.inf:
            half_life_s = arguments.number("half_life_s", half_life_s, 0, open_ends=True)
        self.half_life_s = half_life_s
        self._labels: tuple[Label, ...] = ()
        self._posterior: Posterior | None = None
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:  # labels and what follows from them, of one moment
            return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.Lock())

    @property
    def labels(self) -> tuple[Label, ...]:
        """All labels, oldest first."""
        return self._labels

    @property
    def posterior(self) -> Posterior:
        """What is known of theta."""
        with self._lock:
            labels, found = self._labels, self._posterior
        if found is None:
            found = self._solve(labels)
            with self._lock:
                if self._labels is labels:
                    self._posterior = found
        return found

    def label(
        self, time_s: float, high: bool, margin: float, features: ArrayLike | None = None
    ) -> Label:
        """Learn what the person said of a window, and return it.

        The oldest label is forgotten where there are more than `MOST_LABELS`. The parameters are
        those of `Label`; labels need not come in the order of their times.

        Raises
        ------
        ArgumentError
            If time or margin are no finite numbers.
        SignalError
            If the features are not as many finite numbers as the prior names.
        """
        found = Label(
            arguments.number("time_s", time_s, -1e12, 1e12),
            bool(high),
            arguments.number("margin", margin, -_MOST_MARGIN, _MOST_MARGIN),
            self._features(features),
        )
        with self._lock:
            # In one order whatever order they came in, so that sums round alike.
            place = bisect.bisect(self._labels, found)
            self._labels = (*self._labels[:place], found, *self._labels[place:])[-MOST_LABELS:]
            self._posterior = None
        return found

    def forget(self, label: Label | None = None) -> None:
        """Take a label back; None for all of them.

        Raises
        ------
        SignalError
            If there is no such label.
        """
        with self._lock:
            kept: list[Label] = []
            if label is not None:
                kept = list(self._labels)
                if label not in kept:
                    raise SignalError(f"There is no {label} to take back")
                kept.remove(label)
            self._labels, self._posterior = tuple(kept), None

    def margin(self, margin: float, features: ArrayLike | None = None) -> float:
        """Return the adapted log odds of a window whose stranger's log odds are `margin`.

        Raises
        ------
        SignalError
            If the features are not as many finite numbers as the prior names.
        """
        if not self._labels:
            return float(margin)
        row = self.prior.design(np.array([margin]), np.array([self._features(features)]))
        return float(margin + (row @ self.posterior.mean)[0])

    def probability(self, row: ArrayLike, features: ArrayLike | None = None) -> float:
        """Return the adapted probability of the second class.

        Parameters
        ----------
        row : array-like (2,)
            The classifier's probabilities of a window.
        features : array-like (features,) or None
            `Window.features`.
        """
        low_high = np.asarray(row, dtype=np.float64)
        if not self._labels:
            return float(low_high[1])
        adapted = self.margin(margin_of(low_high), features)
        return 1.0 / (1.0 + math.exp(-min(max(adapted, -700.0), 700.0)))

    def deviation(self, margin: float, features: ArrayLike | None = None) -> float:
        """Return the standard deviation of the adapted log odds: how little is known as yet."""
        row = self.prior.design(np.array([margin]), np.array([self._features(features)]))[0]
        return math.sqrt(max(float(row @ self.posterior.covariance @ row), 0.0))

    def weights(self, labels: Sequence[Label] | None = None) -> FloatArray:
        """Return for how many independent answers each label stands, float64 (n,).

        A label shares its block with those near it: all labels within one block count as one, and
        a label every second for ten minutes as ten, with blocks of a minute.
        """
        times_s = np.array([x.time_s for x in (self._labels if labels is None else labels)])
        if not times_s.size:
            return np.empty(0)
        age = (times_s.max() - times_s) / self.half_life_s
        return np.asarray(self.prior.evidence * shares(times_s, self.prior.block_s) * 0.5**age)

    def to_dict(self) -> dict[str, Any]:
        """Return the labels in JSON's own types, to be kept with a person's profile."""
        labels = [vars(label) | {"features": list(label.features)} for label in self._labels]
        return {"form": _FORM, "prior": self.prior.digest, "labels": labels}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from a state of `to_dict`.

        Raises
        ------
        SignalError
            If it is none, or of another model; nothing is changed then.
        """
        fresh = Adaptation(self.prior, self.half_life_s)
        try:
            if state["form"] != _FORM:
                raise ValueError(f"its form is {state['form']!r}, expected {_FORM!r}")
            if state["prior"] != self.prior.digest:
                raise ValueError("it was learnt with another model")
            for entry in state["labels"]:
                if not isinstance(entry["high"], bool):
                    raise ValueError(f"high is {entry['high']!r}, expected true or false")
                fresh.label(**entry)
        except (KeyError, TypeError, ValueError) as error:
            raise SignalError(
                f"The adaptation cannot be taken up: {error}. It belongs to another model or is "
                "damaged; start without it."
            ) from error
        with self._lock:
            self._labels, self._posterior = fresh._labels, None

    def _solve(self, labels: tuple[Label, ...]) -> Posterior:
        margins = np.array([label.margin for label in labels])
        features = np.array([label.features for label in labels]).reshape(
            len(labels), len(self.prior.features)
        )
        return solve(
            self.prior.design(margins, features),
            margins,
            np.array([float(label.high) for label in labels]),
            self.weights(labels),
            self.prior.covariance,
        )

    def _features(self, given: ArrayLike | None) -> tuple[float, ...]:
        values = arguments.series("features", () if given is None else given)
        expected = len(self.prior.features)
        if values.shape != (expected,) or not np.isfinite(values).all():
            raise SignalError(
                f"features has shape {values.shape}; expected: ({expected},) finite numbers, "
                "Window.features of the window"
            )
        return tuple(values.tolist())


def shares(times_s: FloatArray, block_s: float) -> FloatArray:
    """Return for how many blocks of time each of some moments stands, float64 (n,), 0 to 1.

    All within one block share it; one that is a block away from every other stands for one.
    """
    order = np.argsort(times_s, kind="stable")
    sorted_s = times_s[order]
    first = np.searchsorted(sorted_s, sorted_s - block_s)
    last = np.searchsorted(sorted_s, sorted_s + block_s, side="right")
    found = np.empty(times_s.size)
    for begin in range(0, times_s.size, _AT_ONCE):  # a band of all pairs: the others are not near
        end = min(begin + _AT_ONCE, times_s.size)
        near = sorted_s[begin:end, None] - sorted_s[first[begin] : last[end - 1]]
        np.abs(near, out=near)
        near *= -1.0 / block_s
        near += 1.0
        found[order[begin:end]] = 1.0 / np.maximum(near, 0.0, out=near).sum(axis=1)
    return found


def margin_of(row: ArrayLike) -> float:
    """Return the log odds of the second class of probabilities (2,), at most 80 either way.

    Both columns are used: near 1 a probability of single precision has lost its digits, near 0 it
    has not.
    """
    low, high = np.maximum(np.asarray(row, dtype=np.float64), 1e-300)
    return min(max(math.log(high) - math.log(low), -_MOST_MARGIN), _MOST_MARGIN)
