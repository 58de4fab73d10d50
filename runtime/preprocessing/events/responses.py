"""Skin conductance responses (SCRs) from the driver of an exact decomposition.

A response begins where its sudomotor burst does, however high the responses before it still stand:
the driver is cut into bursts, and every burst's own response is what the model makes of it alone.
Overlapping responses are thereby told apart, and their amplitudes are not cut short by each other.

1. The driver is smoothed with a Gaussian of 0.25 s and cut at its minima. Two neighbouring maxima
   are one burst unless it falls between them below 0.6 of the lower one.
2. The burst is convolved with the Bateman response: onset, peak, amplitude, rise and half-recovery
   times are those of that curve.
3. Responses below the least amplitude, or below a tenth of a response within 4 s of theirs, are
   left out: where a person's response differs a little from the model's, the difference appears as
   small responses beside large ones.

Least amplitude: 0.05 µS (Boucsein, "Electrodermal Activity", 2nd ed. 2012, ch. 2; Society for
Psychophysiological Research, Boucsein et al. 2012, doi:10.1111/j.1469-8986.2012.01384.x), but at
least three standard deviations of the noise. The other constants were chosen on simulated people
whose responses are known (benchmarks/analysis.py), on other people than those that are reported.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from device.quantiles import median
from device.samples import FloatArray

MIN_AMPLITUDE_US = 0.05
# The least amplitude in standard deviations of the noise.
NOISE_FACTOR = 3.0
# Responses of this quality and more are counted.
SOUND = 0.5

_SMOOTHING_S = 0.25
_VALLEY = 0.6
_BESIDE, _BESIDE_S = 0.1, 4.0
# A burst of 0.25 s whose response has amplitude 1 is about 4 high when smoothed. One that stays
# below this is too small, whatever its shape.
_LOW = 0.4
# The onset is where this part of a burst has fired; before it there is only what smoothing and
# rounding leave of the neighbours.
_BEGUN = 0.1
# A response is over after this many of its slow time constants.
_LONGEST = 6.0


@dataclass(frozen=True)
class Response:
    """One skin conductance response.

    Attributes
    ----------
    onset_s, peak_s : float
        In the samples' time.
    amplitude_us, rise_s, half_recovery_s, area_us_s : float
        See `Responses`.
    quality : float
        Share of it, onset to half recovery, that was measured and is no artefact, 0 to 1.
    utc_s : float or None
        Its onset by the computer's wall clock, Unix time; None where it is not known.
    """

    onset_s: float
    peak_s: float
    amplitude_us: float
    rise_s: float
    half_recovery_s: float
    area_us_s: float
    quality: float = 1.0
    utc_s: float | None = None


@dataclass(frozen=True)
class Responses:
    """Skin conductance responses in the order of their onsets; all float64 (n,).

    Attributes
    ----------
    onset_s, peak_s : float64 (n,)
        Seconds since the first sample of the driver.
    amplitude_us : float64 (n,)
        Height of the peak above what was there at the onset, microsiemens.
    rise_s : float64 (n,)
        From onset to peak, seconds.
    half_recovery_s : float64 (n,)
        From the peak until half of the amplitude is left, seconds, by the model's response.
    area_us_s : float64 (n,)
        Area of the burst: of the driver over time, microsiemens times seconds.
    """

    onset_s: FloatArray
    peak_s: FloatArray
    amplitude_us: FloatArray
    rise_s: FloatArray
    half_recovery_s: FloatArray
    area_us_s: FloatArray

    def __len__(self) -> int:
        return int(self.onset_s.size)

    def where(self, chosen: NDArray[np.bool_]) -> Responses:
        """Return the responses that a mask, bool (n,), chooses."""
        return Responses(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def one(self, place: int, quality: float) -> Response:
        """Return the response at a place."""
        values = {field.name: float(getattr(self, field.name)[place]) for field in fields(self)}
        return Response(**values, quality=quality)

    def later(self, seconds: float) -> Responses:
        """Return the same responses, `seconds` later."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        moved = {name: values[name] + seconds for name in ("onset_s", "peak_s")}
        return Responses(**{**values, **moved})

    def sound_share(self, bad: NDArray[np.bool_], rate_hz: float) -> FloatArray:
        """Return the share of each response, onset to half recovery, that is not bad; (n,), 0 to 1.

        Parameters
        ----------
        bad : bool (m,)
            Missing, an artefact or ill-posed; its first sample lies at second 0.
        rate_hz : float
            Of the grid.
        """
        total = np.concatenate([[0], np.cumsum(bad)])
        first = np.rint(self.onset_s * rate_hz).astype(int)
        last = np.rint((self.peak_s + self.half_recovery_s) * rate_hz).astype(int)
        first, last = np.clip(first, 0, total.size - 2), np.clip(last + 1, 1, total.size - 1)
        return np.asarray(1.0 - (total[last] - total[first]) / np.maximum(last - first, 1))

    @staticmethod
    def joined(parts: list[Responses]) -> Responses:
        """Return the responses of several stretches as one."""
        if not parts:
            return Responses(*(np.empty(0) for _ in fields(Responses)))
        return Responses(
            *(np.concatenate([getattr(p, field.name) for p in parts]) for field in fields(parts[0]))
        )


