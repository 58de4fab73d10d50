"""Checking what callers hand in: once, where it comes in, and by the argument's name."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import ArgumentError, SignalError

_KINDS = {
    "b": "truth values",
    "c": "complex numbers",
    "m": "time spans",
    "M": "dates",
    "O": "objects (mark missing values with NaN)",
    "S": "bytes",
    "U": "text",
    "V": "records",
}


def real_array(name: str, value: Any) -> NDArray[Any]:
    """Return what was given as an array of real numbers, of any shape; masked values become NaN.

    Raises
    ------
    SignalError
        If it holds anything else.
    """
    # NumPy imports np.ma when it is asked for; who has a masked array has done so.
    if "numpy.ma" in sys.modules and isinstance(value, np.ma.MaskedArray):
        value = np.ma.filled(value.astype(np.float64), np.nan)
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise SignalError(f"{name} cannot be read as an array: {error}") from error
    if array.dtype.kind not in "fiu":
        found = _KINDS.get(array.dtype.kind, str(array.dtype))
        raise SignalError(f"{name} holds {found}; expected: real numbers")
    return array


def series(name: str, value: Any) -> NDArray[np.float64]:
    """Return what was given as float64 (n,), contiguous; the same object where it is that already.

    Sums over an array depend in their last bits on how it lies in memory; this one lies one way.

    Raises
    ------
    SignalError
        If it is not one-dimensional, or holds anything but real numbers.
    """
    array = real_array(name, value)
    if array.ndim != 1:
        raise SignalError(f"{name} has shape {array.shape}; expected: one dimension, (n,)")
    return np.ascontiguousarray(array, dtype=np.float64)


def number(
    name: str,
    value: Any,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    open_ends: bool = False,
) -> float:
    """Return what was given as a float from `low` to `high`.

    Parameters
    ----------
    name : str
        Of the argument.
    value : object
        What was given: a number of Python or NumPy.
    low, high : float
        The range; where there is one, the number must be finite too.
    open_ends : bool
        Whether the ends are outside the range.

    Raises
    ------
    ArgumentError
        If it is no real number, or out of range.
    """
    if not _is_scalar(value, "fiu"):
        raise ArgumentError(f"{name} is {shown(value)}; expected: a number")
    if math.isinf(low) and math.isinf(high):
        return float(value)
    inside = low < value < high if open_ends else low <= value <= high
    if not (inside and math.isfinite(value)):
        ends = f"above {low:g}" if open_ends else f"at least {low:g}"
        if math.isfinite(high):
            ends += f" and {'below' if open_ends else 'at most'} {high:g}"
        raise ArgumentError(f"{name} is {value}; expected: a finite number, {ends}")
    return float(value)


def whole(name: str, value: Any, low: float = -math.inf) -> int:
    """Return what was given as an int of at least `low`; `ArgumentError` where it is none."""
    if not _is_scalar(value, "iu"):
        raise ArgumentError(f"{name} is {shown(value)}; expected: a whole number, as int")
    if value < low:
        raise ArgumentError(f"{name} is {value}; expected: a whole number, at least {low:g}")
    return int(value)


def _is_scalar(value: Any, kinds: str) -> bool:
    return np.ndim(value) == 0 and np.asarray(value).dtype.kind in kinds


def path(name: str, value: Any) -> Path:
    """Return what was given as a Path: str or path-like; `ArgumentError` where it is neither."""
    if isinstance(value, (str, os.PathLike)):
        found = os.fspath(value)
        if isinstance(found, str):
            return Path(found)
    raise ArgumentError(f"{name} is {shown(value)}; expected: a path, as str or pathlib.Path")


def shown(value: Any) -> str:
    """Return a value in words that fit into a message."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    text = repr(value)
    return text if len(text) <= 60 else f"a {type(value).__name__}"
