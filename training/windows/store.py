"""Entries of the cache: a folder each, whole or not at all; the least recently used go first."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device.errors import RtcanError
from device.samples import Samples
from training.datasets.recordings import Dataset, Recording
from training.windows.cut import Windows

_log = logging.getLogger(__name__)
_ARRAYS = ("inputs", "features", "recording", "time_s", "past_s", "short")
_PARTIAL = ".partial-"
# A run that still writes has touched its files since.
_ABANDONED_S = 86_400.0


@dataclass(frozen=True)
class Entry:
    """What the cache holds of one data set, cut in one way.

    Attributes
    ----------
    folder : Path
        Its files.
    size : int
        Bytes.
    used_s : float
        When it was made or last read, seconds since 1970.
    """

    folder: Path
    size: int
    used_s: float


def entries(folder: Path) -> list[Entry]:
    """Return what a cache holds, the most recently used first."""
    found = []
    for place in folder.glob("*/dataset.json"):
        if place.parent.name.startswith(_PARTIAL):  # another run is about to name it
            continue
        try:
            size = sum(path.stat().st_size for path in place.parent.iterdir())
            found.append(Entry(place.parent, size, place.parent.stat().st_mtime))
        except FileNotFoundError:  # another run prunes
            continue
    return sorted(found, key=lambda entry: -entry.used_s)


def prune(folder: Path, most_bytes: float, keep: Path | None = None) -> list[Entry]:
    """Remove the least recently used entries until the rest is small enough; return those removed.

    Parameters
    ----------
    folder : Path
        The cache.
    most_bytes : float
        What all entries together may take.
    keep : Path or None
        An entry that stays whatever its size.
    """
    removed = []
    room = most_bytes
    for entry in entries(folder):
        if entry.folder == keep or entry.size <= room:
            room -= entry.size
        else:
            remove(entry.folder)
            removed.append(entry)
    for place in folder.glob(f"{_PARTIAL}*"):  # of runs that were killed
        with contextlib.suppress(FileNotFoundError):  # that run has just named it
            if time.time() - place.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(place, ignore_errors=True)
    return removed


def used(entry: Entry) -> str:
    """Return when an entry was last used, in local time."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.used_s))


def remove(entry: Path) -> None:
    """Remove an entry; who reads it meanwhile finds it damaged, not half of it."""
    # First its name: a run that is killed here leaves nothing that would be no entry and stay.
    gone = entry.with_name(f"{_PARTIAL}{entry.name}-{os.getpid()}")
    try:
        entry.rename(gone)
    except OSError:
        gone = entry
    shutil.rmtree(gone, ignore_errors=True)


def make(folder: Path) -> None:
    """Make the folder of a cache.

    Raises
    ------
    RtcanError
        If it cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise RtcanError(
            f"The cache {folder} cannot be written: {error}. Choose another with --cache or "
            "$RTCAN_CACHE, or none with --no-cache."
        ) from error


def write(entry: Path, data: Dataset, made: Windows) -> None:
    """Write an entry, completely or not at all."""
    make(entry.parent)
    partial = Path(tempfile.mkdtemp(dir=entry.parent, prefix=_PARTIAL))
    try:
        for name in _ARRAYS:
            np.save(partial / f"{name}.npy", getattr(made, name))
        songs = sorted(data.music)
        if songs:
            np.save(partial / "music.npy", np.stack([data.music[song] for song in songs]))
        facts = {
            "name": data.name,
            "trained_on": data.trained_on,
            "rating_range": data.rating_range,
            "skipped": data.skipped,
            "notes": data.notes,
            "song_level": data.song_level,
            "class_rule": data.class_rule,
            "words": dict(data.words),
            "refused": made.refused,
            "songs": songs,
            "recordings": [
                {
                    "subject": r.subject,
                    "stimulus": r.stimulus,
                    "ratings": dict(r.ratings),
                    "stimulus_start_s": r.stimulus_start_s,
                    "classes": dict(r.classes),
                    "targets": r.targets,
                    "session": r.session,
                    "turn": r.turn,
                }
                for r in data.recordings
            ],
        }
        (partial / "dataset.json").write_text(json.dumps(facts), encoding="utf-8")
        try:
            partial.rename(entry)
        except OSError:
            # Another run wrote the same entry meanwhile.
            shutil.rmtree(partial, ignore_errors=True)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def read(entry: Path) -> tuple[Dataset, Windows] | None:
    """Return an entry, which is then the most recently used, or None; a damaged one is removed."""
    if not entry.is_dir():
        return None
    try:
        arrays = {name: np.load(entry / f"{name}.npy") for name in _ARRAYS}
        facts = json.loads((entry / "dataset.json").read_text(encoding="utf-8"))
        songs = facts["songs"]
        music = dict(zip(songs, np.load(entry / "music.npy"), strict=True)) if songs else {}
        recordings = [
            Recording(samples=Samples.empty(), **{**r, "targets": tuple(r["targets"])})
            for r in facts["recordings"]
        ]
        data = Dataset(
            name=facts["name"],
            trained_on=facts["trained_on"],
            recordings=recordings,
            rating_range=tuple(facts["rating_range"]),
            skipped=Counter(facts["skipped"]),
            notes=tuple(facts["notes"]),
            song_level=facts["song_level"],
            class_rule=facts["class_rule"],
            words={target: tuple(words) for target, words in facts["words"].items()},
            music=music,
        )
        if int(arrays["recording"].max()) >= len(recordings):
            raise ValueError("windows and recordings do not belong together")
        os.utime(entry)
        return data, Windows(**arrays, refused=Counter(facts["refused"]))
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        _log.warning("The cache entry %s is damaged (%s) and is made anew", entry, error)
        remove(entry)
        return None
