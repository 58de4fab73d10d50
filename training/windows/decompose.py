"""Many windows at once: cvxEDA over all cores, with a progress bar."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from rich.console import Console

from device.errors import MissingExtraError
from runtime.cvxeda.solver import CvxEDA, Decomposition
from training.compute.progress import Bar

# Enough windows to outweigh the hand-over to a process, few enough for a bar that moves.
_CHUNK = 16


def decompose_all(
    windows: Sequence[ArrayLike],
    rate_hz: float,
    *,
    jobs: int = -1,
    console: Console | None = None,
    **parameters: Any,
) -> list[Decomposition]:
    """Split every window; the answers equal those of `CvxEDA.decompose`, in order.

    Parameters
    ----------
    windows : sequence of array-like (n,)
        Scaled by the caller; lengths may differ.
    rate_hz : float
        Their sampling rate.
    jobs : int
        Processes; -1 for one per core.
    console : Console, optional
        Where the progress bar goes; none is drawn without.
    **parameters
        Of `CvxEDA`.

    Raises
    ------
    SignalError
        A window cannot be used.
    MissingExtraError
        joblib is not installed.
    """
    try:
        from joblib import Parallel, delayed
    except ModuleNotFoundError as error:
        raise MissingExtraError("joblib", "train", "Decomposing on all cores") from error
    chunks = [windows[i : i + _CHUNK] for i in range(0, len(windows), _CHUNK)]
    running: Iterable[list[Decomposition]] = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(_decompose_chunk)(chunk, rate_hz, parameters) for chunk in chunks
    )
    answers: list[Decomposition] = []
    with Bar(console or Console(quiet=True), "cvxEDA", len(windows)) as bar:
        for chunk in running:
            answers += chunk
            for _ in chunk:
                bar.advance()
    return answers


def _decompose_chunk(
    windows: Sequence[ArrayLike], rate_hz: float, parameters: dict[str, Any]
) -> list[Decomposition]:
    prepared: dict[int, CvxEDA] = {}
    answers = []
    for window in windows:
        n = np.asarray(window).size
        if n not in prepared:
            prepared[n] = CvxEDA(n, rate_hz, **parameters)
        answers.append(prepared[n].decompose(window))
    return answers
