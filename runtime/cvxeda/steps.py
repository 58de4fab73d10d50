"""What both floors of cvxEDA share: the iterate, where it starts, and the certificate.

A floor is a subclass with `measure` and `advance`: `lapack` everywhere, `kernel`
where the C extension was built.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

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


class Steps(ABC):
    """Working memory of one problem size, and the iteration in it.

    `load` sets a window, `propose` an iterate, or `start` one to iterate from; then `measure` and
    `advance` alternate. A call depends on nothing from before `load`. Arrays may be views into one
    another: an object is never copied, and one thread at a time uses it.

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
