"""OpenSignals (r)evolution text files, of BITalino and biosignalsplux, and BioSPPy's simple ones.

A header of lines that begin with #: one holds JSON by device with "sampling rate", "column",
"sensor", "label" and "resolution". The EDA sensor's transfer function is, by its data sheets,
count / 2^n * VCC / gain: 3.3 V and 0.132 on a BITalino, 3 V and 0.12 on a biosignalsplux, which is
25 µS on both; what a live sensor takes for no value (open, saturated) is none here either.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from device.calibration import BitalinoCalibration
from device.errors import DatasetError
from device.names import rank
from device.readers.base import Source, in_blocks, refuse_impossible
from device.readers.text import read_text
from device.samples import Samples


@dataclass(frozen=True)
class _Header:
    name: str
    rate_hz: float
    index: int
    bits: int
    converted: bool


def recognises(head: str) -> bool:
    """Say whether a file begins as one of these."""
    return head.startswith(("# OpenSignals", "# Simple Text Format"))


def open_source(path: Path, column: str | None) -> Source:
    """Return the recording.

    Raises
    ------
    DatasetError
        If the header does not say what is needed, or a line is not numbers.
    """
    lines = read_text(path).splitlines()
    comments = [line[1:].strip() for line in lines if line.startswith("#")]
    header = (_full if "OpenSignals" in comments[0] else _simple)(path, comments, column)
    rows = [line for line in lines if line.strip() and not line.startswith("#")]
    counts = np.empty(len(rows))
    for i, row in enumerate(rows):
        try:
            counts[i] = float(row.split()[header.index])
        except (ValueError, IndexError):
            raise DatasetError(
                f"{path}: data line {i + 1} is {row!r}; a number was expected in column "
                f"{header.index}"
            ) from None
    eda_us = counts if header.converted else BitalinoCalibration(header.bits).to_us(counts)
    refuse_impossible(path, eda_us)
    samples = Samples(np.arange(counts.size) / header.rate_hz, eda_us, counts)
    return Source(
        path,
        header.name,
        header.rate_hz,
        lambda: in_blocks(samples),
        f"{header.bits} bits, column {header.index}",
    )


def _full(path: Path, comments: list[str], column: str | None) -> _Header:
    found = next((line for line in comments if line.startswith("{")), "")
    try:
        device: dict[str, Any] = next(iter(json.loads(found).values()))
        columns = [str(name) for name in device["column"]]
        labels = [str(name) for name in device["label"]]
        sensors = [str(name).upper() for name in device["sensor"]]
        rate_hz = float(device["sampling rate"])
        resolution = [int(bits) for bits in device["resolution"]]
    except (ValueError, KeyError, TypeError, StopIteration, AttributeError) as error:
        raise DatasetError(f"{path}: OpenSignals' header cannot be read: {error!r}") from error
    if column is None:
        edas = [labels[i] for i, name in enumerate(sensors) if rank(name) < 2]
        if len(edas) != 1:
            raise DatasetError(
                f"{path} has {len(edas)} EDA channels among {labels}; name one with --column"
            )
        column = edas[0]
    if column not in columns and not (column.isdigit() and int(column) < len(columns)):
        raise DatasetError(f"{path} has no column {column!r}; it has {', '.join(columns)}")
    index = columns.index(column) if column in columns else int(column)
    # One resolution a column on a BITalino; on a biosignalsplux one a channel, the last ones.
    try:
        bits = resolution[index - len(columns)]
    except IndexError:
        raise DatasetError(f"{path}: no resolution for column {columns[index]!r}") from None
    kind = str(device.get("device", "bitalino")).lower()
    converted = bool(device.get("convertedValues"))
    return _Header(f"OpenSignals, {kind}", rate_hz, index, bits, converted)


def _simple(path: Path, comments: list[str], column: str | None) -> _Header:
    said = {
        key.strip().lower(): value.strip()
        for key, _, value in (line.partition(":=") for line in comments)
    }
    try:
        rate_hz, bits = float(said["sampling rate (hz)"]), int(said["resolution"])
    except (KeyError, ValueError) as error:
        raise DatasetError(f"{path}: its header lacks a rate or a resolution: {error!r}") from error
    index = int(column) if column is not None and column.isdigit() else 0
    return _Header("OpenSignals, simple text", rate_hz, index, bits, converted=False)
