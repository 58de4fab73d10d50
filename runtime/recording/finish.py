"""From a journal to BIDS files: at the end of a run, or later by `rtcan-record repair`."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from device.errors import RecordingError
from runtime.recording.describe import (
    EVENTS_DESCRIPTION,
    Found,
    physio_description,
    predictions_description,
)
from runtime.recording.journal import Torn, read
from runtime.recording.layout import Run
from runtime.recording.lock import JournalLock

# Columns of predictions.tsv that a replay cannot give again, because they tell of the run.
TIMING = ("compute_ms", "latency_ms")
Progress = Callable[[float], None]
_TELL_S = 0.25
# Digits of noise hardly shrink further at the usual 6, which takes three times as long.
_LEVEL = 4
_WINDOW = ("window", "start_s", "end_s")
_TARGET = ("label", "probability_high", "state", "smoothed", "change", "triggered")
_REST = ("quality", "gap_share", "baseline_left_s", "level_change_us", "reasons")


def finish(run: Run, lock: JournalLock | None = None, progress: Progress | None = None) -> Torn:
    """Write a run's files from its journal, then remove the journal; return what was torn off.

    It may be cut off at any moment and done again: the journal goes last, when all else has been
    brought to the disk.

    Parameters
    ----------
    run : Run
        A run that has a journal.
    lock : JournalLock or None
        The lock on it, from who wrote it; None to take it here. It is released in any case.
    progress : callable or None
        Told a few times a second which share of the journal, 0 to 1, has been read. What it raises
        leaves the run as it was, for later.

    Raises
    ------
    RecordingInUseError
        If the journal is still being written, or finished by another.
    RecordingError
        If the journal holds no beginning, or the files cannot be written.
    """
    lock = lock or JournalLock(run.journal)
    try:
        return _finish(run, lock, progress)
    finally:
        lock.release()


def _finish(run: Run, lock: JournalLock, progress: Progress | None) -> Torn:
    torn = Torn()
    events = read(run.journal, torn, texts=True)
    if progress is not None:
        events = _told(events, run.journal.stat().st_size, torn, progress)
    header = next(events, None)
    if header is None or header["kind"] != "header":
        raise RecordingError(
            f"{run.journal} does not begin with a header: nothing was recorded. It can be deleted."
        )
    targets = [target["name"] for target in header["contract"]["targets"]]
    try:
        found = _write_tables(run, targets, events)
        _write_json(run.physio_json, physio_description(header, found, torn))
        _write_json(run.events_json, EVENTS_DESCRIPTION)
        _write_json(run.predictions_json, predictions_description(header))
        _sync_folder(run.journal.parent)
        lock.remove()
    except OSError as error:
        raise RecordingError(
            f"The files of {run.journal} cannot be written: {error.strerror}. The journal is kept; "
            f"make room, then: rtcan-record repair {run.root}"
        ) from error
    return torn


def _told(
    events: Iterator[dict[str, Any]], size: int, torn: Torn, progress: Progress
) -> Iterator[dict[str, Any]]:
    """Hand events on, and tell now and then how far they are."""
    told_s = -math.inf
    for event in events:
        if time.monotonic() - told_s >= _TELL_S:
            told_s = time.monotonic()
            progress(torn.read / size)
        yield event


def prediction_columns(targets: Iterable[str]) -> list[str]:
    """Return the columns of predictions.tsv."""
    of_targets = [f"{target}_{name}" for target in targets for name in _TARGET]
    return [*_WINDOW, *of_targets, *_REST, *TIMING]


def prediction_row(event: dict[str, Any]) -> list[str]:
    """Return a recorded prediction as the cells of its row."""
    cells = [event[name] for name in _WINDOW]
    for target in event["targets"].values():
        cells += [target.get(name) for name in _TARGET]
    cells += [event[name] for name in _REST[:-1]]
    cells.append("; ".join(event["reasons"]) or None)
    cells += [event[name] for name in TIMING]
    return [cell(value) for value in cells]


def cell(value: Any) -> str:
    """Return a table's cell: floats to the last bit, n/a for nothing."""
    if value is None:
        return "n/a"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    return " ".join(str(value).split()) or "n/a"


