"""`analyse(samples) -> Analysis`: a whole recording split, its responses found."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from device.arguments import number, real_array
from device.errors import ArgumentError, SignalError
from device.readers.base import Source
from device.samples import FloatArray, Samples
from runtime.analysis.artefacts import artefacts, with_a_fall
from runtime.analysis.features import feature_table
from runtime.analysis.grid import Gridded, on_grid, runs
from runtime.analysis.settings import Settings
from runtime.analysis.table import Table
from runtime.analysis.units import refuse_other_units
from runtime.cvxeda.recording import decompose
from runtime.preprocessing.responses import NOISE_FACTOR, Responses, find, noise_us

if TYPE_CHECKING:
    from pathlib import Path

# The weights of the decomposition belong to the recording in units of 1 µS, so that a response
# counts the same in a lively recording and in a quiet one.
SCALE_US = 1.0
_LEAST_ALPHA = 8e-4
# Alpha rises with the noise, or else noise becomes driver: this many standard deviations of what
# white noise adds to K'v, whose columns have the norm sqrt(integral of the response squared) =
# sqrt(0.313 s). What the model's response leaves of a person's counts as noise of this part of the
# usual change in a second.
_ALPHA_NOISES, _NORM2_S, _MISMATCH = 2.0, 0.313, 0.04
# A tonic part that swings this many times as far as the recording, within blocks of this length, is
# cancelled by the phasic part; a recording that hardly moves may do so by this much.
_LARGEST_SWING, _BLOCK_S, _LEAST_SWING_US = 2.0, 60.0, 0.05
_WORTH_TELLING = 0.01
SOUND = 0.5
# Stretches between gaps that are shorter than this say nothing about a tonic level.
_SHORTEST_S = 10.0


@dataclass(frozen=True)
class Analysis:
    """A recording, analysed. Arrays of length n lie on the grid.

    Attributes
    ----------
    rate_hz : float
        Of the grid.
    time_s : float64 (n,)
        In the recording's own time, seconds.
    eda_us, tonic_us, phasic_us, driver_us : float64 (n,)
        Skin conductance and its parts, microsiemens; NaN in gaps.
    missing, artefact, ill_posed : bool (n,)
        Where there was no sample; where it is not skin; where tonic and phasic are two large curves
        that cancel each other.
    responses : Responses
        In the recording's own time; `sound` chooses those that features count.
    noise_us, alpha : float
        Standard deviation of the noise, microsiemens, and the weight that follows from it; of the
        stretch that has most of it.
    notes : tuple of str
        What a reader of the results should know, in plain words.
    name : str
        What the recording is.
    markers : tuple of (float, str)
        Times (s) and texts noted while it was recorded.
    settings : Settings
        As given.
    grid : Gridded
        What it was made of.
    """

    rate_hz: float
    time_s: FloatArray
    eda_us: FloatArray
    tonic_us: FloatArray
    phasic_us: FloatArray
    driver_us: FloatArray
    missing: NDArray[np.bool_]
    artefact: NDArray[np.bool_]
    ill_posed: NDArray[np.bool_]
    responses: Responses
    noise_us: float
    alpha: float
    notes: tuple[str, ...]
    name: str
    markers: tuple[tuple[float, str], ...]
    settings: Settings
    grid: Gridded = field(repr=False)

    @property
    def scr(self) -> Table:
        """A row per response; docs/analysis.md names the columns."""
        found = self.responses
        return Table(
            {
                "onset": found.onset_s,
                "peak": found.peak_s,
                "amplitude": found.amplitude_us,
                "rise_time": found.rise_s,
                "half_recovery_time": found.half_recovery_s,
                "driver_area": found.area_us_s,
                "quality": self._quality(),
            }
        )

    @property
    def sound(self) -> Responses:
        """The responses with a quality of at least one half, which features count."""
        return self.responses.where(self._quality() >= SOUND)

    def features(
        self,
        window_s: float | None = None,
        step_s: float | None = None,
        events: Table | None = None,
    ) -> Table:
        """Return a row per window, or per interval of an event table.

        Parameters
        ----------
        window_s, step_s : float or None
            Length of a window and seconds from one to the next; None for the settings'.
        events : Table or None
            With columns "onset" and "duration" (s, the recording's time) and what else is to be
            kept.
        """
        window_s = number("window_s", window_s or self.settings.window_s, 0, open_ends=True)
        step_s = number("step_s", step_s or self.settings.step_s, 0, open_ends=True)
        return feature_table(self, window_s, step_s, events)

    def plot(self, axes: Any = None) -> Any:
        """Draw recording, parts and responses with matplotlib; return the figure.

        Raises
        ------
        device.errors.MissingExtraError
            If matplotlib is not installed.
        """
        from runtime.analysis.figure import draw

        return draw(self, axes)

    def report(self, path: Path | str, events: Table | None = None) -> None:
        """Write the page of this recording, which needs no network."""
        from pathlib import Path

        from runtime.analysis.page import build

        Path(path).write_text(build(self, events), encoding="utf-8")

    def eda_table(self) -> Table:
        """Return recording, parts and driver on the grid, with 1 where it is an artefact."""
        return Table(
            {
                "time": np.round(self.time_s, 6),
                "eda": self.eda_us,
                "tonic": self.tonic_us,
                "phasic": self.phasic_us,
                "driver": self.driver_us,
                "artefact": self.artefact.astype(np.int8),
            }
        )

    def __repr__(self) -> str:
        return (
            f"Analysis of {self.name}: {self.time_s.size / self.rate_hz:.0f} s at "
            f"{self.rate_hz:g} Hz, {len(self.responses)} responses"
        )

    def _quality(self) -> FloatArray:
        """Return the share of each response, onset to half recovery, that is sound."""
        bad = np.concatenate([[0], np.cumsum(self.missing | self.artefact | self.ill_posed)])
        found, start_s = self.responses, float(self.time_s[0]) if self.time_s.size else 0.0
        first = np.rint((found.onset_s - start_s) * self.rate_hz).astype(int)
        last = np.rint((found.peak_s + found.half_recovery_s - start_s) * self.rate_hz).astype(int)
        first, last = np.clip(first, 0, bad.size - 2), np.clip(last + 1, 1, bad.size - 1)
        return np.asarray(1.0 - (bad[last] - bad[first]) / np.maximum(last - first, 1))


def analyse(
    recording: Samples | Source | ArrayLike,
    rate_hz: float | None = None,
    *,
    name: str = "",
    settings: Settings | None = None,
    threads: int = 1,
    **options: Any,
) -> Analysis:
    """Analyse a whole recording.

    Parameters
    ----------
    recording : Samples, Source or array-like (n,)
        Skin conductance in microsiemens; NaN where there is no value.
    rate_hz : float or None
        Samples per second, of an array.
    name : str
        What it is, for messages and pages.
    settings : Settings or None
        How to analyse it.
    threads : int
        Decompose pieces of long recordings so many at a time; the result is the same.
    **options
        Fields of `Settings`, such as `min_amplitude_us=0.02`.

    Raises
    ------
    SignalError
        If it cannot be skin conductance in microsiemens, holds no value, or is too short.
    ArgumentError
        If an argument is out of range, or an array comes without its rate.
    """
    chosen = Settings(**{**(vars(settings) if settings else {}), **options})
    blocks, name, markers = _blocks(recording, rate_hz, name)
    grid = on_grid(blocks, chosen.grid_hz)
    refuse_other_units(name, grid.eda_us)
    if grid.eda_us.size < _SHORTEST_S * grid.rate_hz:
        raise SignalError(
            f"{name} lasts {grid.eda_us.size / grid.rate_hz:.1f} s; a tonic level needs at least "
            f"{_SHORTEST_S:g} s"
        )
    time_s = grid.start_s + np.arange(grid.eda_us.size) / grid.rate_hz
    bad = artefacts(time_s, grid.eda_us, grid.rate_hz)
    parts = np.full((3, grid.eda_us.size), np.nan)
    ill_posed = np.zeros(bad.size, dtype=bool)
    found, noises, alphas, skipped = [], [0.0], [_LEAST_ALPHA], 0
    for first, stop in runs(np.isfinite(grid.eda_us)):
        if stop - first < _SHORTEST_S * grid.rate_hz:
            skipped += stop - first
            continue
        eda_us = grid.eda_us[first:stop]
        noise = noise_us(eda_us)
        bad[first:stop] = with_a_fall(bad[first:stop], eda_us, noise)
        # A straight line in place of an artefact, whose edges would bend the parts around it.
        eda_us = _without(eda_us, bad[first:stop])
        alpha = _alpha(eda_us, grid.rate_hz, noise)
        split = decompose(eda_us, grid.rate_hz, scale_us=SCALE_US, alpha=alpha, threads=threads)
        parts[:, first:stop] = split.tonic, split.phasic, split.driver
        least = max(chosen.min_amplitude_us, NOISE_FACTOR * noise)
        responses = find(split.driver, grid.rate_hz, min_amplitude_us=least)
        found.append(responses.later(grid.start_s + first / grid.rate_hz))
        noises.append(noise)
        alphas.append(alpha)
        ill_posed[first:stop] = _cancelling(eda_us, split.tonic, grid.rate_hz)
    notes = _notes(grid, bad, max(noises), chosen, ill_posed, skipped)
    return Analysis(
        grid.rate_hz, time_s, grid.eda_us, parts[0], parts[1], parts[2], grid.missing, bad,
        ill_posed, Responses.joined(found), max(noises), max(alphas), notes, name, markers, chosen,
        grid,
    )  # fmt: skip


def _blocks(
    recording: Any, rate_hz: float | None, name: str
) -> tuple[Iterable[Samples], str, tuple[tuple[float, str], ...]]:
    if isinstance(recording, Source):
        return recording.blocks(), name or str(recording.path), recording.markers
    if isinstance(recording, Samples):
        return [recording], name or "the recording", ()
    if rate_hz is None:
        raise ArgumentError(
            "rate_hz is needed with an array: samples per second; or give Samples with times"
        )
    rate_hz = number("rate_hz", rate_hz, 0, open_ends=True)
    eda_us = real_array("eda_us", recording)
    if eda_us.ndim != 1:
        raise SignalError(f"eda_us has shape {eda_us.shape}; it must be one-dimensional")
    return [Samples(np.arange(eda_us.size) / rate_hz, eda_us)], name or "the recording", ()


def _alpha(eda_us: FloatArray, rate_hz: float, noise: float) -> float:
    second = max(1, round(rate_hz))
    change = float(np.quantile(np.abs(eda_us[second:] - eda_us[:-second]), 0.9))
    noise = math.hypot(noise, _MISMATCH * change) / SCALE_US
    return max(_LEAST_ALPHA, _ALPHA_NOISES * noise * math.sqrt(_NORM2_S / rate_hz))


def _without(eda_us: FloatArray, bad: NDArray[np.bool_]) -> FloatArray:
    """Return a stretch with straight lines where it is bad; as it is where all of it is."""
    if not bad.any() or bad.all():
        return eda_us
    places = np.arange(eda_us.size)
    return np.where(bad, np.interp(places, places[~bad], eda_us[~bad]), eda_us)


def _cancelling(eda_us: FloatArray, tonic_us: FloatArray, rate_hz: float) -> NDArray[np.bool_]:
    """Return where the tonic part swings much further than the recording does, bool (n,)."""
    length = max(2, min(round(_BLOCK_S * rate_hz), eda_us.size))
    marked = np.zeros(eda_us.size, dtype=bool)
    for first in range(0, eda_us.size, length):
        place = slice(max(0, min(first, eda_us.size - length)), first + length)
        swing = max(float(np.ptp(eda_us[place])), _LEAST_SWING_US)
        marked[first : first + length] = float(np.ptp(tonic_us[place])) > _LARGEST_SWING * swing
    return marked


def _notes(
    grid: Gridded,
    bad: NDArray[np.bool_],
    noise: float,
    settings: Settings,
    ill_posed: NDArray[np.bool_],
    skipped: int,
) -> tuple[str, ...]:
    notes = []
    for where, text in (
        (grid.missing, "{} of the recording has no samples."),
        (bad, "{} of the recording is an artefact."),
        (
            ill_posed,
            "Tonic and phasic cannot be told apart in {} of the recording: two large curves that "
            "cancel. Do not use responses from there.",
        ),
    ):
        if where.mean() >= _WORTH_TELLING:
            notes.append(text.format(f"{100 * where.mean():.0f} %"))
    if NOISE_FACTOR * noise > settings.min_amplitude_us:
        notes.append(
            f"The noise is {noise:.3g} µS, so that responses below {NOISE_FACTOR * noise:.2g} µS "
            f"are left out, not below {settings.min_amplitude_us:g} µS."
        )
    if skipped:
        notes.append(
            f"{skipped / grid.rate_hz:.0f} s between gaps were too short to be decomposed."
        )
    return tuple(notes)
