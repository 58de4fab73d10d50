"""Physiological recordings of the Brain Imaging Data Structure: X_physio.tsv.gz with X_physio.json.

The table has no header; the JSON beside it has "Columns", "SamplingFrequency", "StartTime" and for
each column "Units":
https://bids-specification.readthedocs.io/en/stable/modality-specific-files/physiological-recordings.html
A column named time, which this package writes, wins over the rate.
"""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path

import numpy as np

from device.errors import DatasetError, RecordingError
from device.readers.base import Source, in_blocks, refuse_impossible
from device.readers.channels import channel, microsiemens
from device.readers.text import Table, decode
from device.readers.times import unit_s
from device.samples import Samples

ENDINGS = ("_physio.tsv.gz", "_physio.tsv")


def recognises(path: Path) -> bool:
    """Say whether a file is one of these, by its name."""
    return path.name.endswith(ENDINGS)


def beside(path: Path) -> Path:
    """Return where the JSON of a table is, which has its columns and its rate."""
    return path.with_name(path.name.partition(".tsv")[0] + ".json")


def open_source(path: Path, column: str | None) -> Source:
    """Return the recording.

    Raises
    ------
    DatasetError
        If a file is damaged or lacks what is needed.
    RecordingError
        If it is not clear which column is skin conductance, or its unit is another.
    """
    described = beside(path)
    try:
        told = json.loads(decode(described.read_bytes(), described))
        names = [str(name) for name in told["Columns"]]
        rate_hz, start_s = float(told["SamplingFrequency"]), float(told.get("StartTime", 0.0))
    except FileNotFoundError as error:
        raise DatasetError(
            f"{path} needs {described.name} beside it, with its columns and its rate"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"{described} cannot be used ({error!r}): expected is a JSON object with Columns and "
            "SamplingFrequency"
        ) from error
    try:
        raw = path.read_bytes()
        text = decode(gzip.decompress(raw) if path.suffix == ".gz" else raw, path)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DatasetError(f"{path} is damaged or cut off ({error}): copy it again") from error
    rows = [line.split("\t") for line in text.splitlines() if line.strip()]
    if not rows or len(rows[0]) != len(names):
        raise DatasetError(
            f"{path} has {len(rows[0]) if rows else 0} columns; {described.name} names {len(names)}"
        )
    units = [_unit(told.get(name)) for name in names]
    index = channel(path, names, units, column)
    table = Table(path, names, rows)
    eda_us = microsiemens(path, names[index], units[index], table.numbers(index))
    refuse_impossible(path, eda_us)
    if "time" in names and names.index("time") != index:
        at = names.index("time")
        time_s = table.numbers(at) * unit_s(units[at])
    elif rate_hz > 0:
        time_s = start_s + np.arange(eda_us.size) / rate_hz
    else:
        raise RecordingError(
            f"{described}: SamplingFrequency is {rate_hz:g}; a rate in Hz is needed"
        )
    samples = Samples(time_s, eda_us)
    device = told.get("DeviceName") or told.get("ManufacturersModelName") or ""
    return Source(
        path,
        "BIDS physio",
        rate_hz if rate_hz > 0 else None,
        lambda: in_blocks(samples),
        f"column {names[index]}{f', {device}' if device else ''}",
    )


def _unit(told: object) -> str:
    return str(told.get("Units", "")) if isinstance(told, dict) else ""
