"""The answer of cvxEDA for one window."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.cvxeda.model import Array


@dataclass(frozen=True)
class Decomposition:
    """One window, split: y = tonic + phasic + residual.

    Attributes
    ----------
    tonic, phasic, driver, residual : float64 (n,)
        Slow level, skin conductance responses (>= 0), sudomotor nerve activity that drives them
        (>= 0), and what none explains. In the unit of the input, the driver in that unit per
        second of a response's area.
    spline_coefficients : float64 (knots,)
        Coefficients l of the penalised splines.
    baseline_coefficients : float64 (0 to 2,)
        Coefficients d of the free baseline.
    dual : float64 (n,)
        The certificate v: C'v = 0 and K'v <= alpha, so that y'v - 1/2 |v|^2 - |B'v|^2 / (2 gamma)
        is a lower bound of every objective. At the optimum it is the residual.
    objective : float
        1/2 |residual|^2 + alpha sum(driver) + gamma/2 |spline_coefficients|^2 of these very arrays.
    gap : float
        (objective - that bound) / objective: the optimum lies at most this fraction below
        `objective`. 0 where the objective is 0.
    iterations : int
        Interior-point iterations done at the full rate.
    converged : bool
        Whether `gap` reached the tolerance before the cap on iterations.
    well_posed : bool
        False where tonic or phasic swings more than twice as far as the window: two large curves
        that cancel each other. The optimum is exact, but its parts mean nothing. Typical of noise
        around a flat signal.
    """

    tonic: Array
    phasic: Array
    driver: Array
    residual: Array
    spline_coefficients: Array
    baseline_coefficients: Array
    dual: Array
    objective: float
    gap: float
    iterations: int
    converged: bool
    well_posed: bool
