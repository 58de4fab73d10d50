"""Anybody's own folder of Empatica E4 sessions, with a table of what happened when.

The table is a CSV with a header and a row per segment:

- `session`: a folder with EDA.csv, or a zip or CSV file, under the root; `.zip` may be left out;
- `start`, `stop`: Unix seconds, or seconds since the session's start; what is 10^9 or more is the
  former. A row has both in the same form;
- `person`: who wore it, by whom training and testing are kept apart;
- `arousal`, `valence`: either may be missing or empty. Classes where all are "low", "high", 0 or 1;
  else ratings on a scale that goes from the least in the table to the greatest;
- `stimulus`: a name for the segment, unique within its session; may be missing.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath

from device.errors import DatasetError
from training.datasets.parsers.empatica import NAME, E4Recording, read_eda
from training.datasets.recordings import TARGETS, Dataset
from training.datasets.sessions import Segment, Session, usable

COLUMNS = ("session", "start", "stop", "person")
_UNIX_S = 1e9
_CLASSES = {"low": 0, "high": 1, "0": 0, "1": 1, "0.0": 0, "1.0": 1}
HOW_TO_GET = (
    "Give the folder that holds the sessions, as Empatica's site exports them, with --data-root, "
    "and the table of segments with --labels-csv."
)


@dataclass(frozen=True)
class _Row:
    """A row of the table, with its place in words."""

    where: str
    session: str
    start: float
    stop: float
    person: str
    stimulus: str
    values: Mapping[str, str]


def load(root: Path, labels_csv: Path | None) -> Dataset:
    """Read the sessions that a table names, as recordings of its segments.

    Parameters
    ----------
    root : Path
        Holds the sessions.
    labels_csv : Path or None
        The table; None is refused.

    Raises
    ------
    DatasetError
        Naming file and row, what was found and what was expected.
    """
    if labels_csv is None:
        raise DatasetError("e4 needs a table of what happened when: give it with --labels-csv")
    rows = _rows(labels_csv)
    are_classes = all(value.lower() in _CLASSES for row in rows for value in row.values.values())
    by_session: dict[str, list[_Row]] = {}
    for row in rows:
        by_session.setdefault(row.session, []).append(row)
    _check_names(root, by_session)
    sessions = [_session(root, name, own, are_classes) for name, own in by_session.items()]
    skipped: Counter[str] = Counter()
    recordings = usable(sessions, skipped)
    if not recordings:
        raise DatasetError(
            f"No segment of {labels_csv.name} can be used: {dict(skipped) or 'none has a label'}"
        )
    recordings.sort(key=lambda recording: recording.subject)
    people = len({recording.subject for recording in recordings})
    rated = [value for r in recordings for value in r.ratings.values()]
    return Dataset(
        "e4",
        f"own recordings with an Empatica E4 ({people} people)",
        recordings,
        (0.0, 1.0) if are_classes else (min(rated), max(rated)),
        skipped,
        (f"Segments and labels are those of {labels_csv.name}.",),
        class_rule=f"low and high as in {labels_csv.name}",
        sessions=tuple(sessions),
    )


def _rows(path: Path) -> list[_Row]:
    if not path.is_file():
        raise DatasetError(f"There is no {path}; a table with {', '.join(COLUMNS)} was expected")
    with path.open(newline="", encoding="utf-8-sig") as lines:
        reader = csv.DictReader(lines, restval="")
        header = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = header
        missing = [name for name in COLUMNS if name not in header]
        if missing or not set(TARGETS) & set(header):
            lacks = f"the column {missing[0]!r}" if missing else "both arousal and valence"
            raise DatasetError(
                f"{path.name} lacks {lacks}; it has: {', '.join(header) or 'nothing'}"
            )
        rows = [
            _row(f"{path.name}, line {reader.line_num}", cells)
            for cells in reader
            if any(isinstance(cell, str) and cell.strip() for cell in cells.values())
        ]
    if not rows:
        raise DatasetError(f"{path.name} has no row; one for each segment was expected")
    return rows


def _row(where: str, cells: dict[str | None, str]) -> _Row:
    told = {name: cells[name].strip() for name in cells if name is not None}
    for name in ("session", "person"):
        if not told[name]:
            raise DatasetError(f"{where}: {name} is empty; a name was expected")
    place = PurePosixPath(told["session"])
    if place.is_absolute() or ".." in place.parts:
        raise DatasetError(
            f"{where}: session is {told['session']!r}; a place under the root was expected"
        )
    times = {name: _number(told[name]) for name in ("start", "stop")}
    for name, value in times.items():
        if value is None or value < 0:
            raise DatasetError(
                f"{where}: {name} is {told[name]!r}; Unix seconds or seconds since the session's "
                "start were expected"
            )
    start, stop = float(times["start"] or 0.0), float(times["stop"] or 0.0)
    if (start < _UNIX_S) != (stop < _UNIX_S):
        raise DatasetError(
            f"{where}: of start {start:.10g} and stop {stop:.10g} one is in Unix seconds and one "
            "is not; the same form was expected"
        )
    if stop <= start:
        raise DatasetError(f"{where}: stop {stop:.10g} does not come after start {start:.10g}")
    values = {target: told[target] for target in TARGETS if told.get(target)}
    for target, cell in values.items():
        if cell.lower() not in _CLASSES and _number(cell) is None:
            raise DatasetError(
                f"{where}: {target} is {cell!r}; low, high, or a number was expected"
            )
    stimulus = told.get("stimulus") or f"{start:.10g} to {stop:.10g} s"
    return _Row(where, told["session"], start, stop, told["person"], stimulus, values)


def _session(root: Path, name: str, rows: list[_Row], are_classes: bool) -> Session:
    recorded = read_eda(_place(root, name, rows[0].where))
    end_s = float(recorded.samples.time_s[-1]) + 1.0 / recorded.rate_hz
    spans = sorted(((*_span(row, recorded, end_s), row) for row in rows), key=lambda s: s[:2])
    people = {row.person: row for row in rows}
    if len(people) > 1:
        (one, first), (other, second) = list(people.items())[:2]
        raise DatasetError(
            f"{second.where}: session {name} is of {other}, but of {one} in {first.where}; a "
            "session of one person was expected"
        )
    for (_, stop_s, before), (start_s, _, row) in pairwise(spans):
        if start_s < stop_s:
            raise DatasetError(
                f"{row.where}: it begins {stop_s - start_s:g} s before the segment of "
                f"{before.where} ends; segments that do not overlap were expected"
            )
    named: dict[str, _Row] = {}
    for row in rows:
        if named.setdefault(row.stimulus, row) is not row:
            raise DatasetError(
                f"{row.where}: session {name} has {row.stimulus!r} in {named[row.stimulus].where} "
                "too; a name for each segment was expected"
            )
    segments = tuple(
        Segment(
            row.stimulus,
            start_s,
            stop_s,
            ratings={} if are_classes else {t: _rating(row, t) for t in row.values},
            classes={t: _CLASSES[v.lower()] for t, v in row.values.items()} if are_classes else {},
        )
        for start_s, stop_s, row in spans
    )
    return Session(rows[0].person, name, recorded.samples, segments)


def _check_names(root: Path, by_session: Mapping[str, list[_Row]]) -> None:
    """Raise `DatasetError` if two names are one session, which two people could then have."""
    known: dict[Path, _Row] = {}
    for name, rows in by_session.items():
        first = known.setdefault(_place(root, name, rows[0].where).resolve(), rows[0])
        if first is not rows[0]:
            raise DatasetError(
                f"{rows[0].where}: {name} is session {first.session} of {first.where} under "
                "another name; one name for each session was expected"
            )


def _place(root: Path, name: str, where: str) -> Path:
    """Return the session's folder, zip or file."""
    for place in (root / name, root / f"{name}.zip"):
        if place.is_file() or (place / NAME).is_file():
            return place
    there = sorted({path.parent.name for path in root.glob(f"*/{NAME}")})
    there += sorted(path.name for path in root.glob("*.zip"))
    shown = ", ".join(there[:8]) + (", ..." if len(there) > 8 else "")
    raise DatasetError(
        f"{where}: there is no session {name!r} in {root}, neither a folder with {NAME} nor a zip; "
        f"there are: {shown or 'none'}"
    )


def _span(row: _Row, recorded: E4Recording, end_s: float) -> tuple[float, float]:
    """Return start and stop in the session's time, seconds."""
    origin = recorded.start_unix_s if row.start >= _UNIX_S else 0.0
    start_s, stop_s = row.start - origin, row.stop - origin
    if start_s < 0 or stop_s > end_s + 1e-6:
        raise DatasetError(
            f"{row.where}: {row.start:.10g} to {row.stop:.10g} lies outside session "
            f"{row.session}, which goes from {origin:.10g} to {origin + end_s:.10g}"
        )
    return start_s, stop_s


def _rating(row: _Row, target: str) -> float:
    value = _number(row.values[target])
    if value is None:
        raise DatasetError(
            f"{row.where}: {target} is {row.values[target]!r}, but other rows have ratings; either "
            "classes or ratings throughout were expected"
        )
    return value


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
