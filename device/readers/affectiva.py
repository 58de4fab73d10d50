"""Affectiva Q sensors (and iCalm): a preamble to a line of dashes, then columns, in Latin-1.

The preamble names the rate and, between bars, the columns: Z, Y, X, battery, degrees, EDA (µS). Its
time of start is not to be trusted: the samples are placed by their number.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from device.errors import DatasetError
from device.readers.base import Source, in_blocks, refuse_impossible
from device.readers.columns import skin_column
from device.readers.text import Table, read_text
from device.samples import Samples

_RATE = re.compile(r"Sampling Rate:\s*([\d.]+)")
_DASHES = re.compile(r"-{8,},*\s*")


def recognises(head: str) -> bool:
    """Say whether a file begins as one of these."""
    return "Affectiva" in head[:200] or head.startswith("Log File Created by Q")


def open_source(path: Path, column: str | None) -> Source:
    """Return the recording; DatasetError where its preamble or a line is not as expected."""
    lines = read_text(path).splitlines()
    end = next((i for i, line in enumerate(lines) if _DASHES.fullmatch(line.strip())), None)
    rate = _RATE.search("\n".join(lines[: end or 0]))
    if end is None or rate is None or float(rate[1]) <= 0:
        raise DatasetError(
            f"{path} begins as an Affectiva Q file, but its preamble has no sampling rate or does "
            "not end with a line of dashes: give it as it was exported"
        )
    titles = next((line for line in lines[:end] if "|" in line), "").strip().rstrip(",")
    names = [name.strip() for name in titles.split("|")] if titles else []
    body = [line for line in lines[end + 1 :] if line.strip(" ,\t")]
    if not body:
        raise DatasetError(f"{path} holds no data below its line of dashes")
    delimiter = "," if "," in body[0] else "\t"
    table = Table(path, names, [line.split(delimiter) for line in body])
    index = skin_column(table, column)
    eda_us = table.numbers(index)
    refuse_impossible(path, eda_us)
    rate_hz = float(rate[1])
    samples = Samples(np.arange(eda_us.size) / rate_hz, eda_us)
    return Source(path, "Affectiva Q", rate_hz, lambda: in_blocks(samples))