def noise_us(eda_us: FloatArray) -> float:
    """Return the standard deviation of a signal's white noise, microsiemens.

    From the median absolute third difference, which skin conductance hardly has.

    Parameters
    ----------
    eda_us : float64 (n,)
        On a uniform grid, without NaN; 0 is returned for fewer than 8 samples.
    """
    if eda_us.size < 8:
        return 0.0
    # Var of a third difference of white noise: 1 + 9 + 9 + 1; 0.6745 sigma is a normal's MAD.
    return median(np.abs(np.diff(eda_us, 3))) / 0.6745 / math.sqrt(20.0)


def find(
    driver_us: FloatArray,
    rate_hz: float,
    *,
    min_amplitude_us: float = MIN_AMPLITUDE_US,
    tau_slow_s: float = 2.0,
    tau_fast_s: float = 0.7,
) -> Responses:
    """Return the responses that a driver makes.

    Parameters
    ----------
    driver_us : float64 (n,)
        Driver of the decomposition, microsiemens.
    rate_hz : float
        Of the driver.
    min_amplitude_us : float
        Smaller responses are left out, microsiemens.
    tau_slow_s, tau_fast_s : float
        Time constants of the decomposition.
    """
    if not driver_us.size:
        return Responses.joined([])
    shape = _bateman(rate_hz, tau_slow_s, tau_fast_s)
    # No burst of this area reaches the least amplitude, nor does one twice as large, spread out.
    least_area = min_amplitude_us / float(shape.max())
    starts = _bursts(driver_us, rate_hz, _LOW * min_amplitude_us)
    total = np.concatenate([[0.0], np.cumsum(driver_us)])
    area = np.diff(total[np.append(starts, driver_us.size)]) / rate_hz
    first, stop, onset = _extents(driver_us, starts, total)
    backwards, place = shape[::-1].copy(), np.flatnonzero(area >= least_area)
    curves = [
        _curve(driver_us[a:b], backwards, rate_hz)
        for a, b in zip(first[place].tolist(), stop[place].tolist(), strict=True)
    ]
    peak, amplitude, half = np.array(curves).reshape(-1, 3).T
    onset_s, peak_s = onset[place] / rate_hz, (first[place] + peak) / rate_hz
    columns = Responses(
        onset_s, peak_s, amplitude, peak_s - onset_s, (half - peak) / rate_hz, area[place]
    )
    columns = columns.where(amplitude >= min_amplitude_us)
    return columns.where(_apart(columns))


def _bateman(rate_hz: float, slow_s: float, fast_s: float) -> FloatArray:
    """Return the response to a burst of area 1, float64 (m,), microsiemens."""
    time_s = np.arange(1, math.ceil(_LONGEST * slow_s * rate_hz)) / rate_hz
    shape: FloatArray = np.exp(-time_s / slow_s) - np.exp(-time_s / fast_s)
    return np.concatenate([[0.0], shape])


