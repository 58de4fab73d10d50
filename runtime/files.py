"""Writing files that appear complete or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO

from device.errors import RtcanError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that takes its name when the block ends without an error.

    Raises
    ------
    RtcanError
        If the folder cannot be written to, or its disk is full.
    """
    draft = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The rights that any new file has: the system takes the umask off by itself.
        opened = draft.open("xb")
    except OSError as error:
        raise _refusal(path, error) from error
    try:
        with opened as file:
            yield file
        draft.replace(path)
    except OSError as error:
        raise _refusal(path, error) from error
    finally:
        draft.unlink(missing_ok=True)


def write_together(folder: Path, files: Mapping[str, bytes], *, stale: Sequence[str] = ()) -> None:
    """Replace files that belong together; the last one says that the others are complete.

    Everything is written beside the old files first. Then the last of them is removed, the others
    are replaced, and the last one takes its place: whoever finds it finds what belongs to it, at
    whatever moment this process may be killed. Another process that writes to the same folder
    waits.

    Parameters
    ----------
    folder : Path
        Where to.
    files : mapping of str to bytes
        Content by name, in this order.
    stale : sequence of str
        Files that were made of the old ones; they are removed with the last one.

    Raises
    ------
    RtcanError
        If the folder cannot be written to, or its disk is full; the old files are then as they
        were.
    """
    *others, last = files
    with alone(folder), ExitStack() as written:
        # Each takes its name as its own block ends, the first one first.
        for name in (last, *reversed(others)):
            file = written.enter_context(whole_file(folder / name))
            file.write(files[name])
            file.flush()  # a disk that is full says so here
        for name in (last, *stale):
            (folder / name).unlink(missing_ok=True)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other process replaces files in a folder, where the system has such locks."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refusal(folder, error) from error
    if fcntl is None:
        yield
        return
    place = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network mounts have none
            fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)


def open_for_writing(path: Path) -> TextIO:
    """Open a text file that grows as things happen.

    Raises
    ------
    RtcanError
        If the folder cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("w", newline="", encoding="utf-8")
    except OSError as error:
        raise _refusal(path, error) from error


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` to `path`, completely or not at all."""
    with whole_file(path) as file:
        file.write(data)


def _refusal(path: Path, error: OSError) -> RtcanError:
    return RtcanError(f"{path} cannot be written: {error}. Choose another folder, or make room")
