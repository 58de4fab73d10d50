"""Who learns, who chooses, who tests: no subject ever stands on two sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.errors import DatasetError

PROTOCOL = "subject (20 % of subjects held out once; 20 % of the others for validation)"


@dataclass(frozen=True)
class Split:
    """Indices of recordings.

    Attributes
    ----------
    train, validation, test : int64 (n,)
        Disjoint, also in their subjects. The model is chosen on `validation`, never on `test`.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]


def hold_out_subjects(subjects: list[str], seed: int, share: float = 0.2) -> Split:
    """Hold out a share of the subjects for the test and a share of the rest for validation.

    Parameters
    ----------
    subjects : list of str
        Subject of each recording.
    seed : int
        Of the draw.
    share : float
        Between 0 and 1; at least one subject each.

    Raises
    ------
    DatasetError
        If there are fewer than three subjects.
    """
    names = sorted(set(subjects))
    if len(names) < 3:
        raise DatasetError(
            f"There are {len(names)} subjects; at least 3 are needed to train, validate and test "
            "on different people"
        )
    names = list(np.random.default_rng(seed).permutation(names))
    n_test = max(1, round(share * len(names)))
    n_validation = max(1, round(share * (len(names) - n_test)))
    sides = (names[n_test + n_validation :], names[n_test : n_test + n_validation], names[:n_test])
    index = [np.flatnonzero(np.isin(subjects, side)).astype(np.int64) for side in sides]
    return Split(train=index[0], validation=index[1], test=index[2])
