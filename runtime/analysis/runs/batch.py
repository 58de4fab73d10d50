"""A run of `rtcan analyse`: its tasks, its progress, its index."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from device.errors import RecordingError
from device.readers.registry import recordings_in
from device.text import clean, utf8
from runtime.analysis.runs import index
from runtime.analysis.runs.folder import claim
from runtime.analysis.runs.names import places
from runtime.analysis.runs.sidecars import versions
from runtime.analysis.runs.task import Batch, Outcome, Task
from runtime.analysis.runs.workers import run
from runtime.files import write_whole
from runtime.progress import progress
from runtime.recording.layout import runs as recorded_runs


def analyse_all(
    given: Sequence[Path], batch: Batch, jobs: int | None, scheduler: str | None
) -> int:
    """Analyse recordings and write their index; return how many failed.

    Raises
    ------
    RecordingError
        If there is nothing to analyse, or the output folder holds something else.
    """
    console = Console(stderr=True)
    paths = _found(given)
    claim(batch)
    jobs = jobs or _cores()
    tasks = [
        Task(path, place, batch, max(1, jobs // len(paths)))
        for path, place in zip(paths, places(paths), strict=True)
    ]
    outcomes: dict[Path, Outcome] = {}
    try:
        with progress(console) as bars:
            bar = bars.add_task("analysing", total=len(tasks), note="")
            for outcome in run(tasks, jobs, scheduler):
                outcomes[outcome.path] = outcome
                bars.update(bar, advance=1, note=escape(outcome.place.stem))
                if outcome.error:
                    path = escape(clean(str(outcome.path)))
                    # Many errors begin with the path already.
                    text = escape(outcome.error).removeprefix(f"{path}: ")
                    console.print(f"[red]{path}[/]: {text}")
    finally:
        # Also of a run that was interrupted: what there is.
        ordered = [outcomes[task.path] for task in tasks if task.path in outcomes]
        if ordered:
            _write_index(batch, ordered)
    failed = sum(bool(outcome.error) for outcome in outcomes.values())
    kept = sum(outcome.kept for outcome in outcomes.values())
    page = escape(clean(str(batch.out / "index.html")))
    console.print(
        f"{len(outcomes) - failed} analysed" + (f", {kept} of them earlier" if kept else "")
        + (f"; {failed} failed" if failed else "") + f": {page}",
        highlight=False,
    )  # fmt: skip
    return failed


def _found(given: Sequence[Path]) -> list[Path]:
    """Return the recordings in what was given, each once."""
    found: list[Path] = []
    for path in given:
        if path.is_dir() and not recorded_runs(path):
            inside = recordings_in(path)
            if not inside:
                raise RecordingError(
                    f"{path} holds no recording of a known format, and no table with a column of "
                    "skin conductance"
                )
            found += inside
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def _write_index(batch: Batch, outcomes: Sequence[Outcome]) -> None:
    page = index.build(outcomes, {**batch.told(), **versions()})
    write_whole(batch.out / "index.html", utf8(page))


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
