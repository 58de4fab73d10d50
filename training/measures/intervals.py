"""95 % intervals of figures over recordings that are not independent of each other.

A bootstrap that resamples recordings one by one takes them for independent: a subject's are not,
and where a song's listeners all have the song's label, neither are a song's. Whole groups are drawn
instead. Where recordings are grouped in two ways that cross, the variance is that of both less
what is counted twice (Cameron, Gelbach, Miller, "Robust Inference with Multiway Clustering",
J. Business & Economic Statistics 29(2), 2011).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from device.samples import FloatArray

Figure = Callable[[NDArray[np.int64]], FloatArray]
_RESAMPLES = 1000
_ENDS = (2.5, 97.5)


def interval(
    cells: NDArray[np.int64],
    groupings: Sequence[Sequence[str]],
    figure: Figure,
    seed: int = 0,
) -> list[float] | None:
    """Return the ends of the 95 % bootstrap interval of a figure, or None where there is none.

    Parameters
    ----------
    cells : int64 (n,)
        Cell of the confusion matrix that each decision falls into: 2 truth + prediction.
    groupings : sequence of sequence of str (n,)
        One or two: the subject of each decision, and its song where songs share a label.
    figure : callable
        Of confusions (..., 2, 2) to (...), such as `balanced_accuracy`; 0 to 1.
    seed : int
        Of the draws.
    """
    rng = np.random.default_rng(seed)
    whole = float(figure(_confusions(cells, np.zeros(len(cells), dtype=np.int64))[0]))
    numbers = [np.unique(np.asarray(names), return_inverse=True)[1] for names in groupings]
    drawn = [_draws(cells, group, figure, rng) for group in numbers]
    if any(draws is None for draws in drawn):
        return None
    deviations = [draws - whole for draws in drawn if draws is not None]
    if len(deviations) == 1:
        return _ends(whole + deviations[0])
    # Decisions that share all groups are the same trial, decided more than once.
    trials = np.unique(np.stack(numbers), axis=1, return_inverse=True)[1].reshape(-1)
    alone = _draws(cells, trials, figure, rng)
    parts = [float(own.var()) for own in deviations]
    twice = 0.0 if alone is None else float(alone.var())
    variance = max(sum(parts) - twice, *parts)
    together = rng.permutation(_as_long(deviations[0])) + _as_long(deviations[1])
    return _ends(whole + together * np.sqrt(variance / max(sum(parts), np.finfo(float).tiny)))


def _confusions(cells: NDArray[np.int64], group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the confusion of each group, int64 (groups, 2, 2)."""
    counts = np.bincount(4 * group + cells, minlength=4 * (int(group.max()) + 1))
    return counts.reshape(-1, 2, 2).astype(np.int64)


def _draws(
    cells: NDArray[np.int64],
    group: NDArray[np.int64],
    figure: Figure,
    rng: np.random.Generator,
) -> FloatArray | None:
    """Return the figure of resampled groups, float64 (draws,), or None if no draw has one."""
    each = _confusions(cells, group)
    n = len(each)
    drawn_groups = rng.integers(0, n, (_RESAMPLES, n)) + n * np.arange(_RESAMPLES)[:, None]
    times = np.bincount(drawn_groups.ravel(), minlength=_RESAMPLES * n).reshape(_RESAMPLES, n)
    # As float64, which is exact here and which BLAS multiplies.
    drawn = times.astype(np.float64) @ each.reshape(-1, 4).astype(np.float64)
    drawn = drawn.reshape(-1, 2, 2).astype(np.int64)
    # A draw in which a class does not occur says nothing about telling classes apart.
    drawn = drawn[(drawn.sum(axis=2) > 0).all(axis=1)]
    return figure(drawn) if len(drawn) else None


def _as_long(values: FloatArray) -> FloatArray:
    """Return all draws, some twice where some were left out."""
    return np.resize(values, _RESAMPLES)


def _ends(values: FloatArray) -> list[float]:
    return [float(end) for end in np.clip(np.percentile(values, _ENDS), 0.0, 1.0)]
