"""What can be replayed, and how it is told apart."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from device.readers.base import Source
from device.readers.registry import open_recording
from runtime.recording.layout import runs
from runtime.recording.load import load

_RUN = re.compile(r"_run-(\d+)_")


def find(path: Path, rate_hz: float | None = None, column: str | None = None) -> Source:
    """Return what lies at a path.

    A folder that `rtcan-live --record` wrote (its newest run) or one file of such a run; else what
    `device.readers.registry.open_recording` can read.

    Parameters
    ----------
    path : Path
        Where.
    rate_hz : float or None
        Samples per second of a table that has no column of times.
    column : str or None
        Name or number of the column with the skin conductance.

    Raises
    ------
    device.errors.RecordingError
        Naming what was found and what can be replayed.
    device.errors.DatasetError
        If a file is not what it seems to be.
    """
    if path.is_dir() and runs(path):
        return _ours(path, None)
    number = _RUN.search(path.name)
    if number and path.parent.name == "beh":
        return _ours(path.parent.parent.parent, int(number.group(1)))
    return open_recording(path, rate_hz, column)


def _ours(root: Path, number: int | None) -> Source:
    recording = load(root, number)
    sensor = recording.header["sensor"]
    unfinished = ""
    if recording.run.in_use:
        unfinished = "; still being written: what is there so far"
    elif not recording.run.finished:
        unfinished = "; unfinished: rtcan-record repair completes it"
    return Source(
        root,
        f"recording of {sensor['name']}",
        sensor["rate_hz"],
        recording.blocks,
        f"run {recording.run.number}, began {recording.header['began']}{unfinished}",
        recording.header["model"],
        recording.header["model_sha256"],
        tuple(recording.markers()),
        _zero_utc_s(recording.header),
        recording.header.get("reference"),
        tuple(recording.labels()),
    )


def _zero_utc_s(header: dict[str, Any]) -> float | None:
    clock = header.get("clock") or {}
    if clock.get("utc_s") is None:
        return None
    return float(clock["utc_s"] - clock["utc_pace"] * clock["time_s"])
