"""Samples to network input: the one preprocessing, used by training and by live alike.

samples -> uniform grid -> context + window at every hop -> z-score -> cvxEDA -> channels, stretched
to the input length. Any cutting of the same samples gives bit-identical windows.

A gap is bridged by a straight line up to the share of context and window that may be gap. A longer
one is not, and every window that meets it is refused: it need not wait for the gap's end. A hop in
which the sensor was not read at all, because it was unplugged or the machine slept, has no window.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from device.samples import FloatArray
from runtime.cvxeda.solver import CvxEDA
from runtime.preprocessing.contract import Contract
from runtime.preprocessing.resample import Resampler


@dataclass(frozen=True)
class Window:
    """One window, ready for the network or refused.

    Attributes
    ----------
    index : int
        Counted from 0 since the stream began.
    start_s, end_s : float
        Of the window without its context, in the samples' time.
    input : float32 (3, input_length) or None
        Network input in the contract's channel order; None when the window is refused.
    eda_us, tonic_us, phasic_us : float64 (window_samples,)
        The window on the grid, NaN where a gap is too long to be bridged, and its parts; the parts
        are empty when the window is refused.
    gap_share : float
        Share of context and window that had no samples, 0 to 1.
    reasons : tuple of str
        What is wrong with the signal, in plain words; empty when nothing is.
    well_posed : bool
        Whether the decomposition told tonic and phasic apart.
    open_share : float
        Share of context and window in which the sensor was read but had no value, 0 to 1: open or
        saturated electrodes.
    """

    index: int
    start_s: float
    end_s: float
    input: NDArray[np.float32] | None
    eda_us: FloatArray
    tonic_us: FloatArray
    phasic_us: FloatArray
    gap_share: float
    reasons: tuple[str, ...]
    well_posed: bool = True
    open_share: float = 0.0


class Preprocessor:
    """Turn a stream of samples into windows.

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
        )
        total_s = contract.total_samples / contract.rate_hz
        max_bridge_s = max(contract.max_gap_s, contract.max_gap_share * total_s)
        self._resampler = Resampler(contract.rate_hz, contract.max_gap_s, max_bridge_s)
        self.reset()

    def reset(self) -> None:
        """Forget everything; the next sample is the first."""
        self._resampler.reset()
        self._eda = np.empty(0)
        self._gap = np.empty(0, dtype=bool)
        self._open_s = np.empty(0)  # times without a value
        self._first = 0  # grid index of the oldest value kept
        self._count = 0

    @property
    def fill_s(self) -> float:
        """Seconds of signal that wait for a window, at most context + window."""
        return min(self._eda.size, self.contract.total_samples) / self.contract.rate_hz

    def push(self, time_s: FloatArray, eda_us: FloatArray) -> list[Window]:
        """Add samples and return the windows that they complete.

        Windows are numbered by the time at which they end; numbers of hops without one are missing.

        Parameters
        ----------
        time_s : float64 (n,)
            Seconds, strictly increasing.
        eda_us : float64 (n,)
            Microsiemens; NaN where there is no value.

        Raises
        ------
        device.errors.SignalError
            See `Resampler.push`.
        """
        self._open_s = np.concatenate([self._open_s, time_s[np.isnan(eda_us)]])
        grid = self._resampler.push(time_s, eda_us)
        self._eda = np.concatenate([self._eda, grid.eda_us])
        self._gap = np.concatenate([self._gap, grid.gap])
        contract = self.contract
        windows = []
        at = self._count * contract.hop_samples - self._first
        while at + contract.total_samples <= self._eda.size:
            piece = slice(at, at + contract.total_samples)
            if self._was_read(at + contract.total_samples):
                windows.append(self._window(self._first + at, self._eda[piece], self._gap[piece]))
            self._count += 1
            at += contract.hop_samples
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
        inside = np.unique(cells[(cells >= 0) & (cells < contract.total_samples)])
        return inside.size / contract.total_samples

    def _window(self, first: int, eda_us: FloatArray, gap: NDArray[np.bool_]) -> Window:
        contract = self.contract
        context = contract.context_samples
        start_s = self._resampler.origin_s + (first + context) / contract.rate_hz
        end_s = start_s + contract.window_s
        gap_share = float(np.count_nonzero(gap) / gap.size)
        mean_us = float(eda_us.mean())
        centred_us = eda_us - mean_us
        std_us = math.sqrt(float(np.mean(centred_us * centred_us)))
        seen_us = eda_us[context:].copy()
        nothing = np.empty(0)
        open_share = self._open_share(first)
        refused = None
        if gap_share > contract.max_gap_share or math.isnan(mean_us):
            refused = f"{gap_share:.0%} of the window has no samples"
        elif std_us < contract.min_std_us:
            refused = "the signal does not move at all"
        if refused is not None:
            return Window(
                self._count,
                start_s,
                end_s,
                None,
                seen_us,
                nothing,
                nothing,
                gap_share,
                (refused,),
                open_share=open_share,
            )
        scaled = centred_us / std_us
        parts = self._cvxeda.decompose(scaled)
        channels = {"tonic": parts.tonic, "phasic": parts.phasic, "origin": scaled}
        stacked = np.stack([channels[name][context:] for name in contract.channels])
        reasons = []
        if gap_share > 0:
            reasons.append(f"{gap_share:.0%} of the window has no samples")
        if not parts.well_posed:
            reasons.append("tonic and phasic cannot be told apart")
        return Window(
            self._count,
            start_s,
            end_s,
            stretch(stacked, contract.input_length).astype(np.float32),
            seen_us,
            parts.tonic[context:] * std_us + mean_us,
            parts.phasic[context:] * std_us,
            gap_share,
            tuple(reasons),
            parts.well_posed,
            open_share,
        )


def stretch(channels: FloatArray, length: int) -> FloatArray:
    """Resample (c, n) to (c, length) linearly, first sample on first and last on last."""
    n = channels.shape[1]
    if n == length:
        return channels
    left, weight = _places(n, length)
    return np.asarray(
        channels.take(left, axis=1) * (1.0 - weight) + channels.take(left + 1, axis=1) * weight
    )


@lru_cache(maxsize=4)
def _places(n: int, length: int) -> tuple[NDArray[np.intp], FloatArray]:
    """Return the left neighbours among n samples of `length` places, and the right one's weight."""
    position = np.linspace(0.0, n - 1.0, length)
    left = np.minimum(position.astype(np.intp), n - 2)
    return left, position - left
