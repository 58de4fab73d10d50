"""The journal: every event as one line, handed to the system at once, never changed.

A line is JSON, a tab, and the CRC-32 of the JSON in eight hexadecimal digits. A process that is
killed loses at most the line it was writing; a computer that loses power loses what had not been
brought to the disk, which is done every second. Numbers are written so that reading them gives the
same bits.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device.errors import RecordingError
from device.samples import FloatArray
from runtime.recording.lock import JournalLock
from runtime.sinks.encoding import to_json

_LOG = logging.getLogger(__name__)
_SYNC_S = 1.0
_SAMPLES = b'{"kind":"samples",'


class Journal:
    """Write a journal.

    Parameters
    ----------
    path : Path
        Made here, and locked until `close`; must not exist.

    Raises
    ------
    FileExistsError
        If it exists.
    RecordingError
        If it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            self._file: int | None = os.open(path, flags, 0o644)
        except FileExistsError:
            raise
        except OSError as error:
            raise RecordingError(
                f"The recording {path} cannot be made: {error.strerror}. Choose another folder "
                "with --record, or make this one writable."
            ) from error
        self._lock: JournalLock | None = JournalLock(path)
        self._size = 0
        self._synced_s = time.monotonic()

    def write(self, kind: str, fields: dict[str, Any]) -> None:
        """Append one event.

        Raises
        ------
        RecordingError
            If the disk is full or fails. What was written before stays whole.
        """
        if self._file is None:
            return
        line = encode({"kind": kind, **fields})
        try:
            left = line
            while left:
                left = left[os.write(self._file, left) :]
            self._size += len(line)
            if time.monotonic() - self._synced_s >= _SYNC_S:
                os.fsync(self._file)
                self._synced_s = time.monotonic()
        except OSError as error:
            self._cut()
            raise RecordingError(
                f"recording ended, {self.path.parent} takes no more ({error.strerror}); what was "
                "recorded until then is kept; where its files do not stand at the end of the run: "
                f"rtcan-record repair {self.path.parents[2]}"
            ) from error

    @property
    def empty(self) -> bool:
        """Whether nothing was written."""
        return self._size == 0

    def close(self) -> None:
        """Bring all of it to the disk, and let others have it."""
        lock = self.hand_over()
        if lock is not None:
            lock.release()

    def hand_over(self) -> JournalLock | None:
        """Bring all of it to the disk and return the lock, still held; None when closed before."""
        lock, self._lock = self._lock, None
        file, self._file = self._file, None
        if file is not None:
            try:
                os.fsync(file)
            except OSError as error:
                _LOG.warning("%s may not be whole on the disk: %s", self.path, error.strerror)
            os.close(file)
        return lock

    def _cut(self) -> None:
        """Take half a line away again, as far as the disk lets us."""
        assert self._file is not None
        # Where it cannot be taken away, readers leave a torn last line out.
        with contextlib.suppress(OSError):
            os.ftruncate(self._file, self._size)
        os.close(self._file)
        self._file = None


def encode(event: dict[str, Any]) -> bytes:
    """Return an event as its line."""
    text = to_json(event).encode()
    return text + b"\t%08x\n" % zlib.crc32(text)


def numbers(values: FloatArray) -> list[float | None]:
    """Return floats for JSON, NaN as null; reading them back gives the same bits."""
    return [None if math.isnan(value) else value for value in values.tolist()]


@dataclass
class Torn:
    """What was left out at the end of a journal.

    Attributes
    ----------
    bytes : int
        How much; 0 when the journal is whole.
    line : int
        The first line that was left out, counted from 1.
    read : int
        Bytes read so far.
    """

    bytes: int = 0
    line: int = 0
    read: int = 0


def read(path: Path, torn: Torn | None = None, *, texts: bool = False) -> Iterator[dict[str, Any]]:
    """Yield a journal's events, up to the first line that is not whole.

    Parameters
    ----------
    path : Path
        The journal.
    torn : Torn or None
        Filled in with what was left out, and with how far it was read.
    texts : bool
        Whether to leave the numbers of samples as they are written: faster where they go into
        another text.

    Raises
    ------
    RecordingError
        If it cannot be read at all.
    """
    torn = torn if torn is not None else Torn()
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                event = _decode(line, texts=texts)
                torn.read += len(line)
                if event is None:
                    torn.line = number
                    torn.bytes = path.stat().st_size - file.tell() + len(line)
                    return
                yield event
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {error.strerror}") from error


def _decode(line: bytes, *, texts: bool) -> dict[str, Any] | None:
    text, tab, check = line.rpartition(b"\t")
    if not tab or check != b"%08x\n" % zlib.crc32(text):
        return None
    as_text = texts and text.startswith(_SAMPLES)
    event: dict[str, Any] = json.loads(text, parse_float=str) if as_text else json.loads(text)
    return event
