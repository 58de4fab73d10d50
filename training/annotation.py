"""From ratings to classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.datasets.recordings import Dataset

DESCRIPTION = "a rating above the middle of its scale is high"


def classes(dataset: Dataset, target: str) -> NDArray[np.int64]:
    """Return 1 for high and 0 for low, int64 (recordings,)."""
    low, high = dataset.rating_range
    middle = (low + high) / 2.0
    return np.array([int(r.ratings[target] > middle) for r in dataset.recordings], dtype=np.int64)
