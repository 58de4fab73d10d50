"""`analyse(samples) -> Analysis`: a whole recording split, its responses found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from device.arguments import number, real_array
from device.errors import ArgumentError, SignalError
from device.readers.base import Source
from device.samples import Samples
from runtime.analysis.measures.analysis import Analysis
from runtime.analysis.measures.grid import Gridded, on_grid, runs
from runtime.analysis.measures.settings import Settings
from runtime.analysis.measures.units import refuse_other_units
from runtime.preprocessing.events.marks import artefacts
from runtime.preprocessing.events.responses import NOISE_FACTOR, Responses
from runtime.preprocessing.events.split import LEAST_ALPHA, SHORTEST_S, split

_WORTH_TELLING = 0.01


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
    if grid.eda_us.size < SHORTEST_S * grid.rate_hz:
        raise SignalError(
            f"{name} lasts {grid.eda_us.size / grid.rate_hz:.1f} s; a tonic level needs at least "
            f"{SHORTEST_S:g} s"
        )
    time_s = grid.start_s + np.arange(grid.eda_us.size) / grid.rate_hz
    bad = artefacts(time_s, grid.eda_us, grid.rate_hz)
    parts = np.full((3, grid.eda_us.size), np.nan)
    ill_posed = np.zeros(bad.size, dtype=bool)
    found, noises, alphas, skipped = [], [0.0], [LEAST_ALPHA], 0
    for first, stop in runs(np.isfinite(grid.eda_us)):
        if stop - first < SHORTEST_S * grid.rate_hz:
            skipped += stop - first
            continue
        own = split(
            grid.eda_us[first:stop],
            bad[first:stop],
            grid.rate_hz,
            min_amplitude_us=chosen.min_amplitude_us,
            threads=threads,
        )
        parts[:, first:stop] = own.tonic_us, own.phasic_us, own.driver_us
        bad[first:stop], ill_posed[first:stop] = own.artefact, own.ill_posed
        found.append(own.responses.later(grid.start_s + first / grid.rate_hz))
        noises.append(own.noise_us)
        alphas.append(own.alpha)
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
