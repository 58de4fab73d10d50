"""Writing files that appear complete or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from device.errors import RtcanError


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that takes its name when the block ends without an error.

    Raises
    ------
    RtcanError
        If the folder cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _refusal(path, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        # A temporary file is private; the finished one has the rights that any new file has.
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


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
    return RtcanError(f"{path} cannot be written: {error}. Choose another --output.")
