"""Measures of a sitting's skin conductance, the same for real and for simulated people.

The sitting is decomposed as a whole by our exact cvxEDA, in the person's own units: the scale S of
`runtime.preprocessing.reference` over all of it. Levels, rates and amplitudes come from the parts;
the time constant of recovery, noise, step and artefacts from the signal itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from device.samples import FloatArray, Samples
from runtime.cvxeda import decompose
from runtime.preprocessing.contract import QualityLimits
from runtime.preprocessing.quality import believable
from runtime.preprocessing.reference import Reference

# Least amplitude of a response, from its trough, microsiemens: half of the fifth of Boucsein (2012)
# for wrists, whose responses are small.
_RESPONSE_US = 0.01
# Gaps that are bridged, and the least stretch that is decomposed.
_BRIDGED_S, _STRETCH_S = 5.0, 60.0
# No skin changes by more than this share of its level in a second (responses: 2 to 10 %); the
# second term, microsiemens per second, keeps noise at low levels out. Nothing is counted within
# these seconds of such a change.
_ABRUPT_SHARE, _ABRUPT_US, _AROUND_S = 0.2, 0.1, 3.0
# Recovery is read from peaks that nothing follows for so long.
_ALONE_S = 5.0
_DRIFT_S = (30.0, 120.0, 480.0)


@dataclass(frozen=True)
class Measures:
    """What one sitting shows; NaN where it shows nothing.

    Attributes
    ----------
    level_us : float
        Median tonic level at rest, microsiemens.
    task_rise : float
        Median tonic level of each task over that of the rests beside it, less 1; their median.
    rest_per_min, task_per_min : float
        Responses of at least 0.01 microsiemens.
    scr_us, scr_spread : float
        Median amplitude at rest, and standard deviation of its logarithm.
    task_scr_ratio : float
        Median amplitude in tasks over that at rest.
    half_recovery_s, rise_s : float
        Median time from an isolated peak to half of its amplitude; and from trough to peak.
    drift_30_s, drift_120_s, drift_480_s : float
        Standard deviation of the change of the tonic level over so many seconds, over the level.
    noise_us : float
        Standard deviation of what is white, from third differences where the signal is quiet.
    step_us : float
        5 % quantile of the changes that are not 0: the converter's step where it shows.
    artefacts_per_min, artefact_share : float
        Abrupt changes, and their median size over the level.
    """

    level_us: float
    task_rise: float
    rest_per_min: float
    task_per_min: float
    scr_us: float
    scr_spread: float
    task_scr_ratio: float
    half_recovery_s: float
    rise_s: float
    drift_30_s: float
    drift_120_s: float
    drift_480_s: float
    noise_us: float
    step_us: float
    artefacts_per_min: float
    artefact_share: float


Spans = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Sitting:
    """One person's sitting.

    Attributes
    ----------
    samples : Samples
        Even in time; NaN where there is no value.
    rate_hz : float
        Sampling rate.
    rests, tasks : sequence of (start_s, stop_s)
        In the samples' time.
    """

    samples: Samples
    rate_hz: float
    rests: Spans
    tasks: Spans


def measure(sitting: Sitting) -> Measures:
    """Measure a sitting."""
    samples, rate_hz = sitting.samples, sitting.rate_hz
    rests, tasks = sitting.rests, sitting.tasks
    time_s, eda_us = samples.time_s, _bridged(samples.eda_us, rate_hz)
    tonic_us, phasic_us = _parts(eda_us, rate_hz)
    rest, task = _within(time_s, rests), _within(time_s, tasks)
    level_us = _median(tonic_us[rest])
    abrupt, size_us = _abrupt(eda_us, rate_hz, level_us)
    good = np.isfinite(phasic_us) & ~_spread(abrupt, round(_AROUND_S * rate_hz))
    peaks, amplitudes_us = _responses(phasic_us, good)
    at_rest, in_task = rest[peaks], task[peaks]
    own_us = amplitudes_us[at_rest]
    minutes = np.count_nonzero(np.isfinite(tonic_us)) / rate_hz / 60
    return Measures(
        level_us=level_us,
        task_rise=_task_rise(time_s, tonic_us, rests, tasks),
        rest_per_min=_per_min(at_rest, rest & good, rate_hz),
        task_per_min=_per_min(in_task, task & good, rate_hz),
        scr_us=_median(own_us),
        scr_spread=float(np.log(own_us).std()) if own_us.size > 4 else np.nan,
        task_scr_ratio=_median(amplitudes_us[in_task]) / _median(own_us),
        half_recovery_s=_half_recovery(eda_us - tonic_us, peaks, amplitudes_us, rate_hz),
        rise_s=_rise(phasic_us, peaks, rate_hz),
        **{
            f"drift_{span_s:.0f}_s": _drift(tonic_us, round(span_s * rate_hz)) / level_us
            for span_s in _DRIFT_S
        },
        noise_us=_noise(eda_us),
        step_us=_step(samples.eda_us),
        artefacts_per_min=size_us.size / minutes if minutes else np.nan,
        artefact_share=_median(size_us) / level_us,
    )


def _bridged(eda_us: FloatArray, rate_hz: float) -> FloatArray:
    """Return the signal with short gaps, and what is at no skin's level, bridged by lines."""
    good = believable(eda_us, QualityLimits())
    out = np.where(good, eda_us, np.nan)
    for start, stop in _runs(~good):
        if start > 0 and stop < eda_us.size and (stop - start) / rate_hz <= _BRIDGED_S:
            out[start:stop] = np.linspace(eda_us[start - 1], eda_us[stop], stop - start + 2)[1:-1]
    return out


