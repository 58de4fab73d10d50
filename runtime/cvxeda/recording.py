"""Whole recordings in microsiemens: `decompose(eda_us, rate_hz)`.

    from runtime.cvxeda import decompose

    parts = decompose(eda_us, rate_hz=4.0)
    parts.tonic, parts.phasic, parts.driver          # microsiemens

The recording is z-scored as a whole, which is what the weights of cvxEDA belong to, and the parts
are scaled back. A long one is solved in pieces that overlap, see `runtime.cvxeda.pieces`: away from
its ends the result is that of one piece, to less than 1 % of the phasic part's standard deviation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from device.arguments import number, real_array, whole
from device.errors import SignalError
from runtime.cvxeda.model import Array
from runtime.cvxeda.pieces import solve_in_pieces


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


def decompose(
    eda_us: ArrayLike,
    rate_hz: float,
    *,
    scale_us: float | None = None,
    threads: int = 1,
    **parameters: Any,
) -> RecordingDecomposition:
    """Split a whole recording of any length, as it was measured.

    Parameters
    ----------
    eda_us : array-like (n,)
        Skin conductance in microsiemens, at least 3 samples. (Another unit comes back as it was
        given.)
    rate_hz : float
        Sampling rate.
    scale_us : float or None
        What the recording, less its mean, is divided by before `alpha` and `gamma` apply to it;
        None for its standard deviation, as published.
    threads : int
        Pieces of a long recording that are solved at a time; the result is the same to the bit.
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
    if scale_us is None:
        scale = float(eda.std()) or 1.0
    else:
        scale = number("scale_us", scale_us, 0, open_ends=True)
    split = solve_in_pieces((eda - mean) / scale, rate_hz, parameters, whole("threads", threads, 1))
    tonic, phasic, driver, residual = split.parts * scale
    tonic += mean
    return RecordingDecomposition(
        tonic, phasic, driver, residual, split.gap, split.converged, split.well_posed, split.pieces
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
