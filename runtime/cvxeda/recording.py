"""Whole recordings in microsiemens: `decompose(eda_us, rate_hz)`.

    from runtime.cvxeda import decompose

    parts = decompose(eda_us, rate_hz=4.0)
    parts.tonic, parts.phasic, parts.driver          # microsiemens

The recording is z-scored as a whole, which is what the weights of cvxEDA belong to, and the parts
are scaled back. A long one is split in pieces that overlap. Each is exact, and one fades into the
next. As every piece has a baseline of its own, tonic and phasic differ from those of one piece by
up to a few per cent of their range.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from device.arguments import number, real_array
from device.errors import SignalError
from runtime.cvxeda.model import Array
from runtime.cvxeda.solver import CvxEDA

# In knot spacings: a piece, and the least that neighbours share, whose outer quarters count for
# nothing: cvxEDA is wrong at the head of what it is given.
_SHORTEST, _LONGEST, _OVERLAP = 24.0, 120.0, 12.0
# Samples times knots of a piece, 80 MB of matrices; a piece is shorter at high rates.
_LARGEST = 1e7


@dataclass(frozen=True)
class RecordingDecomposition:
    """A whole recording, split: eda = tonic + phasic + residual, in microsiemens.

    Attributes
    ----------
    tonic, phasic, driver, residual : float64 (n,)
        Slow level, skin conductance responses (>= 0), sudomotor nerve activity that drives them
        (>= 0, microsiemens per second of a response's area), and what none explains.
    gap : float
        The largest relative duality gap of its pieces.
    converged : bool
        Whether every piece reached the tolerance.
    well_posed : bool
        False where tonic and phasic of any piece are two large curves that cancel each other, which
        mean nothing; see `runtime.cvxeda.decomposition.Decomposition`.
    pieces : int
        How many; with 1 the answer is the exact optimum of the recording.
    """

    tonic: Array
    phasic: Array
    driver: Array
    residual: Array
    gap: float
    converged: bool
    well_posed: bool
    pieces: int


def decompose(eda_us: ArrayLike, rate_hz: float, **parameters: Any) -> RecordingDecomposition:
    """Split a whole recording of any length, as it was measured.

    Parameters
    ----------
    eda_us : array-like (n,)
        Skin conductance in microsiemens, at least 3 samples. (Another unit comes back as it was
        given.)
    rate_hz : float
        Sampling rate.
    **parameters
        Of `CvxEDA`: `tau_slow_s`, `alpha` and so on.

    Raises
    ------
    SignalError
        The recording has the wrong shape or type, is too short, or holds NaN or infinity.
    ArgumentError
        A parameter is no number or out of range.
    """
    eda = _checked(eda_us)
    rate_hz = number("rate_hz", rate_hz, 0, open_ends=True)
    mean = float(eda.mean())
    std = float(eda.std()) or 1.0
    scaled = (eda - mean) / std
    knot = max(1, round(parameters.get("knot_spacing_s", 10.0) * rate_hz))
    length, starts = _pieces(eda.size, knot)
    split = CvxEDA(length, rate_hz, **parameters)
    total, weights = np.zeros((4, eda.size)), np.zeros(eda.size)
    gap, converged, well_posed = 0.0, True, True
    for start in starts:
        place = slice(start, start + length)
        # The recording is z-scored; a piece of it may well lie on one side of zero.
        parts = split.solve(scaled[place])
        weight = _weight(length, knot, first=start == 0, last=start == starts[-1])
        total[:, place] += weight * (parts.tonic, parts.phasic, parts.driver, parts.residual)
        weights[place] += weight
        gap = max(gap, parts.gap)
        converged, well_posed = converged and parts.converged, well_posed and parts.well_posed
    total *= std / weights
    tonic, phasic, driver, residual = total
    tonic += mean
    return RecordingDecomposition(
        tonic, phasic, driver, residual, gap, converged, well_posed, len(starts)
    )


def _checked(eda_us: ArrayLike) -> Array:
    eda = real_array("eda_us", eda_us)
    if eda.ndim != 1 or eda.size < 3:
        raise SignalError(
            f"eda_us has shape {eda.shape}; it must be one-dimensional with at least 3 samples"
        )
    eda = np.ascontiguousarray(eda, dtype=np.float64)
    finite = np.isfinite(eda)
    if not finite.all():
        raise SignalError(
            f"{eda.size - int(finite.sum())} of {eda.size} samples of eda_us are missing or "
            f"infinite, the first at {int(np.argmin(finite))}: fill or cut out gaps first"
        )
    return eda


def _pieces(n: int, knot: int) -> tuple[int, list[int]]:
    """Return the length of the pieces and where they start, evenly spread."""
    longest = round(knot * min(max(math.sqrt(_LARGEST / knot), _SHORTEST), _LONGEST))
    if n <= longest:
        return n, [0]
    overlap = round(_OVERLAP * knot)
    count = math.ceil((n - overlap) / (longest - overlap))
    return longest, [i * (n - longest) // (count - 1) for i in range(count)]


def _weight(length: int, knot: int, *, first: bool, last: bool) -> Array:
    """Return the weight (length,) of a piece, which fades at its inner edges."""
    ramp = np.clip(np.arange(length) / (knot * _OVERLAP / 2) - 0.5, 0.0, 1.0)
    weight = np.ones(length)
    if not first:
        weight *= ramp
    if not last:
        weight *= ramp[::-1]
    return weight
