"""The personal reference: what is usual for this person, from their own past alone.

Skin conductance differs between people by a factor of a hundred, and by electrode and season; what
tells is how a minute compares with the same person's last half hour. The reference holds two
running statistics of the believable past, up to and with the newest hop:

- of the level: mean M and scale S = sqrt(variance + 1e-4) + 0.02 M, in microsiemens. The window is
  decomposed in units of S, and the network sees asinh((tonic - M)/S), log1p(phasic/S) and
  asinh((eda - M)/S).
- of the plain features of each window (`runtime.preprocessing.features`): the network's second
  input is asinh of every feature minus its running mean, over its running standard deviation. A
  young reference makes large numbers, which asinh keeps from shouting everything else down.

The past forgets: it is kept in blocks of a minute, and blocks older than the span are dropped. All
of it is causal and moves once a hop, so that it does not depend on how samples were cut.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

from device.errors import SignalError
from device.samples import FloatArray

_BLOCK_S = 60.0
# Microsiemens squared, and share of the mean level: the least that the scale can be.
_LEAST_VARIANCE, _LEAST_SHARE = 1e-4, 0.02
# Added to a feature's running variance, in the feature's own unit squared.
_FEATURE_VARIANCE = 1e-2
_FORM = "rtcan-reference-1"
EARLIER_SITTINGS_S = 300.0
"""Seconds of now for which all earlier sittings together should count, see `Reference.load`.

On Stress-Predict 2 to 12 minutes do alike, and better than the half hour as it was: electrodes sit
anew and levels drift (`python -m benchmarks.personal`).
"""


@dataclass(frozen=True)
class _Block:
    """Sums over one minute of believable hops; replaced, so that others may read meanwhile."""

    hops: int
    count: float
    total: FloatArray
    squares: FloatArray


class Running:
    """Mean and variance of what was seen within a span of the past.

    Parameters
    ----------
    number : int
        How many quantities are followed.
    hops_per_block, blocks : int
        Hops that one block holds, and how many blocks are remembered, the newest included.
    """

    def __init__(self, number: int, hops_per_block: int, blocks: int) -> None:
        self.number = number
        self._hops_per_block = hops_per_block
        self._blocks: deque[_Block] = deque(maxlen=blocks)
        self._older = self._sum()  # all blocks but the newest, which alone changes

    @property
    def hops(self) -> int:
        """How many hops are remembered."""
        return self._older.hops + (self._blocks[-1].hops if self._blocks else 0)

    def add(self, values: FloatArray) -> None:
        """Add one hop's observations, float64 (n, number), n at least 1."""
        total, squares = values.sum(axis=0), (values * values).sum(axis=0)
        if not self._blocks or self._blocks[-1].hops >= self._hops_per_block:
            self._blocks.append(_Block(1, float(len(values)), total, squares))
            self._older = self._sum()
            return
        newest = self._blocks[-1]
        self._blocks[-1] = _Block(
            newest.hops + 1,
            newest.count + len(values),
            newest.total + total,
            newest.squares + squares,
        )

    def moments(self) -> tuple[FloatArray, FloatArray]:
        """Return mean and variance, float64 (number,) each; NaN before the first hop."""
        if not self._blocks:
            return np.full(self.number, np.nan), np.full(self.number, np.nan)
        older, newest = self._older, self._blocks[-1]
        count = older.count + newest.count
        mean = (older.total + newest.total) / count
        return mean, np.maximum((older.squares + newest.squares) / count - mean * mean, 0.0)

    def _sum(self) -> _Block:
        """Return the sums over all blocks but the newest, oldest first."""
        hops, count, total, squares = 0, 0.0, np.zeros(self.number), np.zeros(self.number)
        for block in list(self._blocks)[:-1]:
            hops += block.hops
            count += block.count
            total += block.total
            squares += block.squares
        return _Block(hops, count, total, squares)

    def to_list(self) -> list[list[Any]]:
        """Return the blocks as plain numbers, oldest first."""
        blocks = tuple(self._blocks)
        return [[b.hops, b.count, b.total.tolist(), b.squares.tolist()] for b in blocks]

    def load(self, blocks: Any) -> None:
        """Take up blocks of `to_list`."""
        self._blocks.clear()
        for hops, count, total, squares in blocks:
            sums = np.asarray(total, dtype=np.float64), np.asarray(squares, dtype=np.float64)
            if any(s.shape != (self.number,) or not np.isfinite(s).all() for s in sums):
                raise ValueError(f"{self.number} finite sums were expected")
            if not (1 <= hops <= self._hops_per_block and 0 < count < math.inf):
                raise ValueError(f"a block of {hops} hops with {count} observations is none")
            self._blocks.append(_Block(int(hops), float(count), *sums))
        self._older = self._sum()

    @property
    def count(self) -> float:
        """How many observations are remembered, thinned ones by what they count."""
        return float(sum(block.count for block in tuple(self._blocks)))

    def thin(self, share: float) -> None:
        """Let all that was seen count for a share of itself, above 0; its moments stay."""
        blocks = tuple(self._blocks)
        self._blocks.clear()
        for b in blocks:
            self._blocks.append(_Block(b.hops, share * b.count, share * b.total, share * b.squares))
        self._older = self._sum()


