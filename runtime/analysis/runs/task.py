"""What is to be done in a run, and what became of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from device.readers.registry import parts
from runtime.analysis.measures.settings import Settings
from runtime.analysis.runs.names import Place
from runtime.analysis.runs.sidecars import versions


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
        Of tables; see `runtime.replay.find`.
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

    def events_of(self, path: Path) -> Path | None:
        """Return the table of events of one recording."""
        if self.events is None:
            return None
        name = path.name.removesuffix(".gz").split(".")[0]
        return Path(str(self.events).replace("{name}", name))

    def absolute(self) -> Batch:
        """Return the same for a process that was started in another folder."""
        events = None if self.events is None else self.events.absolute()
        model = None if self.model is None else self.model.absolute()
        return replace(self, out=self.out.absolute(), events=events, model=model)


@dataclass(frozen=True)
class Task:
    """A recording to analyse.

    Attributes
    ----------
    path : Path
        Where it is.
    place : Place
        Where its results go, below the output folder.
    batch : Batch
        How.
    threads : int
        For its decomposition.
    """

    path: Path
    place: Place
    batch: Batch
    threads: int = 1

    @property
    def events(self) -> Path | None:
        """Its table of events."""
        return self.batch.events_of(self.path)

    def absolute(self) -> Task:
        """Return the same for a process that was started in another folder."""
        return replace(self, path=self.path.absolute(), batch=self.batch.absolute())

    def fingerprint(self) -> str:
        """Return a hash of all that its results depend on, but for the content of large files."""
        batch = self.batch
        told: list[Any] = [asdict(batch.settings), batch.rate_hz, batch.column, versions()]
        told.append(_stamp(self.path, *parts(self.path)))
        for path in (self.events, batch.model):
            told.append(None if path is None else _stamp(path, path))
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


def _stamp(path: Path, *files: Path) -> list[Any]:
    """Return what changes when one of the files that make up a path does."""
    return [str(path.resolve()), *map(_file_stamp, files)]


def _file_stamp(path: Path) -> list[Any]:
    try:
        told = path.stat()
    except OSError:
        return [path.name]
    return [path.name, told.st_size, told.st_mtime_ns]
