"""Samples to network input: the one preprocessing, used by training and by live alike.

samples -> uniform grid -> context + window at every hop -> normalised -> cvxEDA -> channels,
stretched to the input length. Any cutting of the same samples gives bit-identical windows.

A gap is bridged by a straight line up to the share of context and window that may be gap. A longer
one is not, and every window that meets it is refused: it need not wait for the gap's end. A hop in
which the sensor was not read at all, because it was unplugged or the machine slept, has no window,
and a gap costs no memory however long it is. Beyond a year it is no gap: the clock was set, and
a new stream begins.
"""

from __future__ import annotations

import logging
import math
import threading
from copy import deepcopy
from dataclasses import replace
from itertools import pairwise
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from device.samples import FloatArray
from runtime.cvxeda.solver import Baseline, CvxEDA
from runtime.preprocessing.contract import Contract
from runtime.preprocessing.normalise import normalise
from runtime.preprocessing.personal import PersonalUnits
from runtime.preprocessing.reference import Reference
from runtime.preprocessing.resample import REACH, Grid, Resampler
from runtime.preprocessing.window import LEARNING
from runtime.preprocessing.window import Window as Window
from runtime.preprocessing.window import stretch as stretch

_LOG = logging.getLogger(__name__)
# Nobody puts the sensor back on after so long, but a clock that is set leaps over decades.
_CLOCK_WAS_SET_S = 365 * 86_400.0
# The most that a contract may call a level of skin: what is beyond is a damaged value, no value.
_LARGEST_US = 1e6


