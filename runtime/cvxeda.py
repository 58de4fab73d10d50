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
# A window whose detrended part is smaller than this, relative to its samples, is rounding noise.
_ROUNDING = 1e-14
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
        model, steps = self._model, self._steps
        window = self._checked(y)
        offset = np.asarray(model.free.T @ window)
        centred = window - model.free @ offset
        scale = float(np.sqrt(np.mean(centred**2)))
        if scale <= _ROUNDING * float(np.max(np.abs(window))):
            centred, scale = np.zeros(model.n), 1.0
        y, alpha = centred / scale, self._alpha / scale
        fit = model.ridge @ (model.columns.T @ y)
        residual = y - model.columns @ fit
        iterations = 0
        if np.max(model.correlation(residual)) <= alpha:
            return self._result(
                window, centred, np.zeros(model.n), scale * fit, scale * residual, 0
            )
        steps.start(y, alpha, fit)
        objective, bound = steps.measure()
        while objective - bound > self._tolerance * objective and iterations < self._max_iterations:
            if not steps.advance():
                break
            iterations += 1
            objective, bound = steps.measure()
        driver, coefficients = scale * steps.driver, scale * steps.coefficients
        return self._result(window, centred, driver, coefficients, scale * steps.dual, iterations)

    def _result(
        self,
        window: Array,
        centred: Array,
        driver: Array,
        coefficients: Array,
        dual: Array,
        iterations: int,
    ) -> Decomposition:
        """Gather the answer; its objective and gap are taken from the arrays that are returned."""
        model = self._model
        phasic = model.phasic(driver)
        tonic = model.columns @ coefficients + (window - centred)
        residual = window - tonic - phasic
        objective = (
            0.5 * float(residual @ residual)
            + self._alpha * float(driver.sum())
            + 0.5 * float(model.penalty @ coefficients**2)
        )
        bound = model.bound(
            self._alpha,
            float(centred @ dual),
            dual,
            model.columns.T @ dual,
            model.correlation(dual),
        )
        gap = max(0.0, objective - bound) / objective if objective > 0.0 else 0.0
        free = model.columns[:, model.splines :]
        baseline = coefficients[model.splines :] + np.linalg.lstsq(free, window - centred)[0]
        larger = max(float(np.ptp(tonic)), float(np.ptp(phasic)))
        return Decomposition(
            tonic=tonic,
            phasic=phasic,
            driver=driver,
            residual=residual,
            spline_coefficients=coefficients[: model.splines],
            baseline_coefficients=baseline,
            objective=objective,
            gap=gap,
            iterations=iterations,
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
