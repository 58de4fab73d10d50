"""The interior-point iteration of cvxEDA through the optional C extension `_kernel`."""

from __future__ import annotations

import numpy as np

from runtime.cvxeda import _kernel
from runtime.cvxeda.model import Array, CvxEDAModel, product, spline_bump
from runtime.cvxeda.steps import Steps

# The kernel's layout, as its head explains it: lanes of a vector, splines that meet in a row, and
# the length of a table's row, where they follow one vector of zeros.
_LANES, _OVERLAP, _ENTRY = 4, 5, 12


class KernelSteps(Steps):
    """The iteration in C. Its arrays lie in one bytearray, the arena, that this object owns."""

    exact = True

    def __init__(self, model: CvxEDAModel) -> None:
        super().__init__(model)
        n, columns = model.columns.shape
        splines = model.splines
        self._sizes = (n, splines, columns - splines, model.spacing)
        self._constants = (model.gamma, float(model.ar[1]), float(model.ar[2]), float(model.ma[0]))
        self._arena = bytearray(_kernel.size(n, splines, model.spacing))
        places = _kernel.offsets(self._arena, self._sizes, (0.0, *self._constants))

        def view(name: str, count: int) -> Array:
            return np.frombuffer(self._arena, np.float64, count, places[name])

        self.y, self.driver = view("y", n), view("driver", n)
        self.slack, self.dual = view("slack", n), view("dual", n)
        self.phasic, self.correlation = view("phasic", n), view("correlation", n)
        self.coefficients = view("coefficients", columns)
        base, border = (view(name, n * _LANES).reshape(n, -1) for name in ("base", "border"))
        for slot, column in enumerate(model.columns.T[splines:], start=1):
            base[:, slot] = column
            border[:, slot] = product(model.ar, column)
        phases = min(model.spacing, n)
        bump = spline_bump(model.spacing)
        table = view("table", phases * _ENTRY).reshape(phases, -1)
        table[:] = _table(bump, model.spacing, phases)
        table = view("border_table", (2 + phases) * _ENTRY).reshape(2 + phases, -1)
        table[2:] = _table(np.convolve(bump, model.ar), model.spacing, phases)
        # A reaches two samples back, which the first two rows of the window do not have.
        for column in range(splines):
            for row, value in enumerate(product(model.ar, model.columns[:, column])[:2]):
                place = column - row // model.spacing + _OVERLAP // 2
                if place < _OVERLAP:
                    table[row, _LANES + place] = value

    def measure(self, *, exact: bool = False) -> float:
        """Take the residuals of the iterate and return its objective; it is always exact."""
        objective, self.complementarity = _kernel.measure(
            self._arena, self._sizes, (self.alpha, *self._constants)
        )
        return objective

    def advance(self) -> bool:
        """Do one predictor-corrector step; False where the arithmetic can go no further."""
        return _kernel.advance(self._arena, self._sizes, (self.alpha, *self._constants))


def _table(bump: Array, spacing: int, phases: int) -> Array:
    """Return (phases, 12): the values of the splines in a row, by its distance from its knot.

    `bump` (m,) has its knot 2 spacing - 2 samples after its start.
    """
    table = np.zeros((phases, _ENTRY))
    for place in range(_OVERLAP):
        at = np.arange(phases) + (_OVERLAP // 2 - place) * spacing + 2 * spacing - 2
        inside = (at >= 0) & (at < len(bump))
        table[inside, _LANES + place] = bump[at[inside]]
    return table