def _parts(eda_us: FloatArray, rate_hz: float) -> tuple[FloatArray, FloatArray]:
    """Return tonic and phasic, NaN where there is no signal or they cannot be told apart."""
    tonic, phasic = np.full(eda_us.size, np.nan), np.full(eda_us.size, np.nan)
    good = np.isfinite(eda_us)
    reference = Reference((), 1.0, span_s=60.0)
    reference.add_level(eda_us[good])
    _, scale_us = reference.level()
    for start, stop in _runs(good):
        if (stop - start) / rate_hz >= _STRETCH_S:
            parts = decompose(eda_us[start:stop], rate_hz, scale_us=scale_us, baseline="constant")
            tonic[start:stop], phasic[start:stop] = parts.tonic, parts.phasic
    return tonic, phasic


def _responses(
    phasic_us: FloatArray, good: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], FloatArray]:
    """Return peaks and their amplitudes from the lowest point since the peak before."""
    peaks, _ = find_peaks(np.nan_to_num(phasic_us), prominence=_RESPONSE_US)
    troughs_us = [
        float(np.nanmin(phasic_us[start:peak]))
        for start, peak in zip([0, *peaks[:-1]], peaks, strict=True)
    ]
    kept = good[peaks]
    return peaks[kept], (phasic_us[peaks] - np.array(troughs_us))[kept]


def _per_min(found: NDArray[np.bool_], where: NDArray[np.bool_], rate_hz: float) -> float:
    minutes = np.count_nonzero(where) / rate_hz / 60
    return float(np.count_nonzero(found)) / minutes if minutes else np.nan


def _task_rise(time_s: FloatArray, tonic_us: FloatArray, rests: Spans, tasks: Spans) -> float:
    rises = []
    for start_s, stop_s in tasks:
        beside = [span for span in rests if span[1] > start_s - 60 and span[0] < stop_s + 60]
        if beside:
            resting = _median(tonic_us[_within(time_s, beside)])
            rises.append(_median(tonic_us[_within(time_s, [(start_s, stop_s)])]) / resting - 1)
    return _median(np.array(rises))


def _half_recovery(
    left_us: FloatArray, peaks: NDArray[np.intp], amplitudes_us: FloatArray, rate_hz: float
) -> float:
    alone = round(_ALONE_S * rate_hz)
    found = []
    for n, (peak, amplitude) in enumerate(zip(peaks, amplitudes_us, strict=True)):
        if n + 1 < peaks.size and peaks[n + 1] - peak < alone:
            continue
        after = left_us[peak : peak + 5 * alone]
        below = np.flatnonzero(after < after[0] - amplitude / 2) if after.size else after
        if below.size:
            found.append(below[0] / rate_hz)
    return _median(np.array(found))


def _rise(phasic_us: FloatArray, peaks: NDArray[np.intp], rate_hz: float) -> float:
    found = []
    for peak in peaks:
        falls = np.flatnonzero(np.diff(phasic_us[max(0, peak - round(8 * rate_hz)) : peak + 1]) < 0)
        if falls.size:
            start = max(0, peak - round(8 * rate_hz)) + falls[-1] + 1
            found.append((peak - start) / rate_hz)
    return _median(np.array(found))


def _drift(tonic_us: FloatArray, steps: int) -> float:
    change = tonic_us[steps:] - tonic_us[:-steps]
    change = change[np.isfinite(change)]
    return float(1.4826 * np.median(np.abs(change))) if change.size else np.nan


def _noise(eda_us: FloatArray, piece: int = 20) -> float:
    """Return the white part: the quietest quarter of pieces, by third differences."""
    third = np.diff(eda_us, 3)
    pieces = third[: third.size // piece * piece].reshape(-1, piece)
    power = (pieces**2).mean(axis=1) / 20.0  # 1 + 9 + 9 + 1
    power = power[np.isfinite(power)]
    return float(np.sqrt(np.quantile(power, 0.25))) if power.size else np.nan


def _step(eda_us: FloatArray) -> float:
    change = np.abs(np.diff(eda_us))
    change = change[np.isfinite(change) & (change > 1e-6)]
    return round(float(np.quantile(change, 0.05)), 5) if change.size else np.nan


def _abrupt(
    eda_us: FloatArray, rate_hz: float, level_us: float
) -> tuple[NDArray[np.bool_], FloatArray]:
    """Mark abrupt changes, and return the range of the signal around each of them."""
    step = max(1, round(rate_hz / 4))
    change = np.zeros(eda_us.size)
    change[step:] = np.abs(np.nan_to_num(eda_us[step:] - eda_us[:-step])) * rate_hz / step
    marked = change > _ABRUPT_SHARE * level_us + _ABRUPT_US
    sizes = [
        float(np.nanmax(eda_us[start:stop]) - np.nanmin(eda_us[start:stop]))
        for start, stop in _runs(_spread(marked, round(rate_hz)))
    ]
    return marked, np.array(sizes)


def _spread(marked: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    return np.convolve(marked, np.ones(2 * reach + 1), "same") > 0.5


def _within(time_s: FloatArray, spans: Spans) -> NDArray[np.bool_]:
    out = np.zeros(time_s.size, dtype=np.bool_)
    for start_s, stop_s in spans:
        out |= (time_s >= start_s) & (time_s < stop_s)
    return out


def _runs(marked: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(np.int8), [0]])))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _median(values: FloatArray) -> float:
    values = values[np.isfinite(values)]
    return float(np.median(values)) if values.size else np.nan
