"""Read, analyse and write recordings, many at a time, and only what is not done yet."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from device.errors import MissingExtraError, RtcanError, WorkerError
from device.readers.base import Source
from device.text import clean_lines
from runtime.analysis.analysis import Analysis, analyse
from runtime.analysis.event_table import read_events
from runtime.analysis.files import (
    CITATIONS,
    columns,
    compressed,
    now_utc,
    to_json,
    versions,
    write_whole,
)
from runtime.analysis.names import Place
from runtime.analysis.page import build
from runtime.analysis.settings import Settings
from runtime.analysis.table import Table
from runtime.replay.find import find

# Written last: whoever finds it finds the other files of its recording.
LAST = "scr.json"


@dataclass(frozen=True)
class Task:
    """A recording to analyse.

    Attributes
    ----------
    path : Path
        Where it is.
    place : Place
        Where its results go, below `out`.
    out : Path
        The output folder.
    settings : Settings
        How.
    rate_hz, column
        Of a table; see `runtime.replay.find`.
    events : Path or None
        A table of events.
    model : Path or None
        A model whose probabilities are wanted.
    threads : int
        For its decomposition.
    """

    path: Path
    place: Place
    out: Path
    settings: Settings
    rate_hz: float | None = None
    column: str | None = None
    events: Path | None = None
    model: Path | None = None
    threads: int = 1

    def fingerprint(self) -> str:
        """Return a hash of all that its results depend on, but for the content of large files."""
        files = [self.path, self.events, self.model]
        told: list[Any] = [asdict(self.settings), self.rate_hz, self.column, versions()]
        for path in files:
            told.append(None if path is None else _stamp(path))
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Outcome:
    """What became of a recording.

    Attributes
    ----------
    path : Path
        The recording.
    place : Place
        Of its results.
    summary : dict
        The figures of the index; empty where it failed.
    error : str
        Why it failed; "" where it did not.
    kept : bool
        Whether an earlier run had done it.
    """

    path: Path
    place: Place
    summary: dict[str, Any]
    error: str = ""
    kept: bool = False


def run(tasks: Sequence[Task], jobs: int, scheduler: str | None = None) -> Iterator[Outcome]:
    """Yield what became of each recording, as they are done.

    Parameters
    ----------
    tasks : sequence of Task
        Recordings.
    jobs : int
        Processes on this machine.
    scheduler : str or None
        Address of a Dask scheduler whose workers do it instead; they see the same files.

    Raises
    ------
    WorkerError
        If the scheduler cannot be reached, or a process was killed.
    """
    left = []
    for task in tasks:
        kept = _kept(task)
        if kept is None:
            left.append(task)
        else:
            yield kept
    if scheduler is not None:
        yield from _on_cluster(left, scheduler)
    elif jobs == 1 or len(left) <= 1:
        yield from map(do, left)
    else:
        # Started anew: a fork of a process with threads may hang.
        with ProcessPoolExecutor(min(jobs, len(left)), get_context("spawn")) as pool:
            futures = [pool.submit(do, task) for task in left]
            try:
                for future in as_completed(futures):
                    yield future.result()
            except BrokenProcessPool as error:
                raise WorkerError(
                    "A process was killed, as systems do that run out of memory: try fewer --jobs. "
                    "What is done is kept; the same command goes on"
                ) from error
            finally:
                for future in futures:
                    future.cancel()


def do(task: Task) -> Outcome:
    """Analyse a recording and write its results; an unusable one is an outcome, not an error."""
    try:
        began_s = time.perf_counter()
        source = find(task.path, task.rate_hz, task.column)
        analysis = analyse(
            source, name=task.path.name, settings=task.settings, threads=task.threads
        )
        events = _events(task, source, analysis)
        features = analysis.features(events=events)
        if task.model is not None:
            from runtime.analysis.probabilities import add_probabilities

            features = add_probabilities(features, source, task.model)
        summary = _write(task, source, analysis, features, events, began_s)
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
    return read_events(task.events, *ends, source.began_utc_s, task.settings.window_s)


def _write(
    task: Task,
    source: Source,
    analysis: Analysis,
    features: Table,
    events: Table | None,
    began_s: float,
) -> dict[str, Any]:
    """Write all files of a recording; return the figures of the index."""
    place, out = task.place, task.out
    grid_table = analysis.eda_table()
    about = {
        "Source": str(task.path),
        "Format": source.name,
        "SamplingRate": analysis.grid.sampling_rate_hz,
        "GridRate": analysis.rate_hz,
        "StartTime": float(analysis.time_s[0]),
        "TimeZeroUTC": source.began_utc_s,
        "Settings": {
            **asdict(task.settings),
            "noise_us": analysis.noise_us,
            "alpha": analysis.alpha,
            "events": None if task.events is None else str(task.events),
            "model": None if task.model is None else str(task.model),
        },
        "Notes": list(analysis.notes),
        "Versions": versions(),
        "Made": now_utc(),
        "Cite": list(CITATIONS),
    }
    summary = summarise(analysis, features)
    names = list(grid_table)
    write_whole(out / place.file("eda.tsv.gz"), compressed(grid_table.to_tsv(header=False)))
    eda_json = {"SamplingFrequency": analysis.rate_hz, "StartTime": about["StartTime"],
                "Columns": names, **columns(names), **about}  # fmt: skip
    write_whole(out / place.file("eda.json"), to_json(eda_json))
    write_whole(out / place.file("features.tsv"), features.to_tsv().encode())
    write_whole(out / place.file("features.json"), to_json({**columns(features), **about}))
    page = build(analysis, events, features, about)
    write_whole(out / place.file("report.html"), page.encode())
    scr = analysis.scr
    write_whole(out / place.file("scr.tsv"), scr.to_tsv().encode())
    summary["seconds"] = round(time.perf_counter() - began_s, 3)
    last = {**columns(scr), **about, "Summary": summary, "Fingerprint": task.fingerprint()}
    write_whole(out / place.file(LAST), to_json(last))
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


def _kept(task: Task) -> Outcome | None:
    """Return what an earlier run found, where nothing has changed since."""
    try:
        told = json.loads((task.out / task.place.file(LAST)).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(told, dict) or told.get("Fingerprint") != task.fingerprint():
        return None
    return Outcome(task.path, task.place, told["Summary"], kept=True)


def _stamp(path: Path) -> list[Any]:
    """Return what changes when a file does, or one in a folder."""
    try:
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
        return [
            str(path.resolve()),
            *((p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in files),
        ]
    except OSError:
        return [str(path)]


def _on_cluster(tasks: Sequence[Task], scheduler: str) -> Iterator[Outcome]:
    try:
        from distributed import Client
        from distributed import as_completed as completed
    except ModuleNotFoundError as error:
        raise MissingExtraError("distributed", "cluster", "--scheduler") from error
    try:
        client: Any = Client(scheduler, timeout=10, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:  # a timeout is an OSError
        raise WorkerError(
            f"No Dask scheduler answers at {scheduler}: {error or type(error).__name__}. Start one "
            "with `dask scheduler`, and workers with `dask worker ADDRESS`; or leave --scheduler "
            "out."
        ) from error
    with client:
        futures = [client.submit(do, task, pure=False) for task in tasks]
        for future in completed(futures, loop=client.loop):  # type: ignore[no-untyped-call]
            yield future.result()
