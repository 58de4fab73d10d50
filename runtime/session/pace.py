"""A sensor's sampling rate: measured where it names none, and judged by what the model needs."""

from __future__ import annotations

import numpy as np

from device.errors import ContractError
from device.quantiles import median
from device.samples import FloatArray
from device.sensor import SensorInfo
from runtime.preprocessing.contract import Contract
from runtime.sinks.events import Status

_LENGTH_S = 10.0
_FEWEST_STEPS = 4
# A sensor that restarts all the time is judged at last on what there is.
_MOST_STEPS = 4096
_INEXACT = 1e-3


class MeasuredRate:
    """Measure a rate on the first ten seconds of samples; gaps within them do no harm."""

    def __init__(self) -> None:
        self._last_s: float | None = None
        self._steps_s: list[float] = []

    def push(self, time_s: FloatArray) -> float | None:
        """Return samples per second when ten seconds of steps were seen; None before.

        Parameters
        ----------
        time_s : float64 (n,)
            Times of the next samples.
        """
        if time_s.size:
            before_s = time_s[0] if self._last_s is None else self._last_s
            steps_s = np.diff(time_s, prepend=before_s)
            self._steps_s += steps_s[steps_s > 0].tolist()
            self._last_s = float(time_s[-1])
        count = len(self._steps_s)
        enough = count >= _FEWEST_STEPS and sum(self._steps_s) >= _LENGTH_S
        return float(1 / median(self._steps_s)) if enough or count >= _MOST_STEPS else None


def too_slow(sensor: SensorInfo, contract: Contract) -> str | None:
    """Return what is to be said of a sensor that is slower than the model's grid, or None.

    Raises
    ------
    device.errors.ContractError
        If it is so slow that every step between its samples counts as a gap.
    """
    rate_hz = sensor.rate_hz
    if rate_hz is None or rate_hz >= contract.rate_hz:
        return None
    # A sensor's own clock is never exact: a thousandth decides nothing.
    if rate_hz * contract.max_gap_s < 1 - _INEXACT:
        raise ContractError(
            f"{sensor.name} gives {rate_hz:.3g} samples a second; the model takes steps longer "
            f"than {contract.max_gap_s:g} s for gaps and wants {contract.rate_hz:g} Hz. "
            "Use a faster sensor, or a model that was trained for a slower one."
        )
    return (
        f"the sensor's {rate_hz:.3g} Hz are below the model's {contract.rate_hz:g} Hz: what lies "
        "between its samples is taken for straight lines"
    )


def named_wrongly(sensor: SensorInfo, share: float) -> Status:
    """Return what is to be said of a rate that arrivals contradict.

    Parameters
    ----------
    sensor : SensorInfo
        With the rate as named.
    share : float
        By which the samples' time runs slow; see `device.timing.sample_clock.SampleClock`.
    """
    named_hz = sensor.rate_hz or 0.0
    found_hz = named_hz / (1.0 + share)
    return Status(
        "rate",
        f"{found_hz:.4g} samples a second arrive, not the {named_hz:g} named with --rate: the "
        f"samples' time runs {100 * abs(share):.1f} % {'slow' if share > 0 else 'fast'}. Leave "
        f"--rate out, or name {found_hz:.4g}.",
    )
