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

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from device.errors import SignalError
from runtime.cvxeda.model import Array, prepare
from runtime.cvxeda.steps import Steps

Baseline = Literal["linear", "constant", "none", "spline"]
Floor = Literal["kernel", "scipy"]

try:
    from runtime.cvxeda.kernel import KernelSteps
except ImportError:  # No compiler built the extension here.
    FLOORS: tuple[Floor, ...] = ("scipy",)
else:
    FLOORS = ("kernel", "scipy")
"""The floors that this installation has, the fastest first; it is the one in use."""

# Beyond this, the weights of the problem are lost beside the samples in double precision.
_LARGEST_SAMPLE = 1e10
# A window that its baseline explains up to this fraction of its samples leaves rounding noise.
_ROUNDING = 1e-14
# Parts that swing more than this many times as far as the window itself are cancelling each other.
_LARGEST_SWING = 2.0
# A knot spacing that gives more columns than this was meant in another unit.
_MOST_KNOTS = 1000


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


class CvxEDA:
    """The cvxEDA decomposition for windows of one length, rate and set of parameters.

    An object holds its working memory: share it between windows, not between threads.

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
    ValueError
        A parameter is out of range, or the floor is not installed.
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
        for name, value in (
            ("rate_hz", rate_hz),
            ("tau_slow_s", tau_slow_s),
            ("tau_fast_s", tau_fast_s),
            ("knot_spacing_s", knot_spacing_s),
            ("alpha", alpha),
            ("gamma", gamma),
        ):
            if not 0.0 < value < math.inf:
                raise ValueError(f"{name} is {value}; it must be finite and greater than 0")
        if n < 3 or max_iterations < 1:
            raise ValueError(
                f"n is {n} and max_iterations {max_iterations}; a window needs at least 3 samples "
                "and 1 iteration"
            )
        if tau_slow_s == tau_fast_s:
            raise ValueError(
                f"both time constants are {tau_slow_s} s: the Bateman response is the difference "
                "of two exponentials and needs two different ones"
            )
        if baseline not in get_args(Baseline):
            raise ValueError(f"baseline is {baseline!r}; it must be one of {get_args(Baseline)}")
        if not 1e-12 <= tolerance <= 1e-3:
            raise ValueError(f"tolerance is {tolerance}; it must lie between 1e-12 and 1e-3")
        if n > _MOST_KNOTS * max(1, round(knot_spacing_s * rate_hz)):
            raise ValueError(
                f"knot_spacing_s is {knot_spacing_s}, which gives this window more than "
                f"{_MOST_KNOTS} knots; is it in seconds?"
            )
        self.floor: Floor = FLOORS[0] if floor is None else floor
        if self.floor not in FLOORS:
            raise ValueError(
                f"floor {floor!r} is not installed here; there is {' and '.join(FLOORS)}. "
                "The kernel is built on installation where a C compiler is found."
            )
        self._alpha = float(alpha)
        self._tolerance = tolerance
        self._max_iterations = max_iterations
        self._model = prepare(
            n,
            float(rate_hz),
            tau_slow_s=max(tau_slow_s, tau_fast_s),
            tau_fast_s=min(tau_slow_s, tau_fast_s),
            knot_spacing_s=knot_spacing_s,
            gamma=float(gamma),
            baseline=baseline,
        )
        self._steps = _steps(self.floor)(self._model)

    def decompose(self, y: ArrayLike) -> Decomposition:
        """Split one window; the answer depends on nothing but `y` and the parameters.

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
        centred, scale = self._centred(window)
        steps = self._steps
        self._load(centred, scale)
        if np.max(steps.correlation) > steps.alpha:
            steps.start()
            iterations, certificate = self._iterate()
        else:  # No driver at all is the optimum.
            iterations, certificate = 0, steps.certificate()
        return self._result(window, centred, scale, iterations, certificate)

    def _centred(self, window: Array) -> tuple[Array, float]:
        """Return the window without its baseline, and its root mean square.

        The solver sees the one divided by the other. Both changes are exact: the baseline is free,
        and objective(s y; alpha) is s^2 objective(y; alpha/s).
        """
        free = self._model.free
        centred = np.asarray(window - free @ (free.T @ window))
        scale = float(np.sqrt(np.mean(centred**2)))
        if scale <= _ROUNDING * float(np.max(np.abs(window))):
            return np.zeros(len(window)), 1.0
        return centred, scale

    def _load(self, centred: Array, scale: float) -> None:
        """Give the window to the floor; the iterate is its best fit without any driver."""
        model, steps = self._model, self._steps
        y = centred / scale
        steps.load(y, self._alpha / scale)
        fit = model.ridge @ (model.columns.T @ y)
        steps.propose(0.0, 0.0, y - model.columns @ fit, fit)
        steps.measure(exact=True)

    def _iterate(self) -> tuple[int, tuple[float, Array]]:
        """Iterate from where the floor stands to the tolerance or the cap.

        Returns the count, and the certificate of what was reached.
        """
        steps = self._steps
        proof = self._proof(steps.measure())
        iterations = 0
        while proof is None and iterations < self._max_iterations and steps.advance():
            iterations += 1
            proof = self._proof(steps.measure())
        if not steps.exact:
            steps.measure(exact=True)
        return iterations, proof or steps.certificate()

    def _checked(self, y: ArrayLike) -> Array:
        window = np.asarray(y)
        if window.shape != (self._model.n,):
            raise SignalError(
                f"the window has shape {window.shape}, but this decomposition was prepared for "
                f"({self._model.n},): prepare another CvxEDA for another length"
            )
        if window.dtype.kind not in "fiu":
            raise SignalError(f"the window holds {window.dtype}; give it real numbers")
        window = window.astype(np.float64)
        usable = np.abs(window) <= _LARGEST_SAMPLE
        if not usable.all():
            first = int(np.argmin(usable))
            raise SignalError(
                f"sample {first} of the window is {window[first]}; every sample must be finite "
                f"and at most {_LARGEST_SAMPLE:g} in size: fill or drop gaps, and z-score the rest"
            )
        return window

    def _proof(self, objective: float) -> tuple[float, Array] | None:
        """Return the certificate that the iterate is within the tolerance, or None if it is not.

        It is taken only where it may succeed.
        """
        steps, allowed = self._steps, self._tolerance * objective
        if not steps.exact or steps.complementarity > allowed:
            return None
        certificate = steps.certificate()
        return certificate if objective - certificate[0] <= allowed else None

    def _result(
        self,
        window: Array,
        centred: Array,
        scale: float,
        iterations: int,
        certificate: tuple[float, Array],
    ) -> Decomposition:
        """Gather the answer from the iterate; objective and gap are those of the arrays in it."""
        model, steps = self._model, self._steps
        coefficients = scale * steps.coefficients
        driver, phasic = scale * steps.driver, scale * steps.phasic
        changing = model.columns @ coefficients
        tonic = changing + (window - centred)
        residual = centred - phasic - changing
        objective = (
            0.5 * float(residual @ residual)
            + self._alpha * float(driver.sum())
            + 0.5 * float(model.penalty @ coefficients**2)
        )
        if not math.isfinite(objective):
            raise SignalError(
                "the window cannot be decomposed in double precision with these parameters; "
                "z-score it, or use time constants nearer to the defaults"
            )
        bound, dual = certificate
        excess = max(0.0, objective - scale**2 * bound)
        gap = excess / objective if objective > 0.0 else 0.0
        swing = max(float(np.ptp(tonic)), float(np.ptp(phasic)))
        return Decomposition(
            tonic=tonic,
            phasic=phasic,
            driver=driver,
            residual=residual,
            spline_coefficients=coefficients[: model.splines],
            baseline_coefficients=coefficients[model.splines :]
            + model.free_inverse @ (window - centred),
            dual=scale * dual,
            objective=objective,
            gap=gap,
            iterations=iterations,
            converged=gap <= self._tolerance,
            well_posed=swing <= _LARGEST_SWING * float(np.ptp(window)),
        )


def _steps(floor: Floor) -> type[Steps]:
    if floor == "kernel":
        return KernelSteps
    # SciPy costs 23 MB and a third of a second, which the kernel does without.
    from runtime.cvxeda.lapack import ScipySteps

    return ScipySteps
