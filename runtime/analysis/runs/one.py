"""One recording of a run: read, analysed, written; or what an earlier run wrote of it."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Any

import numpy as np

from device.errors import RtcanError
from device.readers.base import Source
from device.text import clean, clean_lines, utf8
from runtime.analysis.measures.analyse import analyse
from runtime.analysis.measures.analysis import Analysis
from runtime.analysis.measures.table import Table
from runtime.analysis.pages.page import build
from runtime.analysis.runs.event_table import read_events
from runtime.analysis.runs.sidecars import (
    CITATIONS,
    columns,
    compressed,
    now_utc,
    to_json,
    versions,
)
from runtime.analysis.runs.task import Outcome, Task
from runtime.files import write_together
from runtime.replay.find import find

# Written last and removed first: whoever finds it finds the other files of its recording.
LAST = "scr.json"


def do(task: Task) -> Outcome:
    """Analyse a recording and write its results; an unusable one is an outcome, not an error."""
    try:
        began_s = time.perf_counter()
        # Of what is read now: a recording may grow meanwhile.
        fingerprint = task.fingerprint()
        source = find(task.path, task.batch.rate_hz, task.batch.column)
        analysis = analyse(
            source, name=clean(task.path.name), settings=task.batch.settings, threads=task.threads
        )
        events = _events(task, source, analysis)
        features = analysis.features(events=events)
        if task.batch.model is not None:
            from runtime.analysis.runs.probabilities import add_probabilities

            features = add_probabilities(features, source, task.batch.model)
        summary = _write(task, source, analysis, features, events, fingerprint, began_s)
    except RtcanError as error:
        return Outcome(task.path, task.place, {}, clean_lines(str(error)))
    except (OSError, EOFError, ValueError, MemoryError) as error:
        # A damaged file of a format that others' libraries read.
        text = clean_lines(f"{type(error).__name__}: {error}")
        return Outcome(task.path, task.place, {}, f"cannot be read or analysed: {text}")
    return Outcome(task.path, task.place, summary)


def _events(task: Task, source: Source, analysis: Analysis) -> Table | None:
    if task.events is None:
        return None
    ends = float(analysis.time_s[0]), float(analysis.time_s[-1])
    return read_events(task.events, *ends, source.began_utc_s, task.batch.settings.window_s)


def _write(
    task: Task,
    source: Source,
    analysis: Analysis,
    features: Table,
    events: Table | None,
    fingerprint: str,
    began_s: float,
) -> dict[str, Any]:
    """Write all files of a recording; return the figures of the index."""
    place = task.place
    grid_table = analysis.eda_table()
    about = {
        "Source": str(task.path),
        "Format": source.name,
        "SamplingRate": analysis.grid.sampling_rate_hz,
        "GridRate": analysis.rate_hz,
        "StartTime": float(analysis.time_s[0]),
        "TimeZeroUTC": source.began_utc_s,
        "Settings": {
            **asdict(task.batch.settings),
            "noise_us": analysis.noise_us,
            "alpha": analysis.alpha,
            "events": None if task.events is None else str(task.events),
            "model": None if task.batch.model is None else str(task.batch.model),
        },
        "Notes": list(analysis.notes),
        "Versions": versions(),
        "Made": now_utc(),
        "Cite": list(CITATIONS),
    }
    summary = summarise(analysis, features)
    scr, names = analysis.scr, list(grid_table)
    eda_json = {"SamplingFrequency": analysis.rate_hz, "StartTime": about["StartTime"],
                "Columns": names, **columns(names), **about}  # fmt: skip
    files = {
        "eda.tsv.gz": compressed(grid_table.to_tsv(header=False)),
        "eda.json": to_json(eda_json),
        "features.tsv": features.to_tsv().encode(),
        "features.json": to_json({**columns(features), **about}),
        "report.html": utf8(build(analysis, events, features, about)),
        "scr.tsv": scr.to_tsv().encode(),
    }
    summary["seconds"] = round(time.perf_counter() - began_s, 3)
    last = {**columns(scr), **about, "Summary": summary, "Fingerprint": fingerprint}
    files[LAST] = to_json(last)
    folder = task.batch.out / place.folder
    write_together(folder, {place.file(end).name: data for end, data in files.items()})
    return summary


def summarise(analysis: Analysis, features: Table) -> dict[str, Any]:
    """Return the figures of the index."""
    known = np.isfinite(analysis.tonic_us)
    minutes = float(known.sum()) / analysis.rate_hz / 60.0
    amplitudes = analysis.sound.amplitude_us
    return {
        "duration_s": analysis.time_s.size / analysis.rate_hz,
        "sampling_rate_hz": analysis.grid.sampling_rate_hz,
        "scr_count": int(amplitudes.size),
        "scr_rate": amplitudes.size / minutes if minutes else None,
        "scr_amplitude_mean": float(amplitudes.mean()) if amplitudes.size else None,
        "scl_mean": float(analysis.tonic_us[known].mean()) if known.any() else None,
        "artefact_share": float(analysis.artefact.mean()),
        "missing_share": float(analysis.missing.mean()),
        "rows": features.rows,
        "notes": list(analysis.notes),
    }


def kept(task: Task) -> Outcome | None:
    """Return what an earlier run found, where nothing has changed since."""
    try:
        told = json.loads((task.batch.out / task.place.file(LAST)).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(told, dict) or told.get("Fingerprint") != task.fingerprint():
        return None
    return Outcome(task.path, task.place, told["Summary"], kept=True)