def _bursts(driver_us: FloatArray, rate_hz: float, lowest: float) -> NDArray[np.intp]:
    """Return the first sample of each burst that rises to `lowest` somewhere; one ends the last."""
    width = _SMOOTHING_S * rate_hz
    reach = max(1, math.ceil(3 * width))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    # "full", cut by hand: "same" is as long as the longer of the two.
    smooth = np.convolve(driver_us, kernel / kernel.sum())[reach : reach + driver_us.size]
    padded = np.concatenate([[-1.0], smooth, [-1.0]])
    tops = np.flatnonzero((smooth > padded[:-2]) & (smooth >= padded[2:]) & (smooth > lowest))
    if not tops.size:
        return np.empty(0, dtype=np.intp)
    lows, valleys = _lowest(smooth, tops)
    starts = [0]
    heights = smooth[tops].tolist()
    height = heights[0]
    for low, valley, top in zip(lows.tolist(), valleys.tolist(), heights[1:], strict=True):
        if low > _VALLEY * min(height, top):
            height = max(height, top)
        else:
            starts.append(valley)
            height = top
    return np.array(starts)


def _lowest(smooth: FloatArray, tops: NDArray[np.intp]) -> tuple[FloatArray, NDArray[np.intp]]:
    """Return the least value between each two tops, and where it is first reached."""
    lows = np.minimum.reduceat(smooth, tops)[:-1]
    between = smooth[tops[0] : tops[-1]]
    at = np.flatnonzero(between == np.repeat(lows, np.diff(tops))) + tops[0]
    return lows, at[np.searchsorted(at, tops[:-1])]


def _extents(
    driver_us: FloatArray, starts: NDArray[np.intp], total: FloatArray
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Return where each burst's driver begins and ends (exclusive), and its onset.

    `total` (n + 1,) is the driver's sum before each sample.
    """
    if not starts.size:
        return starts, starts, starts
    stops = np.append(starts[1:], driver_us.size)
    highest = np.repeat(np.maximum.reduceat(driver_us, starts), stops - starts)
    held = np.flatnonzero(driver_us > 1e-9 * highest)
    first = held[np.searchsorted(held, starts)]
    last = held[np.searchsorted(held, stops) - 1]
    fired = (1.0 - _BEGUN) * total[starts] + _BEGUN * total[stops]
    onset = np.searchsorted(total, fired) - 1
    return first, last + 1, np.clip(onset, first, last)


def _curve(burst: FloatArray, backwards: FloatArray, rate_hz: float) -> tuple[float, float, float]:
    """Return place and height of the peak of what a burst makes, and where half of it is left.

    Places are samples from the burst's first on; `backwards` is the response to area 1, reversed.
    """
    curve = np.correlate(burst, backwards, "full")
    curve /= rate_hz
    top = int(curve.argmax())
    peak, amplitude = _vertex(curve, top)
    after = curve[top:]
    below = int((after <= amplitude / 2.0).argmax())
    before, here = float(after[below - 1]), float(after[below])
    return peak, amplitude, top + below - 1 + (before - amplitude / 2.0) / (before - here)


def _vertex(curve: FloatArray, top: int) -> tuple[float, float]:
    """Return place and height of the parabola through the highest sample and its neighbours."""
    if not 0 < top < curve.size - 1:
        return float(top), float(curve[top])
    before, here, after = curve[top - 1 : top + 2].tolist()
    bend = before - 2.0 * here + after
    if bend >= 0.0:
        return float(top), here
    shift = 0.5 * (before - after) / bend
    return top + shift, here - 0.25 * (before - after) * shift


def _apart(found: Responses) -> NDArray[np.bool_]:
    """Return which responses are not the small companion of a large one, bool (n,)."""
    if not len(found):
        return np.ones(0, dtype=bool)
    peak_s = np.maximum.accumulate(found.peak_s)
    first = np.searchsorted(peak_s, found.peak_s - _BESIDE_S)
    stop = np.searchsorted(peak_s, found.peak_s + _BESIDE_S, side="right")
    heights = np.append(found.amplitude_us, -np.inf)  # a place to stop at
    highest = np.maximum.reduceat(heights, np.stack([first, stop], axis=1).ravel())[::2]
    return np.asarray(found.amplitude_us >= _BESIDE * highest)
