"""Where a recording's files lie: one BIDS folder, one numbered run each time.

Brain Imaging Data Structure 1.10, behavioural data with physiological recordings:
https://bids-specification.readthedocs.io/en/stable/modality-specific-files/physiological-recordings.html
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from device.errors import RecordingError
from runtime.recording.lock import is_locked

_STEM = "sub-01_task-live_run-"
_NUMBER = re.compile(re.escape(_STEM) + r"(\d+)_")
_DESCRIPTION = {
    "Name": "Skin conductance and predictions of emotion, recorded live with RTCAN",
    "BIDSVersion": "1.10.0",
    "DatasetType": "raw",
    "GeneratedBy": [{"Name": "rtcan-live"}],
    # For the user to fill in: nothing of theirs is known here, and these files are never touched.
    "Authors": ["n/a"],
    "License": "n/a",
    "SourceDatasets": [],
}
# What is ours and not BIDS: a run that lasts, files that are being made, the network's answers.
_IGNORED = ("*_journal.jsonl", "*.part", "*_predictions.tsv", "*_predictions.json")
_README = """# Skin conductance, recorded live

Recorded with `rtcan-live --record`, one numbered run each time, under `sub-01/beh`:

- `*_recording-eda_physio.tsv.gz`: time (s), skin conductance (microsiemens) and, where the sensor
  gives it, the converter's count; the `.json` beside it says what the columns are, what the sensor,
  the model and the settings were, and when it was (`TimeZeroUTC`).
- `*_events.tsv`: markers, triggers, news of the sensor.
- `*_predictions.tsv`: what the network answered, window by window (not part of BIDS).

A file that ends in `_journal.jsonl` is a run that lasts, or one that was cut off:
`rtcan-record list .` tells which, `rtcan-record repair .` finishes the latter.

Fill in who recorded this, and under which licence it may be used, in `dataset_description.json`.
"""


@dataclass(frozen=True)
class Run:
    """The files of one run.

    Attributes
    ----------
    root : Path
        The BIDS folder.
    number : int
        From 1.
    """

    root: Path
    number: int

    @property
    def journal(self) -> Path:
        """The journal: there while the run lasts, gone when its files are finished."""
        return self._file("journal.jsonl")

    @property
    def physio(self) -> Path:
        """The samples; a .json with the same stem describes them."""
        return self._file("recording-eda_physio.tsv.gz")

    @property
    def physio_json(self) -> Path:
        """What the samples are, and what made them."""
        return self._file("recording-eda_physio.json")

    @property
    def events(self) -> Path:
        """Markers, triggers, news of the sensor."""
        return self._file("events.tsv")

    @property
    def events_json(self) -> Path:
        """What the events' columns are."""
        return self._file("events.json")

    @property
    def predictions(self) -> Path:
        """The windows' predictions."""
        return self._file("predictions.tsv")

    @property
    def predictions_json(self) -> Path:
        """What the predictions' columns are, and what made them."""
        return self._file("predictions.json")

    @property
    def finished(self) -> bool:
        """Whether the files stand and the journal is gone."""
        return self.physio.is_file() and not self.journal.is_file()

    @property
    def in_use(self) -> bool:
        """Whether it is being written, or finished, by a process at this moment."""
        return is_locked(self.journal)

    def _file(self, ending: str) -> Path:
        return _folder(self.root) / f"{_STEM}{self.number:02d}_{ending}"


def runs(root: Path) -> list[Run]:
    """Return all runs in a folder, oldest first."""
    numbers = {
        int(found.group(1))
        for file in _folder(root).glob(f"{_STEM}*")
        if (found := _NUMBER.match(file.name))
    }
    return [Run(root, number) for number in sorted(numbers)]


def new_run(root: Path) -> Run:
    """Make the folder, with what BIDS wants to stand in it, and return the next run.

    Raises
    ------
    RecordingError
        If the folder cannot be made or written.
    """
    try:
        _folder(root).mkdir(parents=True, exist_ok=True)
        for name, text in (
            ("dataset_description.json", json.dumps(_DESCRIPTION, indent=2) + "\n"),
            ("README.md", _README),
        ):
            if not (root / name).exists():
                _write_whole(root / name, text.encode())
        _ignore(root / ".bidsignore")
    except OSError as error:
        raise RecordingError(
            f"Nothing can be recorded in {root}: {error.strerror}. Choose another folder with "
            "--record, or make this one writable."
        ) from error
    before = runs(root)
    return Run(root, before[-1].number + 1 if before else 1)


def _ignore(path: Path) -> None:
    """Add what validators must ignore to what is there, whatever that is."""
    before = path.read_bytes() if path.exists() else b""
    there = before.splitlines()
    missing = [pattern.encode() for pattern in _IGNORED if pattern.encode() not in there]
    if missing:
        between = b"\n" if before and not before.endswith(b"\n") else b""
        _write_whole(path, before + between + b"".join(pattern + b"\n" for pattern in missing))


def _write_whole(path: Path, data: bytes) -> None:
    """Write a small file, completely or not at all: the disk may be full, the user's lines stay."""
    path = path.resolve()
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _folder(root: Path) -> Path:
    return root / "sub-01" / "beh"
