"""A run of `rtcan analyse`: its output folder, its tasks, its progress, its index."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from device.errors import RecordingError
from device.readers.registry import recordings_in
from runtime.analysis import index
from runtime.analysis.files import to_json, versions, write_whole
from runtime.analysis.names import places
from runtime.analysis.run import Outcome, Task, run
from runtime.analysis.settings import Settings
from runtime.recording.layout import runs as recorded_runs

DESCRIPTION = "dataset_description.json"


@dataclass(frozen=True)
class Batch:
    """What holds for all recordings of a run.

    Attributes
    ----------
    out : Path
        Output folder.
    settings : Settings
        How to analyse.
    rate_hz, column
        Of tables.
    events : Path or None
        Table of events; "{name}" in it stands for a recording's name.
    model : Path or None
        Model whose probabilities are wanted.
    overwrite : bool
        Whether results of other settings may be replaced.
    """

    out: Path
    settings: Settings
    rate_hz: float | None = None
    column: str | None = None
    events: Path | None = None
    model: Path | None = None
    overwrite: bool = False

    def told(self) -> dict[str, Any]:
        """Return what makes another run of it."""
        return {
            **asdict(self.settings),
            "events": None if self.events is None else str(self.events),
            "model": None if self.model is None else str(self.model),
        }


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
        Task(
            path, place, batch.out, batch.settings, batch.rate_hz, batch.column,
            _events_of(batch.events, path), batch.model, max(1, jobs // len(paths)),
        )
        for path, place in zip(paths, places(paths), strict=True)
    ]  # fmt: skip
    outcomes: dict[Path, Outcome] = {}
    try:
        with _progress(console) as progress:
            bar = progress.add_task("analysing", total=len(tasks), note="")
            for outcome in run(tasks, jobs, scheduler):
                outcomes[outcome.path] = outcome
                progress.update(bar, advance=1, note=escape(outcome.place.stem))
                if outcome.error:
                    console.print(f"[red]{escape(str(outcome.path))}[/]: {escape(outcome.error)}")
    finally:
        # Also of a run that was interrupted: what there is.
        ordered = [outcomes[task.path] for task in tasks if task.path in outcomes]
        if ordered:
            _write_index(batch, ordered)
    failed = sum(bool(outcome.error) for outcome in outcomes.values())
    kept = sum(outcome.kept for outcome in outcomes.values())
    console.print(
        f"{len(outcomes) - failed} analysed" + (f", {kept} of them earlier" if kept else "")
        + (f"; {failed} failed" if failed else "") + f": {escape(str(batch.out / 'index.html'))}",
        highlight=False,
    )  # fmt: skip
    return failed


def claim(batch: Batch) -> None:
    """Make the output folder this run's.

    Raises
    ------
    RecordingError
        If it holds files that are not ours, or another run's.
    """
    path = batch.out / DESCRIPTION
    if batch.out.exists() and any(batch.out.iterdir()):
        told = _read(path)
        if told is None:
            raise RecordingError(
                f"{batch.out} holds files that are not of rtcan analyse: choose another --out, or "
                "an empty folder"
            )
        changed = [
            f"{name} was {told.get(name)} and is {value}"
            for name, value in json.loads(json.dumps(batch.told())).items()
            if told.get(name) != value
        ]
        if changed and not batch.overwrite:
            raise RecordingError(
                f"{batch.out} holds another run: {'; '.join(changed)}. Choose another --out, or "
                "replace its results with --overwrite"
            )
    write_whole(
        path,
        to_json(
            {
                "Name": "Skin conductance: responses, features, tonic and phasic parts",
                "BIDSVersion": "1.10.0",
                "DatasetType": "derivative",
                "GeneratedBy": [
                    {
                        "Name": "rtcan analyse",
                        "Version": versions().get("rtcan", "n/a"),
                        "Settings": batch.told(),
                    }
                ],
            }
        ),
    )


def _read(path: Path) -> dict[str, Any] | None:
    """Return the settings of an earlier run; None where the folder is not ours."""
    try:
        maker = json.loads(path.read_text(encoding="utf-8"))["GeneratedBy"][0]
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return None
    if maker.get("Name") != "rtcan analyse" or not isinstance(maker.get("Settings"), dict):
        return None
    return dict(maker["Settings"])


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


def _events_of(events: Path | None, path: Path) -> Path | None:
    if events is None:
        return None
    return Path(str(events).replace("{name}", path.name.removesuffix(".gz").split(".")[0]))


def _write_index(batch: Batch, outcomes: Sequence[Outcome]) -> None:
    page = index.build(outcomes, {**batch.told(), **versions()})
    write_whole(batch.out / "index.html", page.encode())


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
    )


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
