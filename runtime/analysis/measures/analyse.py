"""`analyse(samples) -> Analysis`: a whole recording split, its responses found."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from device.arguments import number, real_array
from device.errors import ArgumentError, SignalError
from device.readers.base import Source
from device.samples import FloatArray, Samples
from runtime.analysis.measures.analysis import Analysis
from runtime.analysis.measures.artefacts import artefacts, with_a_fall
from runtime.analysis.measures.grid import Gridded, on_grid, runs
from runtime.analysis.measures.settings import Settings
from runtime.analysis.measures.units import refuse_other_units
from runtime.cvxeda.recording import decompose
from runtime.preprocessing.responses import NOISE_FACTOR, Responses, find, noise_us

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
# Stretches between gaps that are shorter than this say nothing about a tonic level.
_SHORTEST_S = 10.0


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
