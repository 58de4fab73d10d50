"""Features of windows, and of intervals after events.

Source of the definitions: Boucsein, "Electrodermal Activity", 2nd ed. 2012, ch. 2, and the
publication recommendations of the Society for Psychophysiological Research (Boucsein et al. 2012,
doi:10.1111/j.1469-8986.2012.01384.x).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from device.arguments import real_array
from device.errors import ArgumentError
from device.samples import FloatArray
from runtime.analysis.measures.grid import runs
from runtime.analysis.measures.sympathetic import amplitude
from runtime.analysis.measures.table import Table

if TYPE_CHECKING:
    from runtime.analysis.measures.analysis import Analysis

# What an event's answer adds; see `Settings.latency_s`.
EVENT_COLUMNS = ("scr_latency", "scr_within", "scr_amplitude_first")


def feature_table(
    analysis: Analysis, window_s: float, step_s: float, events: Table | None
) -> Table:
    """Return the features of windows, or of the intervals of an event table; see `Analysis`."""
    if step_s * analysis.rate_hz < 1.0:
        raise ArgumentError(
            f"step_s is {step_s:g}; expected: at least one sample of the grid, "
            f"{1.0 / analysis.rate_hz:g} s"
        )
    if events is None:
        length_s = analysis.time_s.size / analysis.rate_hz
        start_s = float(analysis.time_s[0])
        count = max(1, int((length_s - window_s) / step_s + 1e-9) + 1)
        onset_s: FloatArray = start_s + step_s * np.arange(count, dtype=np.float64)
        columns = {"onset": onset_s, "duration": np.full(count, window_s)}
    else:
        columns = dict(events)
        onset_s = events["onset"]
    duration_s: FloatArray = columns["duration"]
    # Of a time that is not known nothing is known.
    known = np.isfinite(onset_s) & np.isfinite(duration_s)
    at_s, lasts_s = np.where(known, onset_s, -np.inf), np.where(known, duration_s, 0.0)
    found = _intervals(analysis, at_s, lasts_s)
    if events is not None:
        found.update(_answers(analysis, at_s))
    taken = [name for name in columns if name in found]
    if taken:
        raise ArgumentError(
            f"the events have a column {taken[0]!r}, which is a feature's name: rename it"
        )
    columns.update({name: np.where(known, values, np.nan) for name, values in found.items()})
    return Table(columns)


def as_events(events: Mapping[str, Any] | None) -> Table | None:
    """Return events as a table with float64 "onset" and "duration"; NaN where that is not known.

    Raises
    ------
    ArgumentError
        If one of the two is missing or holds no numbers, a duration is negative, or the columns are
        not equally long.
    """
    if events is None:
        return None
    columns = dict(events)
    for name in ("onset", "duration"):
        if name not in columns:
            found = ", ".join(map(str, columns)) or "none"
            raise ArgumentError(f"events have no column {name!r} (s); their columns: {found}")
        columns[name] = real_array(name, columns[name]).astype(np.float64)
    if (columns["duration"] < 0).any():
        raise ArgumentError("duration of events must not be negative")
    return Table(columns)


def _intervals(
    analysis: Analysis, onset_s: FloatArray, duration_s: FloatArray
) -> dict[str, FloatArray]:
    """Return the features of intervals, float64 (n,) each."""
    a, n = analysis, analysis.time_s.size
    start_s = float(a.time_s[0])
    first = np.clip(np.ceil((onset_s - start_s) * a.rate_hz - 1e-6), 0, n).astype(int)
    stop = np.clip(np.ceil((onset_s + duration_s - start_s) * a.rate_hz - 1e-6), 0, n).astype(int)
    stop = np.maximum(stop, first)
    known = np.isfinite(a.tonic_us)
    count = _sums(known.astype(np.float64), first, stop)
    some = np.where(count > 0, count, np.nan)
    tonic, phasic = np.where(known, a.tonic_us, 0.0), np.where(known, a.phasic_us, 0.0)
    index = np.where(known, _tvsymp(a), 0.0)
    samples = np.maximum(stop - first, 1)
    phasic_mean = _sums(phasic, first, stop) / some
    variance = _sums(phasic**2, first, stop) / some - phasic_mean**2
    responses = a.sound
    begins = np.searchsorted(responses.onset_s, onset_s)
    ends = np.searchsorted(responses.onset_s, onset_s + duration_s)
    number = np.where(count > 0, ends - begins, np.nan)
    heights = np.concatenate([[0.0], np.cumsum(responses.amplitude_us)])
    total = np.where(count > 0, heights[ends] - heights[begins], np.nan)
    bad = _sums((a.artefact & known).astype(np.float64), first, stop) / some
    wanted = np.maximum(duration_s * a.rate_hz, 1.0)
    sound = known & ~a.missing & ~a.artefact
    return {
        "scl_mean": _sums(tonic, first, stop) / some,
        "scl_slope": _slopes(tonic, known, first, stop, a.rate_hz),
        "scr_count": number,
        "scr_rate": number / (some / a.rate_hz / 60.0),
        "scr_amplitude_sum": total,
        "scr_amplitude_mean": total / np.where(number > 0, number, np.nan),
        "phasic_mean": phasic_mean,
        "phasic_sd": np.sqrt(np.maximum(variance, 0.0)),
        "tvsymp": _sums(index, first, stop) / some,
        "quality": np.minimum(_sums(sound.astype(np.float64), first, stop) / wanted, 1.0),
        "artefact_share": bad,
        "missing_share": _sums((a.missing | ~known).astype(np.float64), first, stop) / samples,
    }


def _answers(analysis: Analysis, onset_s: FloatArray) -> dict[str, FloatArray]:
    """Return the first response after each event, and whether it came in time for an answer."""
    responses, (low, high) = analysis.sound, analysis.settings.latency_s
    after = np.searchsorted(responses.onset_s, onset_s)
    padded = np.append(responses.onset_s, np.nan)
    earliest = np.searchsorted(responses.onset_s, onset_s + low)
    answer = np.append(responses.onset_s, np.inf)[earliest] <= onset_s + high
    heights = np.append(responses.amplitude_us, np.nan)[earliest]
    start_s, end_s = float(analysis.time_s[0]), float(analysis.time_s[-1])
    inside = (onset_s >= start_s) & (onset_s <= end_s)
    values = (padded[after] - onset_s, answer.astype(np.float64), np.where(answer, heights, np.nan))
    return {
        name: np.where(inside, value, np.nan)
        for name, value in zip(EVENT_COLUMNS, values, strict=True)
    }


def _tvsymp(analysis: Analysis) -> FloatArray:
    """Return the sympathetic index on the grid, float64 (n,)."""
    index = np.full(analysis.time_s.size, np.nan)
    for first, stop in runs(np.isfinite(analysis.tonic_us)):
        index[first:stop] = amplitude(analysis.eda_us[first:stop], analysis.rate_hz)
    # Unit variance of the band: the mean square of an amplitude is twice that of its wave.
    power = float(np.nanmean(index**2)) if np.isfinite(index).any() else 0.0
    return index / np.sqrt(power / 2.0) if power > 0 else index


def _sums(values: FloatArray, first: NDArray[np.int_], stop: NDArray[np.int_]) -> FloatArray:
    total = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(total[stop] - total[first])


def _slopes(
    values: FloatArray,
    known: NDArray[np.bool_],
    first: NDArray[np.int_],
    stop: NDArray[np.int_],
    rate_hz: float,
) -> FloatArray:
    """Return the least-squares slopes per minute; NaN where fewer than 2 values are known."""
    # Sums of t, t^2, y and t y since the start give those of every interval; y without its mean,
    # so that no digits are lost.
    time_min = np.arange(values.size) / rate_hz / 60.0
    centred = np.where(known, values - float(values[known].mean()) if known.any() else 0.0, 0.0)
    weight = known.astype(np.float64)
    count = _sums(weight, first, stop)
    t, y = _sums(weight * time_min, first, stop), _sums(centred, first, stop)
    tt, ty = _sums(weight * time_min**2, first, stop), _sums(centred * time_min, first, stop)
    some = np.where(count >= 2, count, np.nan)
    return np.asarray((ty - t * y / some) / (tt - t * t / some))
