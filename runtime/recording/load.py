"""Reading a recording back, finished or not, to the last bit."""

from __future__ import annotations

import gzip
import itertools
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from device.errors import RecordingError
from device.samples import FloatArray, Samples
from runtime.recording.finish import prediction_row
from runtime.recording.journal import Torn, read
from runtime.recording.layout import Run, runs

_BLOCK = 1024


@dataclass
class Recording:
    """One recorded run.

    Attributes
    ----------
    run : Run
        Its files.
    header : dict
        What made it: "sensor", "model", "model_sha256", "contract", "decision", "versions".
    torn : Torn
        What had to be left out at the end of an unfinished run; known after all was read.
    """

    run: Run
    header: dict[str, Any]
    torn: Torn = field(default_factory=Torn)

    def blocks(self) -> Iterator[Samples]:
        """Yield the samples in groups, as recorded."""
        if not self.run.finished:
            for event in read(self.run.journal, self.torn):
                if event["kind"] == "samples":
                    raw = _floats(event["raw"]) if "raw" in event else None
                    time_s, eda_us = _floats(event["time_s"]), _floats(event["eda_us"])
                    yield Samples(time_s, eda_us, raw, known_seconds=True)
            return
        try:
            with gzip.open(self.run.physio, "rt", encoding="utf-8") as file:
                while lines := list(itertools.islice(file, _BLOCK)):
                    rows = [line.rstrip("\n").split("\t") for line in lines]
                    time_s = np.array([float(row[0]) for row in rows])
                    eda_us = np.array([_number(row[1]) for row in rows])
                    counted = len(rows[0]) > 2
                    raw = np.array([_number(row[2]) for row in rows]) if counted else None
                    yield Samples(time_s, eda_us, raw, known_seconds=True)
        except (OSError, EOFError, zlib.error, ValueError, IndexError) as error:
            raise RecordingError(
                f"{self.run.physio} is damaged ({error}); what comes before the damage was read"
            ) from error

    def prediction_rows(self) -> Iterator[list[str]]:
        """Yield the predictions as the cells of their table's rows."""
        if not self.run.finished:
            for event in read(self.run.journal):
                if event["kind"] == "prediction":
                    yield prediction_row(event)
            return
        try:
            with self.run.predictions.open(encoding="utf-8") as file:
                for line in itertools.islice(file, 1, None):
                    yield line.rstrip("\n").split("\t")
        except (OSError, ValueError) as error:
            raise RecordingError(f"{self.run.predictions} cannot be read: {error}") from error

    def markers(self) -> Iterator[tuple[float, str]]:
        """Yield the times (s) and texts of what a person noted; not news of the sensor.

        Raises
        ------
        RecordingError
            If the table of events is damaged. People edit it: it may have more columns and rows.
        """
        if not self.run.finished:
            for event in read(self.run.journal):
                if event["kind"] == "marker" and event["time_s"] is not None:
                    yield event["time_s"], event["text"]
            return
        yield from self._events("marker")

    def labels(self) -> Iterator[tuple[float, str]]:
        """Yield the times (s) and words of what a person said, such as "arousal 4".

        Raises
        ------
        RecordingError
            See `markers`.
        """
        if not self.run.finished:
            for event in read(self.run.journal):
                if event["kind"] == "label" and event["time_s"] is not None:
                    yield event["time_s"], f"{event['target']} {1 + 4 * event['value']:g}"
            return
        yield from self._events("label")

    def _events(self, wanted: str) -> Iterator[tuple[float, str]]:
        path = self.run.events
        if not path.is_file():
            return  # somebody took the table away; the samples stand by themselves
        number = 1
        try:
            with path.open(encoding="utf-8-sig") as file:
                names = file.readline().rstrip("\n").split("\t")
                columns = [names.index(name) for name in ("onset", "trial_type", "value")]
                for number, line in enumerate(file, 2):  # noqa: B007 - for the message
                    cells = line.rstrip("\n").split("\t")
                    if len(cells) != len(names):
                        if line.strip():
                            raise ValueError(f"{len(cells)} cells, not {len(names)}")
                        continue
                    onset, kind, text = (cells[column] for column in columns)
                    if kind == wanted and onset != "n/a":
                        yield float(onset), text
        except (OSError, ValueError) as error:
            raise RecordingError(
                f"{path}, line {number}: {error}; expected were the columns onset, trial_type and "
                "value. Mend the table, or take it away: the samples stand by themselves."
            ) from error


def load(root: Path, number: int | None = None) -> Recording:
    """Open a recorded run.

    Parameters
    ----------
    root : Path
        The folder given to --record.
    number : int or None
        Which run; None for the newest.

    Raises
    ------
    RecordingError
        If there is none, or it cannot be read.
    """
    found = runs(root)
    chosen = [run for run in found if number is None or run.number == number]
    if not chosen:
        known = ", ".join(str(run.number) for run in found) or "none"
        raise RecordingError(
            f"{root} holds no run {number if number is not None else 'at all'} recorded by "
            f"rtcan-live --record (found: {known})"
        )
    run = chosen[-1]
    if not run.finished:
        header = next(read(run.journal), None)
        if header is None or header["kind"] != "header":
            raise RecordingError(f"{run.journal} does not begin with a header")
        return Recording(run, header)
    try:
        header = json.loads(run.physio_json.read_text(encoding="utf-8"))["RTCAN"]
        _ = header["sensor"]["name"]  # some other program may have the key too
        return Recording(run, header)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordingError(
            f"{run.physio_json} is not what rtcan-live writes beside its samples: {error!r}"
        ) from error


def _floats(values: list[float | None]) -> FloatArray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _number(text: str) -> float:
    return float("nan") if text == "n/a" else float(text)
