"""Empatica E4 sessions: EDA.csv, loose in its folder or in the session's zip.

First line the start (Unix seconds, UTC), second the rate in Hz (4), then microsiemens, one a line:
https://support.empatica.com/hc/en-us/articles/201608896
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device.errors import DatasetError
from device.samples import Samples
from device.text import is_number
from training.datasets.signals.units import without_impossible

_FIRST_UNIX_S = 1e9
NAME = "EDA.csv"


@dataclass(frozen=True)
class E4Recording:
    """The skin conductance of an E4 session.

    Attributes
    ----------
    start_unix_s : float
        When its first sample was taken, seconds UTC.
    rate_hz : float
        Sampling rate.
    samples : Samples
        Time from 0; NaN where the wrist had no contact, which the file says by exactly 0.
    """

    start_unix_s: float
    rate_hz: float
    samples: Samples


def read_eda(path: Path) -> E4Recording:
    """Read a session: a folder with EDA.csv, the file itself, or a zip that holds one.

    Raises
    ------
    DatasetError
        Naming the file, and the line where there is one.
    """
    if path.is_dir():
        path = path / NAME
    lines = _text(path).split()
    try:
        values = np.array(lines, dtype=np.float64)
    except ValueError:
        bad = next(n for n, line in enumerate(lines, start=1) if not is_number(line))
        raise DatasetError(
            f"{path}, line {bad}: {lines[bad - 1][:40]!r} is no number; start, rate and "
            "microsiemens, one a line, were expected"
        ) from None
    if values.size < 3 or values[0] < _FIRST_UNIX_S or not 0 < values[1] <= 1000:
        raise DatasetError(
            f"{path} begins with {', '.join(lines[:2]) or 'nothing'}; the start in Unix seconds "
            "and the rate in Hz, then microsiemens, were expected"
        )
    start_unix_s, rate_hz = float(values[0]), float(values[1])
    eda_us, _ = without_impossible(values[2:])
    eda_us[eda_us == 0] = np.nan
    samples = Samples(np.arange(eda_us.size) / rate_hz, eda_us)
    return E4Recording(start_unix_s, rate_hz, samples)


def _text(path: Path) -> str:
    if not path.is_file():
        raise DatasetError(f"There is no {path}")
    if path.suffix.lower() != ".zip":
        return path.read_text(encoding="utf-8-sig", errors="replace")
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.split("/")[-1] == NAME]
            if len(names) != 1:
                raise DatasetError(f"{path} holds {len(names)} files {NAME}; one was expected")
            return archive.read(names[0]).decode("utf-8-sig", "replace")
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise DatasetError(f"{path} is damaged ({error})") from error
