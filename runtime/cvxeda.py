"""Splitting skin conductance into tonic level and phasic responses: exact cvxEDA.

    from runtime import CvxEDA
    split = CvxEDA(n=7680, rate_hz=128.0)
    parts = split.decompose((eda - eda.mean()) / eda.std())
    parts.tonic, parts.phasic, parts.driver, parts.gap

A `CvxEDA` is prepared once per window length and called per window. Each answer carries its own
certificate: the relative gap between its objective and a lower bound from the dual problem.

Source: Greco et al. 2015, doi:10.1109/TBME.2015.2474131; formulas in `runtime._cvxeda_model` and
`runtime._cvxeda_scipy`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from device.errors import SignalError
from runtime._cvxeda_model import Array, prepare
from runtime._cvxeda_scipy import ScipySteps

Baseline = Literal["none", "constant", "linear", "spline"]

# Beyond this, squares of the samples overflow.
_LARGEST_SAMPLE = 1e100
# A window whose parts are this many times larger than itself is two huge curves that cancel.
_LARGEST_CANCELLATION = 3.0


@dataclass(frozen=True)
class Decomposition:
    """One window, split: y = tonic + phasic + residual.

    Attributes
    ----------
    tonic, phasic, driver, residual : float64 (n,)
        Slow level, skin conductance responses (>= 0), sudomotor activity (>= 0), and what neither
        explains. In the unit of the input; the driver per second.
    spline_coefficients : float64 (knots,)
        Coefficients l of the penalised splines.
    baseline_coefficients : float64 (0 to 2,)
        Coefficients d of the free baseline.
    objective : float
        1/2 |residual|^2 + alpha sum(driver) + gamma/2 |spline_coefficients|^2 of these very arrays.
    gap : float
        (objective - lower bound)/objective, the bound being a feasible dual value; so the true
        optimum lies within this fraction below `objective`. 0 where the objective is 0.
    iterations : int
        Interior-point iterations done.
    converged : bool
        Whether `gap` reached the tolerance before the cap on iterations.
    well_posed : bool
        False where tonic and phasic are several times larger than the input and cancel each other:
        the optimum is exact, but its parts mean nothing. Typical of noise around a flat signal.
    """

    tonic: Array
    phasic: Array
    driver: Array
    residual: Array
    spline_coefficients: Array
    baseline_coefficients: Array
    objective: float
    gap: float
    iterations: int
    converged: bool
    well_posed: bool


class CvxEDA:
    """The cvxEDA decomposition for windows of one length, rate and set of parameters.

    Parameters
    ----------
    n : int
        Samples per window, at least 3.
    rate_hz : float
        Sampling rate.
    tau_slow_s, tau_fast_s : float
        Time constants of the Bateman response, slow > fast > 0. Given the wrong way round they are
        exchanged, as in the paper.
    knot_spacing_s : float
        Distance between the knots of the tonic spline.
    alpha, gamma : float
        Weights of the driver's sum and of the squared spline coefficients, both > 0; the defaults
        belong to z-scored input.
    baseline : {"linear", "constant", "none", "spline"}
        What the tonic part may hold without penalty: offset and slope, an offset, nothing, or one
        common offset of all spline coefficients.
    tolerance : float
        Relative duality gap at which an answer is accepted.
    max_iterations : int
        Cap on the iterations of a window; `Decomposition.converged` tells whether it was hit.

    Raises
    ------
    ValueError
        A parameter is out of range.
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
        max_iterations: int = 60,
    ) -> None:
        tau_slow_s, tau_fast_s = max(tau_slow_s, tau_fast_s), min(tau_slow_s, tau_fast_s)
        self._alpha = alpha
        self._tolerance = tolerance
        self._max_iterations = max_iterations
        self._model = prepare(
            n,
            rate_hz,
            tau_slow_s=tau_slow_s,
            tau_fast_s=tau_fast_s,
            knot_spacing_s=knot_spacing_s,
            gamma=gamma,
            baseline=baseline,
        )
        self._steps = ScipySteps(self._model)
        free = self._model.columns[:, self._model.splines :]
        self._free = np.linalg.qr(free)[0]

    def decompose(self, y: ArrayLike) -> Decomposition:
        """Split one window.

        Parameters
        ----------
        y : array-like (n,)
            Samples, already scaled by the caller (the default weights belong to z-scores).

        Raises
        ------
        SignalError
            The window has the wrong shape or type, or holds NaN, infinity or absurd magnitudes.
        """
        window = self._checked(y)
        centred = window - self._free @ (self._free.T @ window)
        scale = float(np.sqrt(np.mean(centred**2))) or 1.0
        steps, model = self._steps, self._model
        steps.start(centred / scale, self._alpha / scale)
        for iteration in range(1, self._max_iterations + 1):
            left = steps.step()
            driver = scale * steps.driver
            phasic = model.phasic(driver)
            coefficients = scale * steps.tonic_coefficients
            residual = centred - phasic - model.columns @ coefficients
            objective = self._objective(driver, residual, coefficients)
            if left * scale**2 < self._tolerance * objective:
                gap = (objective - self._bound(centred, scale * steps.dual)) / objective
                if gap <= self._tolerance:
                    break
        free = model.columns[:, model.splines :]
        coefficients[model.splines :] += np.linalg.lstsq(free, window - centred, rcond=None)[0]
        tonic = model.columns @ coefficients
        larger = max(float(np.ptp(tonic)), float(np.ptp(phasic)))
        return Decomposition(
            tonic=tonic,
            phasic=phasic,
            driver=driver,
            residual=window - tonic - phasic,
            spline_coefficients=coefficients[: model.splines],
            baseline_coefficients=coefficients[model.splines :],
            objective=objective,
            gap=gap,
            iterations=iteration,
            converged=gap <= self._tolerance,
            well_posed=larger <= _LARGEST_CANCELLATION * float(np.ptp(window)),
        )

    def _checked(self, y: ArrayLike) -> Array:
        window = np.asarray(y, dtype=np.float64)
        if window.shape != (self._model.n,):
            raise SignalError(
                f"the window has shape {window.shape}; this decomposition was prepared for "
                f"({self._model.n},): prepare another CvxEDA for another length"
            )
        if not np.all(np.isfinite(window)):
            bad = int(np.flatnonzero(~np.isfinite(window))[0])
            raise SignalError(
                f"sample {bad} of the window is {window[bad]}; every sample must be finite: "
                "fill or drop gaps before the decomposition"
            )
        return window

    def _objective(self, driver: Array, residual: Array, coefficients: Array) -> float:
        penalty = self._model.penalty * coefficients**2
        return float(0.5 * (residual @ residual) + self._alpha * driver.sum() + 0.5 * penalty.sum())

    def _bound(self, y: Array, dual: Array) -> float:
        """Return the best dual value along the ray of `dual`, made feasible."""
        model = self._model
        dual = dual - self._free @ (self._free.T @ dual)
        highest = float(np.max(model.correlation(dual)))
        coupling = model.columns[:, : model.splines].T @ dual
        curvature = float(dual @ dual + coupling @ coupling / model.penalty[0])
        slope = float(y @ dual)
        if curvature == 0.0:
            return 0.0
        length = slope / curvature
        if highest > 0.0:
            length = min(length, self._alpha / highest)
        return length * slope - 0.5 * length**2 * curvature