def _write_tables(run: Run, targets: list[str], events: Iterator[dict[str, Any]]) -> Found:
    """Write the three tables in one pass."""
    found = Found()
    with (
        _whole(run.physio) as physio,
        _whole(run.events) as marks,
        _whole(run.predictions) as predictions,
    ):
        rows: list[tuple[float, str, str, float]] = []
        predictions.write("\t".join(prediction_columns(targets)) + "\n")
        for event in events:
            kind = event["kind"]
            if kind == "samples":
                if found.first_s is None:
                    found.first_s = float(event["time_s"][0])
                    found.raw = "raw" in event
                found.last_s = float(event["time_s"][-1])
                found.samples += len(event["time_s"])
                columns = [event["time_s"], event["eda_us"]]
                columns += [event["raw"]] if found.raw else []
                texts = (["n/a" if x is None else x for x in column] for column in columns)
                physio.write("".join(["\t".join(row) + "\n" for row in zip(*texts, strict=True)]))
            elif kind == "prediction":
                predictions.write("\t".join(prediction_row(event)) + "\n")
                for name, target in event["targets"].items():
                    if target.get("triggered"):
                        rows.append((float(event["end_s"]), "trigger", name, 0.0))
            elif kind == "clock":
                found.clock = {name: event[name] for name in event if name != "kind"}
            elif kind == "marker":
                rows.append((_onset_s(event), "marker", event["text"], 0.0))
            elif kind == "label":
                said = f"{event['target']} {1 + 4 * float(event['value']):g}"
                rows.append((_onset_s(event), "label", said, 0.0))
            elif kind == "step":
                rows.append((_onset_s(event), "enrolment", event["step"], 0.0))
            elif kind == "status":
                rows.append((_onset_s(event), event["status"], event["text"], 0.0))
            elif kind == "scr":
                lasted_s = float(event["rise_s"]) + float(event["half_recovery_s"])
                amplitude = cell(float(event["amplitude_us"]))
                rows.append((float(event["onset_s"]), "scr", amplitude, lasted_s))
        marks.write("onset\tduration\ttrial_type\tvalue\n")
        # Labels of a guided session come at its end and speak of times before, responses late.
        for onset_s, what, value, lasted_s in sorted(rows, key=_place):
            onset = "n/a" if math.isnan(onset_s) else cell(onset_s)
            marks.write(f"{onset}\t{lasted_s:.10g}\t{what}\t{cell(value)}\n")
    return found


def _onset_s(event: Mapping[str, Any]) -> float:
    """Return when an event was; NaN where the journal has no number."""
    time_s = event["time_s"]
    return math.nan if time_s is None else float(time_s)


def _place(row: tuple[float, str, str, float]) -> float:
    """Return what rows are sorted by; those of no known time come last."""
    return math.inf if math.isnan(row[0]) else row[0]


@contextlib.contextmanager
def _whole(path: Path) -> Iterator[TextIO]:
    """Give a text file that takes its name only when all of it is on the disk."""
    draft = path.with_name(path.name + ".part")
    try:
        with _opened(draft, packed=path.suffix == ".gz") as text:
            yield text
        with draft.open("rb+") as written:
            os.fsync(written.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _opened(draft: Path, *, packed: bool) -> Iterator[TextIO]:
    if packed:
        # No time and no name inside: the same recording gives the same bytes.
        with (
            draft.open("wb") as file,
            gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as squeezed,
            io.TextIOWrapper(squeezed, encoding="utf-8", newline="\n") as text,
        ):
            yield text
    else:
        with draft.open("w", encoding="utf-8", newline="\n") as text:
            yield text


def _write_json(path: Path, data: dict[str, Any]) -> None:
    with _whole(path) as text:
        text.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def _sync_folder(folder: Path) -> None:
    """Bring names to the disk, where the system lets a folder be opened (Windows does not)."""
    if os.name == "nt":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
