"""The interior-point iteration of cvxEDA through the optional C extension `runtime._cvxeda`."""

from __future__ import annotations

import numpy as np

from runtime import _cvxeda
from runtime._cvxeda_model import Array, CvxEDAModel, product
from runtime._cvxeda_steps import Steps

# Slots of the kernel: the right-hand side, the free baseline, then the splines, four to a vector.
_LANES = 4


class KernelSteps(Steps):
    """The iteration in C. Its arrays lie in one bytearray, the arena, that this object owns."""

    exact = True

    def __init__(self, model: CvxEDAModel) -> None:
        super().__init__(model)
        n, columns = model.columns.shape
        splines = model.splines
        self._sizes = (n, splines, columns - splines, model.spacing)
        self._constants = (model.gamma, float(model.ar[1]), float(model.ar[2]), float(model.ma[0]))
        self._arena = bytearray(_cvxeda.size(n, splines))
        places = _cvxeda.offsets(self._arena, self._sizes, (0.0, *self._constants))

        def view(name: str, count: int) -> Array:
            return np.frombuffer(self._arena, np.float64, count, places[name])

        self.y, self.driver = view("y", n), view("driver", n)
        self.slack, self.dual = view("slack", n), view("dual", n)
        self.phasic, self.correlation = view("phasic", n), view("correlation", n)
        self.coefficients = view("coefficients", columns)
        width = _LANES * (1 + -(-splines // _LANES))
        basis = view("columns", n * width).reshape(n, width)
        border = view("border", n * width).reshape(n, width)
        for column in range(columns):
            slot = _LANES + column if column < splines else 1 + column - splines
            basis[:, slot] = model.columns[:, column]
            border[:, slot] = product(model.ar, model.columns[:, column])

    def measure(self, *, exact: bool = False) -> float:
        """Take the residuals of the iterate and return its objective; it is always exact."""
        objective, self.complementarity = _cvxeda.measure(
            self._arena, self._sizes, (self.alpha, *self._constants)
        )
        return objective

    def advance(self) -> bool:
        """Do one predictor-corrector step; False where the arithmetic can go no further."""
        return _cvxeda.advance(self._arena, self._sizes, (self.alpha, *self._constants))
