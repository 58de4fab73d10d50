"""A pickle reader that admits plain values and numpy arrays, and nothing else.

A pickle is a program: reading one with `pickle.load` runs whatever its writer wished. Here the only
callables that it may name are the four that rebuild a numpy array.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from device.errors import DatasetError

# numpy's own rebuilding functions, taken from numpy itself: their module was renamed in numpy 2.
_RECONSTRUCT = np.empty(0).__reduce__()[0]
_SCALAR = np.float64(0).__reduce__()[0]
_ADMITTED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy.core.multiarray", "scalar"): _SCALAR,
    ("numpy._core.multiarray", "scalar"): _SCALAR,
}


class _Arrays(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ADMITTED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"it names {module}.{name}, which could run code"
            ) from None


def read_arrays(path: Path) -> Any:
    """Read a pickle of Python 2 or 3 that holds plain values and numpy arrays.

    Parameters
    ----------
    path : Path
        The file. Strings of Python 2 are read as Latin-1, which numpy's arrays need.

    Raises
    ------
    DatasetError
        If it names anything but numpy arrays, is cut short or is no pickle; nothing of it was run.
    """
    try:
        with path.open("rb") as file:
            return _Arrays(file, encoding="latin1").load()
    except (
        pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, IndexError,
        AttributeError, MemoryError, OverflowError, UnicodeDecodeError,
    ) as error:  # fmt: skip
        raise DatasetError(
            f"{path.name} is not a pickle of numpy arrays: {error or type(error).__name__}. "
            "Expected: the file as its publisher hands it out; download or unpack it again."
        ) from error