class Reference:
    """The state of one person's reference.

    Parameters
    ----------
    features : tuple of str
        Names of the features that are followed.
    hop_s : float
        Seconds from one hop to the next.
    span_s : float
        Seconds of past that are remembered, rounded up to whole minutes.
    least_s : float
        Seconds that stay remembered in any case, also just after the oldest block was dropped.
    """

    def __init__(
        self, features: tuple[str, ...], hop_s: float, span_s: float, least_s: float = 0.0
    ) -> None:
        per_block = max(1, round(_BLOCK_S / hop_s))
        block_s = per_block * hop_s
        blocks = max(1, math.ceil(span_s / block_s), math.ceil((least_s - hop_s) / block_s) + 1)
        self.features, self.hop_s, self.span_s = features, hop_s, span_s
        self._level = Running(1, per_block, blocks)
        self._features = Running(len(features), per_block, blocks)

    def __copy__(self) -> Reference:
        """Copy the past too: two people never share it."""
        return deepcopy(self)

    @property
    def past_s(self) -> float:
        """Seconds of believable signal that are remembered."""
        return self._level.hops * self.hop_s

    def add_level(self, eda_us: FloatArray) -> None:
        """Add one hop's believable samples, float64 (n,), microsiemens; none is no hop."""
        if eda_us.size:
            self._level.add(eda_us[:, None])

    def add_features(self, values: FloatArray) -> None:
        """Add one believable window's features, float64 (features,)."""
        self._features.add(values[None])

    def level(self) -> tuple[float, float]:
        """Return mean level M and scale S, microsiemens; NaN before the first believable sample."""
        mean, variance = self._level.moments()
        m = float(mean[0])
        return m, math.sqrt(float(variance[0]) + _LEAST_VARIANCE) + _LEAST_SHARE * m

    def scaled(self, values: FloatArray) -> FloatArray:
        """Return features in the person's own units, float64 (features,).

        Zeros before the first believable window: nothing is known to be unusual.
        """
        mean, variance = self._features.moments()
        if np.isnan(mean).any():
            return np.zeros_like(values)
        return np.asarray(np.arcsinh((values - mean) / np.sqrt(variance + _FEATURE_VARIANCE)))

    def to_dict(self) -> dict[str, Any]:
        """Return the state in JSON's own types, to be kept with a person's profile."""
        return {
            "form": _FORM,
            "hop_s": self.hop_s,
            "span_s": self.span_s,
            "names": list(self.features),
            "level": self._level.to_list(),
            "features": self._features.to_list(),
        }

    def load(self, state: Mapping[str, Any], worth_s: float = math.inf) -> None:
        """Go on from a state of `to_dict`.

        Parameters
        ----------
        state : mapping
            The state.
        worth_s : float
            For how many seconds of now all of it together counts at most, above 0. What an earlier
            sitting left is soon outweighed by this one then (`EARLIER_SITTINGS_S`); it is
            remembered as long, and `past_s` is the same. Infinite to go on as if it had never
            stopped.

        Raises
        ------
        SignalError
            If it is none, or of another hop, span or list of features; nothing is changed then.
        """
        fresh = deepcopy(self)
        try:
            if state["form"] != _FORM:
                raise ValueError(f"its form is {state['form']!r}, expected {_FORM!r}")
            for name in ("hop_s", "span_s"):
                if state[name] != getattr(self, name):
                    raise ValueError(f"{name} is {state[name]}, expected {getattr(self, name)}")
            if list(state["names"]) != list(self.features):
                raise ValueError(f"its features are {state['names']}, not {list(self.features)}")
            fresh._level.load(state["level"])
            fresh._features.load(state["features"])
            # Every window adds one observation of each feature, whatever the rate of samples.
            seen_s = fresh._features.count * self.hop_s
            if seen_s > worth_s:
                fresh._level.thin(worth_s / seen_s)
                fresh._features.thin(worth_s / seen_s)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise SignalError(
                f"The personal reference cannot be taken up: {error}. It belongs to another model "
                "or is damaged; start without it."
            ) from error
        self._level, self._features = fresh._level, fresh._features
