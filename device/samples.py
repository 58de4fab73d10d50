"""Samples: what a sensor delivers and what every later stage reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from device.arguments import series
from device.errors import SignalError
from device.quantiles import median

FloatArray = NDArray[np.float64]


# No skin conductance sensor is as slow as this, seconds; milliseconds of one at 4 Hz are 250.
SLOWEST_STEP_S = 5.0


@dataclass(frozen=True, init=False)
class Samples:
    """Skin conductance with its time.

    Parameters
    ----------
    time_s, eda_us, raw : array-like (n,)
        As below: lists, arrays of any real type, masked arrays (what is masked becomes NaN).
    known_seconds : bool
        Whether times are known to be seconds, as those that a clock here gave: they may lie
        anyhow far apart, where most samples were lost.

    Attributes
    ----------
    time_s : float64 (n,)
        Seconds since the sensor's first sample, finite and strictly increasing.
    eda_us : float64 (n,)
        Skin conductance in microsiemens; NaN where the sensor was read but gave no valid value
        (open or saturated electrodes).
    raw : float64 (n,) or None
        What the sensor itself said, before calibration: the converter's count; None where it is
        not known. It is recorded and not computed with.

    Raises
    ------
    SignalError
        An argument that cannot be used, by its name; also times that lie so far apart from sample
        to sample that they must be in another unit than seconds.
    """

    time_s: FloatArray
    eda_us: FloatArray
    raw: FloatArray | None = None

    def __init__(
        self,
        time_s: ArrayLike,
        eda_us: ArrayLike,
        raw: ArrayLike | None = None,
        *,
        known_seconds: bool = False,
    ) -> None:
        time, eda = series("time_s", time_s), series("eda_us", eda_us)
        if time.shape != eda.shape:
            raise SignalError(f"time_s {time.shape} and eda_us {eda.shape} must be equally long")
        counts = None if raw is None else series("raw", raw)
        if counts is not None and counts.shape != time.shape:
            raise SignalError(f"raw {counts.shape} must be as long as time_s {time.shape}")
        _check_times(time, np.asarray(time_s).dtype, known_seconds)
        if np.isinf(eda).any():
            at = int(np.argmax(np.isinf(eda)))
            raise SignalError(f"eda_us is {eda[at]} at sample {at}; mark missing values with NaN")
        for name, values in (("time_s", time), ("eda_us", eda), ("raw", counts)):
            object.__setattr__(self, name, values)

    def __len__(self) -> int:
        return int(self.time_s.size)

    def part(self, piece: slice) -> Samples:
        """Return some of them, which follow each other."""
        raw = None if self.raw is None else self.raw[piece]
        return Samples(self.time_s[piece], self.eda_us[piece], raw, known_seconds=True)

    @staticmethod
    def empty() -> Samples:
        """Return zero samples."""
        return Samples(np.empty(0), np.empty(0))


def _check_times(time_s: FloatArray, given: np.dtype[Any], known_seconds: bool) -> None:
    finite = np.isfinite(time_s)
    if not finite.all():
        at = int(np.argmin(finite))
        raise SignalError(f"time_s is {time_s[at]} at sample {at}; every sample has a time")
    steps_s = np.diff(time_s)
    if not (steps_s > 0).all():
        at = int(np.argmin(steps_s > 0))
        coarse = f" ({given} tells such times no further apart: give float64)"
        raise SignalError(
            f"time_s must rise: after {time_s[at]:.6f} s, sample {at + 1} is at "
            f"{time_s[at + 1]:.6f} s{coarse if given.kind == 'f' and given.itemsize < 8 else ''}"
        )
    if known_seconds:
        return
    # The mean first: it is cheap, and no larger than this where nothing is wrong.
    if len(steps_s) > 1 and steps_s.mean() > SLOWEST_STEP_S < median(steps_s):
        raise SignalError(
            f"time_s steps by {median(steps_s):g} from sample to sample, which no sensor does "
            "in seconds: is it in milliseconds?"
        )
