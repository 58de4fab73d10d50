"""Columns of times, in the forms that recorders write, as seconds since the first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from device.errors import RecordingError
from device.names import fold
from device.samples import FloatArray
from device.text import is_number

# What a message says of the last line, where no number can be read in it. It is not left out in
# silence: a number that was cut in two reads as another one, so that a person must look.
CUT_OFF = " It is the last line: was the file cut off? If so, delete that line."
_DAY_S = 86400.0
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}(?:[.,]\d+)?))?")
_COMPACT = re.compile(r"\d{5,6}(?:\.\d+)?")
_NAMES = ("time", "t", "timestamp", "time_stamp", "seconds", "sec", "s", "datetime", "date_time")
_UNITS_S = {"us": 1e-6, "ms": 1e-3, "millis": 1e-3, "milliseconds": 1e-3, "min": 60.0}
_UNITS_S |= {"minutes": 60.0}
# Unix times in milliseconds are larger, in seconds smaller.
_UNIX_MS = 1e11
# Slower or faster is no recording of skin conductance, but another unit.
_STEPS_S = (1e-5, 60.0)
# Two clocks of one recording, a sensor's and a computer's, differ by no more: by what a radio
# delays, and by their pace.
_APART_S, _PACE = 2.0, 0.02


def time_columns(names: Sequence[str]) -> list[int]:
    """Return the columns whose names say time, the plainest first."""
    folded = [fold(name) for name in names]
    ranked = [(_NAMES.index(name), i) for i, name in enumerate(folded) if name in _NAMES]
    pattern = re.compile(r"(unix_?)?(time|timestamp|timestamps|t)_(\w+)")
    units = [(99, i) for i, name in enumerate(folded) if pattern.fullmatch(name)]
    alone = [(100, i) for i, name in enumerate(folded) if name in _UNITS_S]
    return [i for _, i in sorted(ranked + units + alone)]


def as_seconds(cell: str) -> float | None:
    """Return a time of day (HH:MM:SS) or a date with time (ISO 8601) in seconds; None for others.

    A time of day counts from midnight, a date from 1970, in UTC where it has no offset.
    """
    cell = cell.strip()
    clock = _CLOCK.fullmatch(cell)
    if clock:
        seconds = float((clock[3] or "0").replace(",", "."))
        return int(clock[1]) * 3600.0 + int(clock[2]) * 60.0 + seconds
    if not re.match(r"\d{4}[-/]\d{2}[-/]\d{2}[T ]", cell):
        return None
    try:
        text = re.sub(r"(\.\d{6})\d+", r"\1", cell.replace("/", "-").replace("Z", "+00:00"))
        # Python 3.10 reads fractions of three or six digits only.
        text = re.sub(r"\.(\d+)", lambda match: f".{match[1]:0<6}", text)
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.timestamp()


def read_times(path: Path, name: str, cells: Sequence[str]) -> FloatArray:
    """Return a column of times as seconds since its first, float64 (n,).

    Parameters
    ----------
    path : Path
        For messages.
    name : str
        The column's, which may say its unit: `time_ms`, `Time (min)`.
    cells : sequence of str
        Seconds; Unix times in seconds or milliseconds; HHMMSS.mmm; HH:MM:SS; or dates with times.

    Raises
    ------
    RecordingError
        Where they are no times, do not rise, or step so that another unit must be meant.
    """
    parsed = [as_seconds(cell) for cell in cells]
    if all(value is not None for value in parsed):
        time_s = np.array(parsed, dtype=np.float64)
        if _CLOCK.fullmatch(cells[0].strip()):
            time_s = _over_midnight(time_s)
    else:
        try:
            time_s = np.array([float(cell.replace(",", ".")) for cell in cells])
        except ValueError:
            bad = next(i for i, cell in enumerate(cells) if not is_number(cell.replace(",", ".")))
            cut = f".{CUT_OFF}" if bad + 1 == len(cells) else ""
            raise RecordingError(
                f"{path}: data line {bad + 1} has {cells[bad]!r} for a time. Expected are seconds, "
                "HHMMSS.mmm, HH:MM:SS or dates with times; or give its samples per second with "
                f"--rate{cut}"
            ) from None
        unit_s = _unit_s(name)
        if unit_s is not None:
            time_s = time_s * unit_s
        elif time_s.size and abs(time_s[0]) > _UNIX_MS:
            time_s = time_s * 1e-3
        else:
            time_s = _compact(cells, time_s)
    time_s = time_s - time_s[:1]
    _refuse_impossible(path, name, time_s)
    return time_s


def refuse_disagreement(
    path: Path, first: tuple[str, FloatArray], name: str, cells: Sequence[str]
) -> None:
    """Raise RecordingError where another column of times tells of another course of time.

    Parameters
    ----------
    path : Path
        For the message.
    first : tuple of (str, float64 (n,))
        Name of the column that was read, and its seconds.
    name, cells : str, sequence of str
        Of the other column. Where these are no times that rise, it holds something else.
    """
    try:
        other_s = read_times(path, name, cells)
    except RecordingError:
        return
    apart_s = np.abs(other_s - first[1])
    if apart_s.max(initial=0.0) > _APART_S + _PACE * other_s.max(initial=0.0):
        at = int(np.argmax(apart_s))
        raise RecordingError(
            f"{path}: its columns {first[0]!r} and {name!r} disagree: data line {at + 1} is "
            f"{first[1][at]:g} s after the first by one and {other_s[at]:g} s by the other. Take "
            "away the one that does not hold, or give samples per second with --rate"
        )


def unit_s(word: str) -> float:
    """Return the seconds of a unit of time, 1 where it is not told or not known."""
    return _UNITS_S.get(word.strip().lower(), 1.0)


def _unit_s(name: str) -> float | None:
    bracket = re.search(r"[(\[]\s*(\w+)\s*[)\]]", name)
    word = bracket[1].lower() if bracket else fold(name).rpartition("_")[2]
    return _UNITS_S.get(word)


def _compact(cells: Sequence[str], plain_s: FloatArray) -> FloatArray:
    """Return HHMMSS.mmm as seconds where all can be that and it steps more evenly than seconds."""
    if plain_s.size < 2 or not all(_COMPACT.fullmatch(cell.strip()) for cell in cells):
        return plain_s
    minutes, seconds = np.divmod(plain_s, 100.0)
    hours, minutes = np.divmod(minutes, 100.0)
    if (hours > 23).any() or (minutes > 59).any() or (seconds >= 60).any():
        return plain_s
    clock_s = _over_midnight(hours * 3600.0 + minutes * 60.0 + seconds)
    evener = np.abs(np.diff(clock_s)).max() < np.abs(np.diff(plain_s)).max()
    return clock_s if evener else plain_s


def _over_midnight(time_s: FloatArray) -> FloatArray:
    days = np.cumsum(np.diff(time_s, prepend=time_s[:1]) < -_DAY_S / 2)
    return np.asarray(time_s + days * _DAY_S)


def _refuse_impossible(path: Path, name: str, time_s: FloatArray) -> None:
    steps_s = np.diff(time_s)
    if not steps_s.size:
        return
    if not (steps_s > 0).all():
        line = int(np.argmin(steps_s > 0)) + 2
        raise RecordingError(
            f"{path}: its times do not rise everywhere (data line {line}); give its samples per "
            "second with --rate"
        )
    step_s = float(np.median(steps_s))
    if not _STEPS_S[0] <= step_s <= _STEPS_S[1]:
        raise RecordingError(
            f"{path}: its times step by {step_s:g} s. If column {name!r} is not in seconds, say "
            f"its unit in its name (time_ms, time_min), or give samples per second with --rate"
        )
