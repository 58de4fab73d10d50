"""The lock on a journal: whoever writes a run or finishes it holds it, and nobody else may.

It belongs to the operating system, so it is gone with the process that held it, however that ended.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import time
from pathlib import Path

from device.errors import RecordingError, RecordingInUseError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_LOG = logging.getLogger(__name__)
# What flock(2) gives where the file system (some network mounts) knows no locks.
_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}
# Windows' locks are mandatory: the byte stands where no journal gets to.
_BYTE = 0x7FFF_FFFE
# Who only asks whether a journal is locked holds the lock for a moment too.
_PATIENCE_S = 0.5


class JournalLock:
    """Hold the lock on a journal, from here to `release` or `remove`.

    Parameters
    ----------
    path : Path
        The journal; must exist.

    Raises
    ------
    RecordingInUseError
        If the journal is being written, or its run being finished, by another process or thread.
    RecordingError
        If it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = _open(path)
        try:
            until_s = time.monotonic() + _PATIENCE_S
            while not (taken := take(self._file)) and time.monotonic() < until_s:
                time.sleep(0.01)
            if not taken:
                raise RecordingInUseError(
                    f"{path} is still being written. Wait for the end of that recording, or end it."
                )
            # Between opening and locking, its holder may have finished the run and removed it.
            if not path.exists() or not os.path.samestat(os.fstat(self._file), path.stat()):
                raise RecordingInUseError(f"{path} was finished by another process just now.")
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Let go of it; harmless when done already."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def remove(self) -> None:
        """Remove the journal, and let go of it."""
        if os.name == "nt":  # an open file cannot be removed there
            self.release()
        self._path.unlink()
        self.release()


def is_locked(path: Path) -> bool:
    """Return whether a journal is being written, or its run being finished, at this moment."""
    with contextlib.suppress(FileNotFoundError):
        try:
            file = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        except PermissionError:  # another user's: reading is enough for asking
            file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            return not take(file, shared=True)
        finally:
            os.close(file)
    return False


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise RecordingError(f"{path} cannot be opened: {error.strerror}") from error


def take(file: int, *, shared: bool = False) -> bool:
    """Lock an open file without waiting; return whether it was to be had.

    The lock goes with the file's handle. Where the file system knows no locks it is had at once.
    """
    if fcntl is not None:
        # Not fcntl.lockf: that lock goes when this process closes any other handle of the file.
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _UNSUPPORTED:
                _LOG.warning("this file system has no locks: nothing keeps other processes away")
                return True
            return False
        return True
    return _take_byte(file)


def _take_byte(file: int) -> bool:
    """Do the same on Windows."""
    import msvcrt

    locking = getattr(msvcrt, "locking")  # noqa: B009 - unknown to a type checker elsewhere
    before = os.lseek(file, 0, os.SEEK_CUR)
    os.lseek(file, _BYTE, os.SEEK_SET)
    try:
        locking(file, getattr(msvcrt, "LK_NBLCK"), 1)  # noqa: B009
    except OSError:
        return False
    finally:
        os.lseek(file, before, os.SEEK_SET)
    return True
