"""The median and quantiles of a few numbers, without `numpy.ma`.

`np.median`, `np.quantile` and `np.unique` import masked arrays when they are first called: 0.6 MB
and many milliseconds, for which the first prediction would wait.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def median(values: ArrayLike) -> float:
    """Return what `np.median` does, to the bit.

    Parameters
    ----------
    values : array-like (n,)
        At least one number, none of them NaN.
    """
    array = np.asarray(values, dtype=np.float64)
    middle = array.size // 2
    if array.size % 2:
        return float(np.partition(array, middle)[middle])
    return float(np.partition(array, (middle - 1, middle))[middle - 1 : middle + 1].mean())


def quantile(values: ArrayLike, share: float) -> float:
    """Return what `np.quantile` does, to the bit: between two values, interpolated linearly.

    Parameters
    ----------
    values : array-like (n,)
        At least one number, none of them NaN.
    share : float
        Of the numbers that are to lie below it, 0 to 1.
    """
    array = np.asarray(values, dtype=np.float64)
    place = (array.size - 1) * share
    below = int(place)
    above = min(below + 1, array.size - 1)
    part = np.partition(array, (below, above))
    low, high, between = float(part[below]), float(part[above]), place - below
    if between < 0.5:
        return low + (high - low) * between
    return high - (high - low) * (1 - between)
