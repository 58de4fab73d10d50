"""MATLAB files, with errors that name the file."""

from __future__ import annotations

import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

from device.errors import DatasetError


def read_mat(source: Path | bytes, name: str, keys: tuple[str, ...]) -> dict[str, Any]:
    """Read the named variables of a MATLAB file of version 4 to 7.

    Parameters
    ----------
    source : Path or bytes
        The file or its content.
    name : str
        Its name, for messages.
    keys : tuple of str
        Variables wanted.

    Raises
    ------
    DatasetError
        If it is damaged, of version 7.3 (an HDF5 file), or lacks a variable.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    file = BytesIO(source) if isinstance(source, bytes) else str(source)
    try:
        found = loadmat(file, variable_names=list(keys))
    except NotImplementedError as error:
        raise DatasetError(
            f"{name} is a MATLAB file of version 7.3 (HDF5); the publisher's are of version 5. "
            "Save it again in MATLAB with -v7."
        ) from error
    except (
        MatReadError, ValueError, TypeError, OSError, EOFError, KeyError, IndexError, zlib.error,
    ) as error:  # fmt: skip
        raise DatasetError(
            f"{name} is cut short or no MATLAB file: {error or type(error).__name__}. Download or "
            "unpack it again."
        ) from error
    missing = [key for key in keys if key not in found]
    if missing:
        raise DatasetError(f"{name} lacks the variable {missing[0]!r}; expected: {', '.join(keys)}")
    return dict(found)
