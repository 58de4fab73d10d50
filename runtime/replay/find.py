"""What can be replayed, and how it is told apart."""

from __future__ import annotations

import re
from pathlib import Path

from device.errors import RecordingError
from device.readers import empatica, opensignals, table
from device.readers.base import Source
from runtime.recording.layout import runs
from runtime.recording.load import load

_RUN = re.compile(r"_run-(\d+)_")


def find(path: Path, rate_hz: float | None = None, column: str | None = None) -> Source:
    """Return what lies at a path.

    A folder that `rtcan-live --record` wrote (its newest run) or one file of such a run; a folder,
    zip or EDA.csv of an Empatica E4; a text file of OpenSignals; a plain table.

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
    RecordingError
        Naming what was found and what can be replayed.
    device.errors.DatasetError
        If a file is not what it seems to be.
    """
    if not path.exists():
        raise RecordingError(f"There is no recording {path}")
    if path.is_dir():
        if runs(path):
            return _ours(path, None)
        if (path / "EDA.csv").is_file():
            return empatica.open_source(path / "EDA.csv")
        raise RecordingError(
            f"{path} holds nothing that can be replayed: neither a run recorded with rtcan-live "
            "--record nor the EDA.csv of an Empatica E4"
        )
    number = _RUN.search(path.name)
    if number and path.parent.name == "beh":
        return _ours(path.parent.parent.parent, int(number.group(1)))
    if path.suffix == ".zip":
        return empatica.open_source(path)
    with path.open("rb") as file:
        head = file.read(2000).decode("utf-8", "replace")
    if opensignals.recognises(head):
        return opensignals.open_source(path, column)
    if empatica.recognises(head) and rate_hz is None:
        return empatica.open_source(path)
    return table.open_source(path, rate_hz, column)


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
    )