class Preprocessor:
    """Turn a stream of samples into windows.

    It may be pickled and copied at any time, and goes on from where it stood. Threads may share it
    as long as samples come in the order of their times.

    Parameters
    ----------
    contract : Contract
        All constants.
    """

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        p = contract.cvxeda
        self._cvxeda = CvxEDA(
            contract.total_samples,
            contract.rate_hz,
            tau_slow_s=p.tau_slow_s,
            tau_fast_s=p.tau_fast_s,
            knot_spacing_s=p.knot_spacing_s,
            alpha=p.alpha,
            gamma=p.gamma,
            baseline=cast(Baseline, p.baseline),
        )
        self._personal = PersonalUnits(contract) if contract.personal else None
        total_s = contract.total_samples / contract.rate_hz
        max_bridge_s = max(contract.max_gap_s, contract.max_gap_share * total_s)
        self._resampler = Resampler(contract.rate_hz, contract.max_gap_s, max_bridge_s)
        # How far the grid must go on after the last sample for all windows that hold it; where
        # nothing was read for twice as long, the grid is not filled in.
        steps = contract.total_samples + contract.hop_samples + 4 * REACH
        self._after_s = self._resampler.max_bridge_s + steps / contract.rate_hz
        self._lock = threading.Lock()
        self.reset()

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:  # between two pushes, not within one
            return deepcopy({name: value for name, value in vars(self).items() if name != "_lock"})

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.Lock())

    def __copy__(self) -> Preprocessor:
        """Copy the stream's state too: two streams never share it."""
        return deepcopy(self)

    def reset(self) -> None:
        """Forget all samples; the next is the first. The person's reference is kept."""
        if self._personal is not None:
            self._personal.restart()
        self._resampler.reset()
        self._eda = np.empty(0)
        self._gap = np.empty(0, dtype=bool)
        self._open_s = np.empty(0)  # times without a value
        self._first = 0  # grid index of the oldest value kept
        self._count = 0
        self._news: tuple[str, ...] = ()

    @property
    def reference(self) -> Reference | None:
        """What is usual for this person, where the contract asks for it."""
        return None if self._personal is None else self._personal.reference

    def reference_state(self) -> dict[str, Any] | None:
        """Return the reference's state, see `Reference.to_dict`; None of none, or an empty one."""
        reference = self.reference
        return None if reference is None or not reference.past_s else reference.to_dict()

    @property
    def reference_left_s(self) -> float:
        """Seconds of believable signal that are needed before the first answer."""
        return 0.0 if self._personal is None else self._personal.left_s

    @property
    def fill_s(self) -> float:
        """Seconds of signal that wait for a window, at most context + window."""
        waiting = self._first + self._eda.size - self._count * self.contract.hop_samples
        return min(max(waiting, 0), self.contract.total_samples) / self.contract.rate_hz

    def push(self, time_s: FloatArray, eda_us: FloatArray) -> list[Window]:
        """Add samples and return the windows that they complete.

        Windows are numbered by the time at which they end; numbers of hops without one are missing.

        Parameters
        ----------
        time_s : float64 (n,)
            Seconds, strictly increasing.
        eda_us : float64 (n,)
            Microsiemens; NaN where there is no value, which a million and more is neither.

        Raises
        ------
        device.errors.SignalError
            See `Resampler.push`.
        """
        with self._lock:
            self._resampler.check(time_s, eda_us)
            eda_us = np.where(np.abs(eda_us) > _LARGEST_US, np.nan, eda_us)
            before_s = self._resampler.read_until_s
            steps_s = np.diff(time_s, prepend=before_s if math.isfinite(before_s) else time_s[:1])
            silent = steps_s > 2.0 * self._after_s
            starts = [0, *(np.flatnonzero(silent[1:]) + 1)]
            windows = []
            for first, stop in pairwise([*starts, time_s.size]):
                if silent[first:stop].any():
                    windows += self._cross(float(time_s[first]))
                windows += self._push(time_s[first:stop], eda_us[first:stop])
            return windows

    def _push(self, time_s: FloatArray, eda_us: FloatArray) -> list[Window]:
        self._open_s = np.concatenate([self._open_s, time_s[np.isnan(eda_us)]])
        return self._take(self._resampler.push(time_s, eda_us))

    def _cross(self, time_s: float) -> list[Window]:
        """Leap over a long silence to the sample that ends it, and return the windows before it."""
        read_until_s, rate_hz = self._resampler.read_until_s, self.contract.rate_hz
        if time_s - read_until_s > _CLOCK_WAS_SET_S:
            news = f"the clock leapt by {(time_s - read_until_s) / 86_400:.0f} days: a new stream"
            _LOG.warning("Between two samples %s begins", news)
            self.reset()
            self._news = (news,)
            return []
        if math.isnan(self._resampler.origin_s):
            return []  # Nothing has had a value yet.
        ended = np.array([read_until_s + self._after_s])
        windows = self._take(self._resampler.push(ended, np.array([np.nan])))
        # Everything before the first grid value that the sample may touch has none.
        total, hop = self.contract.total_samples, self.contract.hop_samples
        grid = math.floor((time_s - self._resampler.origin_s) * rate_hz) - REACH - 1
        self._resampler.skip(grid)
        self._count = max(self._count, (grid - total) // hop + 1)
        self._first = min(self._count * hop, grid)
        self._eda = np.full(grid - self._first, np.nan)
        self._gap = np.ones(grid - self._first, dtype=bool)
        return windows

    def _take(self, grid: Grid) -> list[Window]:
        """Add grid values and return the windows that they complete."""
        self._eda = np.concatenate([self._eda, grid.eda_us])
        self._gap = np.concatenate([self._gap, grid.gap])
        contract = self.contract
        windows = []
        at = self._count * contract.hop_samples - self._first
        while at + contract.total_samples <= self._eda.size:
            piece = slice(at, at + contract.total_samples)
            if self._personal is not None:
                stop = self._first + at + contract.total_samples
                self._personal.follow(self._first, self._eda, self._gap, stop)
            if self._was_read(at + contract.total_samples):
                windows.append(self._window(self._first + at, self._eda[piece], self._gap[piece]))
                self._news = ()
            self._count += 1
            at += contract.hop_samples
        if self._personal is not None:  # what lies between two windows is the reference's too
            at = min(at, max(self._personal.until - self._first, 0))
        drop = min(at, self._eda.size)
        self._eda, self._gap = self._eda[drop:], self._gap[drop:]
        self._first += drop
        if self._open_s.size:
            kept_s = self._resampler.origin_s + self._first / contract.rate_hz
            # Before the first value there is no grid, and no time is kept.
            self._open_s = self._open_s[self._open_s >= kept_s]
        return windows

    def _was_read(self, stop: int) -> bool:
        """Return whether the sensor was read within the hop that ends at place `stop`."""
        hop = min(self.contract.hop_samples, self.contract.total_samples)
        if not np.isnan(self._eda[stop - hop : stop]).all():
            return True
        steps = (self._open_s - self._resampler.origin_s) * self.contract.rate_hz
        until = self._first + stop
        return bool(((steps >= until - hop) & (steps < until)).any())

    def _open_share(self, first: int) -> float:
        """Return the share of grid cells from `first` in which the sensor had no value."""
        contract = self.contract
        if not self._open_s.size:
            return 0.0
        cells = np.floor((self._open_s - self._resampler.origin_s) * contract.rate_hz) - first
        inside = set(cells[(cells >= 0) & (cells < contract.total_samples)].tolist())
        return len(inside) / contract.total_samples

    def _window(self, first: int, eda_us: FloatArray, gap: NDArray[np.bool_]) -> Window:
        contract = self.contract
        context = contract.context_samples
        start_s = self._resampler.origin_s + (first + context) / contract.rate_hz
        gap_share = float(np.count_nonzero(gap) / gap.size)
        reasons = self._news
        if gap_share > 0:
            reasons += (f"{gap_share:.0%} of the window has no samples",)
        window = Window(
            index=self._count,
            start_s=start_s,
            end_s=start_s + contract.window_s,
            input=None,
            eda_us=eda_us[context:].copy(),
            tonic_us=np.empty(0),
            phasic_us=np.empty(0),
            gap_share=gap_share,
            reasons=reasons,
            open_share=self._open_share(first),
            context_us=eda_us[:context].copy(),
            gap=gap.copy(),
        )
        if self._personal is not None:
            window = replace(window, reference_left_s=self._personal.left_s)
        if gap_share > contract.max_gap_share or np.isnan(eda_us).any():
            return window
        scaled = (
            normalise(eda_us, contract.min_std_us)
            if self._personal is None
            else self._personal.normalise(eda_us)
        )
        if scaled is None:
            return replace(window, reasons=("the signal does not move at all", *reasons))
        parts = self._cvxeda.solve(scaled.values)
        if not parts.converged:
            return replace(window, reasons=("the decomposition did not converge", *reasons))
        if not parts.well_posed:
            reasons += ("tonic and phasic cannot be told apart",)
        features: NDArray[np.float32] | None = None
        if self._personal is None:
            channels = {"tonic": parts.tonic, "phasic": parts.phasic, "origin": scaled.values}
        else:
            own = self._personal.see(eda_us, scaled, parts)
            channels, features = own.channels, own.features
            if window.reference_left_s > 0:
                left = f"{window.reference_left_s:.0f} s"
                waiting = f"{LEARNING}: {left} more are needed"
                return replace(window, reasons=(waiting, *reasons), well_posed=parts.well_posed)
        stacked = np.stack([channels[name][context:] for name in contract.channels])
        return replace(
            window,
            input=stretch(stacked, contract.input_length).astype(np.float32),
            features=features,
            tonic_us=parts.tonic[context:] * scaled.unit_us + scaled.mean_us,
            phasic_us=parts.phasic[context:] * scaled.unit_us,
            reasons=reasons,
            well_posed=parts.well_posed,
        )
