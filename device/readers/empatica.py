"""Empatica E4: EDA.csv, loose or in the zip of a session.

First line the start (Unix time), second line the rate in Hz (4), then microsiemens, one a line:
https://support.empatica.com/hc/en-us/articles/201608896
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from device.errors import DatasetError
from device.readers.base import Source, in_blocks
from device.samples import Samples

_FIRST_UNIX_S = 1e9


def recognises(head: str) -> bool:
    """Say whether a file begins as an EDA.csv does: a date, then a rate."""
    lines = head.splitlines()
    try:
        return len(lines) > 2 and float(lines[0]) > _FIRST_UNIX_S and 0 < float(lines[1]) <= 1000
    except ValueError:
        return False


def open_source(path: Path) -> Source:
    """Return the recording; DatasetError where it is none."""
    lines = _text(path).split()
    try:
        values = np.array(lines, dtype=np.float64)
    except ValueError as error:
        raise DatasetError(f"{path} is not an Empatica EDA.csv: {error}") from error
    if values.size < 3 or values[1] <= 0:
        raise DatasetError(
            f"{path} is not an Empatica EDA.csv: it has {values.size} numbers; expected were the "
            "start, the rate and microsiemens"
        )
    rate_hz, eda_us = float(values[1]), values[2:]
    # A wrist that lost contact is written as exactly 0.
    samples = Samples(np.arange(eda_us.size) / rate_hz, np.where(eda_us == 0, np.nan, eda_us))
    return Source(path, "Empatica E4", rate_hz, lambda: in_blocks(samples))


def _text(path: Path) -> str:
    if path.suffix != ".zip":
        return path.read_text(encoding="utf-8-sig", errors="replace")
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.split("/")[-1] == "EDA.csv"]
            if len(names) != 1:
                raise DatasetError(f"{path} holds {len(names)} files EDA.csv; expected was one")
            return archive.read(names[0]).decode("utf-8-sig", "replace")
    except zipfile.BadZipFile as error:
        raise DatasetError(f"{path} is not a zip archive: {error}") from error
