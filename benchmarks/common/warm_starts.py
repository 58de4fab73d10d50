"""What it would save to start a window from the answer of the last one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from runtime.cvxeda.solver import CvxEDA
from runtime.cvxeda.steps import Steps


def warm_iterations(
    sequence: list[NDArray[np.float64]], rate_hz: float, hop: int, lift: float
) -> float:
    """Return the mean iterations from the last hop's optimum, shifted and lifted off its bounds.

    `lift` is the least driver and slack of the start, relative to their largest: an interior-point
    method can not start on its bounds.
    """
    counts = []  # An experiment with the solver's insides, which are within reach on this floor.
    split = CvxEDA(len(sequence[0]), rate_hz, floor="scipy")
    own = split._parameters
    with split._problem.workspace() as steps:
        assert isinstance(steps, Steps)
        for before, y in pairwise(sequence):
            centred, scale = steps.centred(before)
            steps.solve(centred / scale, own.alpha / scale, own.tolerance, own.max_iterations)
            driver, slack, dual = (
                np.concatenate([a[hop:], np.full(hop, a[-hop:].mean())])
                for a in (steps.driver, steps.slack, steps.dual)
            )
            centred, scale = steps.centred(y)
            steps.fit(centred / scale, own.alpha / scale)
            steps.driver[:] = np.maximum(driver, lift * driver.max())
            steps.slack[:] = np.maximum(slack, lift * slack.max())
            steps.dual[:] = dual
            counts.append(steps.iterate(own.tolerance, own.max_iterations)[0])
    return float(np.mean(counts))
