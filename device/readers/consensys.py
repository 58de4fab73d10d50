"""Shimmer's Consensys, exported as text: "sep=," or not, names, units, then values.

Names are SHIMMER_SIGNAL_CAL (`Shimmer_AB12_GSR_Skin_Conductance_CAL`, in uS or, as resistance, in
kOhms), the column of units stands below them; times are `..._Timestamp_Unix_CAL` (ms since 1970) or
`..._TimestampSync_Unix_CAL`:
https://shimmersensing.com/wp-content/docs/support/documentation/ConsensysPRO_User_Guide.pdf
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from device.errors import DatasetError
from device.readers.base import Source, in_blocks, refuse_impossible
from device.readers.channels import channel, microsiemens
from device.readers.text import Table, read_text
from device.readers.times import read_times
from device.samples import Samples

_SEPARATORS = "\t,;"


def recognises(head: str) -> bool:
    """Say whether a file begins as one of these."""
    lines = head.splitlines()
    names = lines[1] if lines and lines[0].lower().strip('"').startswith("sep=") else head
    first = names.splitlines()[0] if names else ""
    return "Timestamp" in first and ("_CAL" in first or "_RAW" in first)


def open_source(path: Path, column: str | None) -> Source:
    """Return the recording; the errors are those of `channels` and `DatasetError`."""
    lines = [line for line in read_text(path).splitlines() if line.strip()]
    if lines[0].lower().strip('"').startswith("sep="):
        lines = lines[1:]
    mark = max(_SEPARATORS, key=lines[0].count)
    cells = [[cell.strip().strip('"') for cell in line.rstrip(mark).split(mark)] for line in lines]
    if len(cells) < 3:
        raise DatasetError(f"{path} holds no data below its names and units: export it again")
    names, units, rows = cells[0], cells[1], cells[2:]
    units += [""] * (len(names) - len(units))
    table = Table(path, names, rows)
    times = [i for i, name in enumerate(names) if "Timestamp" in name and "RAW" not in name]
    # A time of the computer before one of the sensor alone.
    times.sort(key=lambda i: ("Unix" not in names[i], "Sync" not in names[i]))
    if not times:
        raise DatasetError(f"{path} has no calibrated timestamps: export them from Consensys")
    plain = [_plain(name) for name in names]
    # Skin conductance before resistance, calibrated before raw.
    wanted = [i for i, name in enumerate(plain) if "skin_conductance" in name and "raw" not in name]
    wanted = wanted or [i for i, name in enumerate(plain) if "gsr" in name and "raw" not in name]
    at = wanted[0] if column is None and len(wanted) == 1 else channel(path, names, units, column)
    eda_us = microsiemens(path, names[at], units[at], table.numbers(at))
    refuse_impossible(path, eda_us)
    unit = "ms" if units[times[0]].lower() == "ms" else units[times[0]]
    stamps = table.cells(times[0])
    time_s = read_times(path, f"time ({unit})" if unit == "ms" else "time", stamps)
    rate_hz = float(1 / np.median(np.diff(time_s))) if time_s.size > 1 else None
    began_s = _unix_s(stamps[0], unit) if "Unix" in names[times[0]] else None
    samples = Samples(time_s, eda_us)
    return Source(
        path,
        "Shimmer Consensys",
        rate_hz,
        lambda: in_blocks(samples),
        f"column {names[at]}",
        began_utc_s=began_s,
    )


def _plain(name: str) -> str:
    return name.lower().replace(" ", "_")


def _unix_s(stamp: str, unit: str) -> float | None:
    try:
        value = float(stamp)
    except ValueError:
        return None
    return value * 1e-3 if unit == "ms" else value
