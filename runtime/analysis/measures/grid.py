"""A recording on a uniform grid, read in groups so that memory does not grow with its rate."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from device.samples import FloatArray, Samples
from runtime.preprocessing.events.marks import runs as runs
from runtime.preprocessing.resample import REACH, Resampler

# Recordings up to this rate are analysed as they were sampled; faster ones at GRID_HZ. Skin
# conductance has next to nothing above 2 Hz (Boucsein 2012, ch. 2).
FASTEST_OWN_HZ = 16.0
GRID_HZ = 8.0
# Gaps up to this are bridged by a straight line; a longer one parts the recording.
MAX_BRIDGE_S = 2.0
# Samples that lie nearer to a uniform grid than this part of a step are taken as they are.
_EVEN = 0.25
# How many samples tell the rate of a source that does not say it.
_FEW = 256


@dataclass(frozen=True)
class Gridded:
    """A recording on a grid.

    Attributes
    ----------
    rate_hz, sampling_rate_hz : float
        Of the grid, and of the recording as it was sampled (the median).
    start_s : float
        Time of the first value, in the recording's own time.
    eda_us : float64 (n,)
        Microsiemens; NaN in gaps longer than `MAX_BRIDGE_S`.
    missing : bool (n,)
        Where there was no sample, bridged or not.
    samples : int
        How many samples it was made of.
    resampled : bool
        False where the samples were taken as they are.
    """

    rate_hz: float
    sampling_rate_hz: float
    start_s: float
    eda_us: FloatArray
    missing: NDArray[np.bool_]
    samples: int
    resampled: bool


def on_grid(blocks: Iterable[Samples], grid_hz: float | None = None) -> Gridded:
    """Put a recording on a uniform grid.

    Parameters
    ----------
    blocks : iterable of Samples
        The recording in groups, in order.
    grid_hz : float or None
        Rate of the grid; None for the recording's own up to `FASTEST_OWN_HZ`, else `GRID_HZ`.
    """
    blocks = iter(blocks)
    first: list[Samples] = []
    count = 0
    for block in blocks:
        first.append(block)
        count += len(block)
        if count >= _FEW:
            break
    time_s = np.concatenate([block.time_s for block in first] or [np.empty(0)])
    rate_hz = 1.0 / float(np.median(np.diff(time_s))) if time_s.size > 1 else GRID_HZ
    if rate_hz <= FASTEST_OWN_HZ and grid_hz is None:
        return _slow(list(chain(first, blocks)))
    return _resampled(chain(first, blocks), grid_hz or GRID_HZ, rate_hz)


def _slow(blocks: list[Samples]) -> Gridded:
    """Take a slow recording as it is where it is even, else resample it."""
    time_s = np.concatenate([block.time_s for block in blocks] or [np.empty(0)])
    eda_us = np.concatenate([block.eda_us for block in blocks] or [np.empty(0)])
    if time_s.size < 2:
        return Gridded(GRID_HZ, GRID_HZ, 0.0, eda_us, np.isnan(eda_us), eda_us.size, False)
    step_s = float(np.median(np.diff(time_s)))
    # The median of rounded times is rounded too; the mean of an even recording is not.
    mean_s = (time_s[-1] - time_s[0]) / (time_s.size - 1)
    even = time_s[0] + mean_s * np.arange(time_s.size)
    if np.abs(time_s - even).max() > _EVEN * step_s:
        return _resampled(blocks, GRID_HZ, 1.0 / step_s)
    rate_hz = float(f"{1.0 / mean_s:.6g}")
    missing = np.isnan(eda_us)
    filled = bridged(eda_us, round(MAX_BRIDGE_S * rate_hz))
    return Gridded(rate_hz, rate_hz, float(time_s[0]), filled, missing, eda_us.size, False)


def _resampled(blocks: Iterable[Samples], grid_hz: float, rate_hz: float) -> Gridded:
    longest_s = max(0.5, 4.0 / rate_hz)
    resampler = Resampler(grid_hz, longest_s, max(MAX_BRIDGE_S, longest_s))
    pieces, count, last_us = [], 0, np.nan
    for block in blocks:
        pieces.append(resampler.push(block.time_s, block.eda_us))
        count += len(block)
        last_us = block.eda_us[-1] if len(block) else last_us
    start_s, size = 0.0, 0
    if not np.isnan(resampler.origin_s):
        start_s, end_s = resampler.origin_s, resampler.read_until_s
        # A sample stands for one step of its own, and the recording ends after the last.
        size = math.ceil((end_s + 1.0 / rate_hz - start_s) * grid_hz - 1e-6)
        pieces.append(resampler.push(*_held(end_s, last_us, rate_hz, resampler)))
    eda_us = np.concatenate([piece.eda_us for piece in pieces] or [np.empty(0)])[:size]
    missing = np.concatenate([piece.gap for piece in pieces] or [np.empty(0, dtype=bool)])[:size]
    return Gridded(grid_hz, float(f"{rate_hz:.6g}"), start_s, eda_us, missing, count, True)


def _held(
    end_s: float, last_us: float, rate_hz: float, resampler: Resampler
) -> tuple[FloatArray, FloatArray]:
    """Return samples after the last that complete the grid; as before the first, it stays level."""
    reach_s = (REACH + 2) / resampler.rate_hz
    if np.isnan(last_us):  # Nothing is known after it, and the gap is too long for a bridge.
        return np.array([end_s + 2.0 * resampler.max_bridge_s + reach_s]), np.array([np.nan])
    time_s = end_s + np.arange(1, math.ceil(reach_s * rate_hz) + 2) / rate_hz
    return time_s, np.full(time_s.size, last_us)


def bridged(eda_us: FloatArray, most: int) -> FloatArray:
    """Return values with runs of up to `most` NaN between others replaced by straight lines."""
    filled = eda_us.copy()
    for first, stop in runs(np.isnan(eda_us)):
        if first > 0 and stop < eda_us.size and stop - first <= most:
            ends = eda_us[[first - 1, stop]]
            filled[first:stop] = np.interp(np.arange(first, stop), [first - 1, stop], ends)
    return filled
