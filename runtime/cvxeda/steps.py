"""The iteration of cvxEDA around its single steps: where it starts, when it ends, the certificate.

`lapack` adds the steps and makes the floor that runs everywhere; `kernel`, where the C extension
was built, does all of it in C in the same way.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np

from runtime.cvxeda.model import COARSENING, Array, CvxEDAModel

# Start: a constant driver, about half the spread of a real one, and a slack of the usual alpha.
# Both matter to the number of iterations only.
START_DRIVER = 3.0
START_SLACK = 8e-4
# The coarser problem is left at this complementarity relative to the size of its iterate, or after
# this many iterations: nearer to its own bounds it would be a bad start for the finer one.
ROUGH = 0.1
ROUGH_ITERATIONS = 12
# A window that its baseline explains up to this fraction of its samples leaves rounding noise.
_ROUNDING = 1e-14
ROWS = ("tonic", "phasic", "driver", "residual", "dual")


class Answer(NamedTuple):
    """A window that was decomposed.

    Attributes
    ----------
    signals : float64 (5, n)
        `ROWS`: the parts, and the dual point that proves the gap.
    coefficients : float64 (k,)
        Of the tonic signal, in the order of the model's columns.
    iterations : int
    objective, gap : float
        Of these signals, and its distance from the lower bound relative to it.
    swing, span : float
        How far the farther of tonic and phasic goes from its lowest to its highest, and the window.
    """

    signals: Array
    coefficients: Array
    iterations: int
    objective: float
    gap: float
    swing: float
    span: float


class Workspace(ABC):
    """Working memory of one problem size. One thread at a time uses it, and it is never copied."""

    @abstractmethod
    def __init__(self, model: CvxEDAModel) -> None:
        """Prepare for windows of the model's size."""

    @abstractmethod
    def decompose(self, window: Array, alpha: float, tolerance: float, most: int) -> Answer:
        """Decompose a window; the answer depends on nothing from before.

        Parameters
        ----------
        window : float64 (n,)
            Of any scale and level.
        alpha : float
            Weight of the driver.
        tolerance : float
            Relative duality gap at which to stop.
        most : int
            Iterations after which to stop.
        """


