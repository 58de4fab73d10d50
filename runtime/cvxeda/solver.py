"""Splitting skin conductance into tonic level and phasic responses: exact cvxEDA.

    from runtime import CvxEDA

    split = CvxEDA(n=7680, rate_hz=128.0)
    parts = split.decompose((eda - eda.mean()) / eda.std())
    parts.tonic, parts.phasic, parts.driver, parts.gap

A `CvxEDA` is prepared once per window length and called per window. Each answer carries its own
certificate: the relative gap between its objective and a lower bound from the dual problem.

Source: Greco et al. 2015, doi:10.1109/TBME.2015.2474131. The formulas stand in
`runtime.cvxeda.model`, the method in `runtime.cvxeda.lapack`.
"""

from __future__ import annotations

import dataclasses
import math
import warnings
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from device.arguments import number, real_array, whole
from device.errors import SignalError, SignalWarning
from runtime.cvxeda.decomposition import Decomposition as Decomposition
from runtime.cvxeda.model import Array
from runtime.cvxeda.problem import FLOORS as FLOORS
from runtime.cvxeda.problem import Baseline as Baseline
from runtime.cvxeda.problem import Floor as Floor
from runtime.cvxeda.problem import Parameters

# Beyond this, the weights of the problem are lost beside the samples in double precision.
_LARGEST_SAMPLE = 1e10
# Parts that swing more than this many times as far as the window itself are cancelling each other.
_LARGEST_SWING = 2.0


class CvxEDA:
    """The cvxEDA decomposition for windows of one length, rate and set of parameters.

    An object is immutable: share it between windows and threads, pickle it, copy it, hand it to a
    process pool. On one machine the same window gives the same bits everywhere.

    Parameters
    ----------
    n : int
        Samples per window, at least 3.
    rate_hz : float
        Sampling rate.
    tau_slow_s, tau_fast_s : float
        Time constants of the Bateman response; different, and in either order.
    knot_spacing_s : float
        Distance between the knots of the tonic spline.
    alpha, gamma : float
        Weights of the driver's sum and of the squared spline coefficients, both > 0. The defaults
        are the paper's and belong to z-scored input.
    baseline : {"linear", "constant", "none", "spline"}
        What the tonic part holds free of penalty: offset and slope, an offset, nothing, or an
        offset common to all spline coefficients.
    tolerance : float
        Relative duality gap at which an answer is accepted, 1e-12 to 1e-3.
    max_iterations : int
        Cap on the iterations of one window, at least 1; `Decomposition.converged` tells whether it
        was hit. Real windows take 10 to 20.
    floor : {"kernel", "scipy"}, optional
        The compiled kernel or NumPy and LAPACK; by default the first of `FLOORS`. Both take the
        same steps to the same optimum.

    Raises
    ------
    ArgumentError
        A parameter is no number or out of range, or the floor is not installed.
    """

    def __init__(
        self,
        n: int,
        rate_hz: float,
        *,
        tau_slow_s: float = 2.0,
        tau_fast_s: float = 0.7,
        knot_spacing_s: float = 10.0,
        alpha: float = 8e-4,
        gamma: float = 1e-2,
        baseline: Baseline = "linear",
        tolerance: float = 1e-9,
        max_iterations: int = 100,
        floor: Floor | None = None,
    ) -> None:
        self._parameters = Parameters(
            n=whole("n", n),
            rate_hz=number("rate_hz", rate_hz),
            tau_slow_s=number("tau_slow_s", tau_slow_s),
            tau_fast_s=number("tau_fast_s", tau_fast_s),
            knot_spacing_s=number("knot_spacing_s", knot_spacing_s),
            alpha=number("alpha", alpha),
            gamma=number("gamma", gamma),
            baseline=baseline,
            tolerance=number("tolerance", tolerance),
            max_iterations=whole("max_iterations", max_iterations),
            floor=floor,
        )
        self._problem = self._parameters.problem()

    @property
    def floor(self) -> Floor:
        """What does the arithmetic."""
        return self._problem.floor

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy as the parameters: the problem is found or prepared again."""
        return partial(type(self), **dataclasses.asdict(self._parameters)), ()

    def __repr__(self) -> str:
        given = ", ".join(f"{k}={v!r}" for k, v in dataclasses.asdict(self._parameters).items())
        return f"CvxEDA({given})"

    def decompose(self, y: ArrayLike) -> Decomposition:
        """Split one window; the answer depends on nothing but `y` and the parameters.

        Parameters
        ----------
        y : array-like (n,)
            Samples, already scaled by the caller: the default weights belong to z-scores. A whole
            recording in microsiemens is split by `runtime.cvxeda.decompose`.

        Warns
        -----
        SignalWarning
            All samples lie on one side of zero, as those of no z-scored window do.

        Raises
        ------
        SignalError
            The window has the wrong shape or type, or holds NaN, infinity or absurd magnitudes.
        """
        window = self._checked(y)
        lowest, highest = float(window.min()), float(window.max())
        if lowest != highest and (lowest > 0.0 or highest < 0.0):
            warnings.warn(
                f"the window runs from {lowest:.3g} to {highest:.3g} with a mean of "
                f"{window.mean():.3g}, and a z-scored one has a mean of 0: if these are raw "
                "samples, give them to runtime.cvxeda.decompose(eda_us, rate_hz), or z-score them",
                SignalWarning,
                stacklevel=2,
            )
        return self.solve(window)

    def solve(self, window: Array) -> Decomposition:
        """Split a checked window, float64 (n,), whatever its level."""
        own, model = self._parameters, self._problem.model
        with self._problem.workspace() as workspace:
            found = workspace.decompose(window, own.alpha, own.tolerance, own.max_iterations)
        if not math.isfinite(found.objective):
            raise SignalError(
                "the window cannot be decomposed in double precision with these parameters; "
                "z-score it, or use time constants nearer to the defaults"
            )
        tonic, phasic, driver, residual, dual = found.signals
        return Decomposition(
            tonic=tonic,
            phasic=phasic,
            driver=driver,
            residual=residual,
            spline_coefficients=found.coefficients[: model.splines],
            baseline_coefficients=found.coefficients[model.splines :],
            dual=dual,
            objective=found.objective,
            gap=found.gap,
            iterations=found.iterations,
            converged=found.gap <= own.tolerance,
            well_posed=found.swing <= _LARGEST_SWING * found.span,
        )

    def _checked(self, y: ArrayLike) -> Array:
        window, n = real_array("y", y), self._parameters.n
        if window.shape != (n,):
            raise SignalError(
                f"the window has shape {window.shape}, but this decomposition was prepared for "
                f"({n},): prepare another CvxEDA for another length"
            )
        window = window.astype(np.float64)
        if not float(np.abs(window).max()) <= _LARGEST_SAMPLE:  # NaN is not
            first = int(np.argmin(np.abs(window) <= _LARGEST_SAMPLE))
            raise SignalError(
                f"sample {first} of the window is {window[first]}; every sample must be finite "
                f"and at most {_LARGEST_SAMPLE:g} in size: fill or drop gaps, and z-score the rest"
            )
        return window
