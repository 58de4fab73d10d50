"""Empatica E4: EDA.csv, loose or in the zip of a session, with its tags.csv.

First line the start (Unix time), second line the rate in Hz (4), then microsiemens, one a line; of
the tags, Unix times of presses of the button:
https://support.empatica.com/hc/en-us/articles/201608896
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np

from device.errors import DatasetError, RecordingError
from device.readers.base import Source, in_blocks, refuse_impossible
from device.readers.text import decode, read_text
from device.samples import Samples
from device.text import is_number

NAME = "EDA.csv"
_FIRST_UNIX_S = 1e9
_TAGS = re.compile(r"tags(_.*)?\.csv", re.IGNORECASE)
# The other files of a session, which begin alike.
_OTHERS = {"TEMP": "the skin's temperature", "HR": "the heart rate", "BVP": "the pulse wave"}
_OTHERS |= {"IBI": "the times between heart beats", "ACC": "acceleration"}


def recognises(head: str) -> bool:
    """Say whether a file begins as an EDA.csv does: a date, then a rate."""
    lines = head.splitlines()
    try:
        return len(lines) > 2 and float(lines[0]) > _FIRST_UNIX_S and 0 < float(lines[1]) <= 1000
    except ValueError:
        return False


def open_source(path: Path) -> Source:
    """Return the recording.

    Parameters
    ----------
    path : Path
        EDA.csv, or the zip of one session.

    Raises
    ------
    DatasetError
        Where it is none.
    RecordingError
        If it is another file of a session, or begins with values that no skin has.
    """
    other = _OTHERS.get(path.stem.upper())
    if other is not None:
        raise RecordingError(f"{path} holds {other}; the E4's skin conductance is in EDA.csv")
    text, tags = _texts(path)
    lines = text.split()
    try:
        values = np.array(lines, dtype=np.float64)
    except ValueError:
        bad = next(n for n, line in enumerate(lines, start=1) if not is_number(line))
        raise DatasetError(
            f"{path}, line {bad}: {lines[bad - 1][:40]!r} is no number; an Empatica EDA.csv has "
            "the start, the rate and microsiemens, one a line"
        ) from None
    if values.size < 3 or not values[0] >= _FIRST_UNIX_S or not 0 < values[1] <= 1000:
        raise DatasetError(
            f"{path} is not an Empatica EDA.csv: it begins with {', '.join(lines[:2]) or 'nothing'}"
            "; the start in Unix seconds and the rate in Hz, then microsiemens, were expected"
        )
    begin_s, rate_hz, eda_us = float(values[0]), float(values[1]), values[2:]
    refuse_impossible(path, eda_us)
    # A wrist that lost contact is written as exactly 0.
    samples = Samples(np.arange(eda_us.size) / rate_hz, np.where(eda_us == 0, np.nan, eda_us))
    return Source(
        path,
        "Empatica E4",
        rate_hz,
        lambda: in_blocks(samples),
        markers=_markers(tags, begin_s, eda_us.size / rate_hz),
        began_utc_s=begin_s,
    )


def sessions_in_zip(path: Path) -> list[str]:
    """Return the names of all EDA.csv in an archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            return [name for name in archive.namelist() if name.split("/")[-1] == NAME]
    except FileNotFoundError as error:
        raise DatasetError(f"There is no {path}") from error
    except (zipfile.BadZipFile, OSError) as error:
        raise DatasetError(f"{path} is damaged or no zip archive ({error})") from error


def tags_beside(path: Path) -> list[Path]:
    """Return the files of tags in the folder of an EDA.csv."""
    return [item for item in sorted(path.parent.iterdir()) if _TAGS.fullmatch(item.name)]


def _texts(path: Path) -> tuple[str, str]:
    """Return the text of EDA.csv and that of the tags beside it, "" where there are none."""
    if path.suffix.lower() != ".zip":
        beside = tags_beside(path)
        return read_text(path), read_text(beside[0]) if len(beside) == 1 else ""
    names = sessions_in_zip(path)
    if len(names) != 1:
        listed = f": {', '.join(names[:8])}; unpack it and choose one" if names else ""
        raise DatasetError(
            f"{path} holds {len(names)} files EDA.csv; expected was one{listed}"
        ) from None
    with zipfile.ZipFile(path) as archive:
        folder = names[0].removesuffix("EDA.csv")
        beside_it = [
            name
            for name in archive.namelist()
            if name.startswith(folder) and _TAGS.fullmatch(name.removeprefix(folder))
        ]
        tags = decode(archive.read(beside_it[0]), path) if len(beside_it) == 1 else ""
        return decode(archive.read(names[0]), path), tags


def _markers(tags: str, begin_s: float, length_s: float) -> tuple[tuple[float, str], ...]:
    """Return the tags that lie within the recording, numbered as they stand in their file."""
    found = []
    for number, line in enumerate(tags.split(), start=1):
        try:
            time_s = float(line.split(",")[0]) - begin_s
        except ValueError:
            continue
        if 0 <= time_s <= length_s:
            found.append((time_s, f"tag {number}"))
    return tuple(sorted(found))