class Steps(Workspace):
    """The iteration, of which a subclass does the single steps.

    `load` sets a window, `propose` an iterate, or `start` one to iterate from; then `measure` and
    `advance` alternate. A call depends on nothing from before `load`. Arrays may be views into one
    another.

    Attributes
    ----------
    driver, slack, dual : float64 (n,)
        p > 0, s > 0 and v of the iterate.
    coefficients : float64 (k,)
        x of the iterate, in the order of the model's columns.
    phasic, correlation : float64 (n,)
        K p and K'v, as of the last `measure` that was exact.
    complementarity : float
        p's as of the last `measure`: the duality gap, once the residuals are gone.
    exact : bool
        Whether the last `measure` was, and `objective` so the true one of (p, x).
    """

    y: Array
    driver: Array
    slack: Array
    dual: Array
    coefficients: Array
    phasic: Array
    correlation: Array
    complementarity: float
    exact: bool

    def __init__(self, model: CvxEDAModel) -> None:
        self.model = model
        self._coarser = None if model.coarser is None else type(self)(model.coarser)

    @abstractmethod
    def measure(self, *, exact: bool = False) -> float:
        """Take the residuals of the iterate and return its objective.

        A floor may answer with an estimate far from the optimum, unless `exact` is asked for.
        """

    @abstractmethod
    def advance(self) -> bool:
        """Do one predictor-corrector step; False where the arithmetic can go no further."""

    def decompose(self, window: Array, alpha: float, tolerance: float, most: int) -> Answer:
        """Decompose a window; see `Workspace`."""
        model = self.model
        centred, scale = self.centred(window)
        iterations, (bound, dual) = self.solve(centred / scale, alpha / scale, tolerance, most)
        coefficients = scale * self.coefficients
        driver, phasic, changing = (
            scale * self.driver,
            scale * self.phasic,
            model.tonic(coefficients),
        )
        tonic = changing + (window - centred)
        residual = centred - phasic - changing
        objective = (
            0.5 * float(residual @ residual)
            + alpha * float(driver.sum())
            + 0.5 * float(model.penalty @ coefficients**2)
        )
        excess = max(0.0, objective - scale**2 * bound)
        coefficients[model.splines :] += model.free_inverse @ (window - centred)
        return Answer(
            np.stack([tonic, phasic, driver, residual, scale * dual]),
            coefficients,
            iterations,
            objective,
            excess / objective if objective > 0.0 else 0.0,
            max(float(np.ptp(tonic)), float(np.ptp(phasic))),
            float(np.ptp(window)),
        )

    def centred(self, window: Array) -> tuple[Array, float]:
        """Return the window without its baseline, and its root mean square.

        The iteration sees the one divided by the other. Both changes are exact: the baseline is
        free, and objective(s y; alpha) is s^2 objective(y; alpha/s).
        """
        free = self.model.free
        centred = np.asarray(window - free @ (free.T @ window))
        scale = float(np.sqrt(np.mean(centred**2)))
        if scale <= _ROUNDING * float(np.max(np.abs(window))):
            return np.zeros(len(window)), 1.0
        return centred, scale

    def solve(
        self, y: Array, alpha: float, tolerance: float, most: int
    ) -> tuple[int, tuple[float, Array]]:
        """Find the optimum for y (n,), of mean square 1 and orthogonal to the baseline.

        Returns the count of iterations, and the certificate of what was reached.
        """
        self.fit(y, alpha)
        if np.max(self.correlation) > alpha:
            self.start()
            return self.iterate(tolerance, most)
        return 0, self.certificate()  # No driver at all is the optimum.

    def fit(self, y: Array, alpha: float) -> None:
        """Set a window; the iterate is its best fit without any driver."""
        model = self.model
        self.load(y, alpha)
        fit = model.ridge @ model.coupling(y)
        self.propose(0.0, 0.0, y - model.tonic(fit), fit)
        self.measure(exact=True)

    def iterate(self, tolerance: float, most: int) -> tuple[int, tuple[float, Array]]:
        """Iterate to the tolerance or the cap; return the count, and the certificate then."""
        proof = self._proof(tolerance, self.measure())
        iterations = 0
        while proof is None and iterations < most and self.advance():
            iterations += 1
            proof = self._proof(tolerance, self.measure())
        if not self.exact:
            self.measure(exact=True)
        return iterations, proof or self.certificate()

    def _proof(self, tolerance: float, objective: float) -> tuple[float, Array] | None:
        """Return the certificate that the iterate is within the tolerance, or None if it is not.

        It is taken only where it may succeed.
        """
        allowed = tolerance * objective
        if not self.exact or self.complementarity > allowed:
            return None
        certificate = self.certificate()
        return certificate if objective - certificate[0] <= allowed else None

    def load(self, y: Array, alpha: float) -> None:
        """Set the window y (n,), of mean square 1 and orthogonal to the baseline, and its alpha."""
        self.y[:] = y
        self.alpha = alpha

    def propose(self, driver: float, slack: float, dual: Array | float, x: Array) -> None:
        """Set an iterate of constant driver and slack."""
        self.driver[:] = driver
        self.slack[:] = slack
        self.dual[:] = dual
        self.coefficients[:] = x

    def start(self) -> None:
        """Set the iterate to iterate from; the coefficients must hold a first guess."""
        if self._coarser is None:
            x = self.coefficients.copy()
            self.propose(START_DRIVER, max(self.alpha, START_SLACK), 0.0, x)
        else:
            self._start_from(self._coarser)

    def _start_from(self, coarser: Steps) -> None:
        """Solve the coarser problem roughly and take the start from its answer."""
        short = coarser.model.n
        coarser.load(self.y[: short * COARSENING].reshape(short, COARSENING).mean(1), self.alpha)
        translate(self, coarser)
        coarser.start()
        for _ in range(ROUGH_ITERATIONS):
            v = coarser.dual
            size = 0.5 * float(v @ v) + self.alpha * float(coarser.driver.sum())
            coarser.measure()
            if coarser.complementarity < ROUGH * size or not coarser.advance():
                break
        refine(coarser.driver, self.driver)
        refine(coarser.slack, self.slack)
        refine(coarser.dual, self.dual)
        translate(coarser, self)

    def certificate(self) -> tuple[float, Array]:
        """Return a lower bound of every objective for the window, and the dual point that gives it.

        v is made orthogonal to the baseline (Q is an orthonormal basis of it) and then scaled to
        the best feasible multiple t: max t y'v - t^2/2 (|v|^2 + |B'v|^2/gamma) over t K'v <= alpha.
        """
        model, v = self.model, self.dual
        outside = model.free.T @ v
        products = (model.coupling(v) - model.free_products @ outside)[: model.splines]
        highest = float(np.max(self.correlation - model.free_correlation @ outside))
        v = v - model.free @ outside
        curvature = float(v @ v) + float(products @ products) / model.gamma
        if curvature == 0.0:
            return 0.0, v
        slope = float(self.y @ v)
        length = slope / curvature
        if highest > 0.0:
            length = min(length, self.alpha / highest)
        return length * slope - 0.5 * length**2 * curvature, length * v


def translate(source: Steps, target: Steps) -> None:
    """Give `target` the coefficients of `source`, the same tonic signal at another rate.

    Its knots may lie elsewhere and be more or fewer: a spacing is a whole number of samples.
    """
    given, wanted = source.model, target.model
    x = source.coefficients
    places = np.arange(wanted.splines) * (wanted.spacing * wanted.interval_s)
    knots = np.arange(given.splines) * (given.spacing * given.interval_s)
    target.coefficients[: wanted.splines] = np.interp(places, knots, x[: given.splines])
    target.coefficients[wanted.splines :] = x[given.splines :]


def refine(coarse: Array, fine: Array) -> None:
    """Fill `fine` by linear interpolation between `coarse`, the means of COARSENING samples."""
    before = COARSENING // 2
    weights = (np.arange(COARSENING) + 0.5) / COARSENING
    body = fine[before : before + (len(coarse) - 1) * COARSENING].reshape(-1, COARSENING)
    np.multiply(coarse[1:, None], weights, out=body)
    body += coarse[:-1, None] * (1.0 - weights)
    fine[:before] = coarse[0]
    fine[before + body.size :] = coarse[-1]
