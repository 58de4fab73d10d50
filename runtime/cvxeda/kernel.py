"""The interior-point iteration of cvxEDA through the optional C extension `_kernel`."""

from __future__ import annotations

import numpy as np

from runtime.cvxeda import _kernel
from runtime.cvxeda.model import Array, CvxEDAModel, product, spline_bump
from runtime.cvxeda.steps import ROWS, Answer, Workspace

# The kernel's layout, as _layout.h explains it: lanes of a vector, splines that meet in a row, and
# the length of a table's row, where they follow one vector of zeros.
_LANES, _OVERLAP, _ENTRY = 4, 5, 12
_Level = tuple[bytearray, tuple[int, int, int, int], tuple[float, float, float, float, float]]


class Kernel(Workspace):
    """The iteration in C. Its arrays lie in bytearrays, the arenas, that this object owns."""

    def __init__(self, model: CvxEDAModel) -> None:
        levels = [_prepared(model)]
        while (coarser := model.coarser) is not None:
            model = coarser
            levels.append(_prepared(model))
        self._levels = tuple(levels)
        arena, sizes, constants = levels[0]
        places = _kernel.offsets(arena, sizes, constants)
        n, columns, apart = sizes[0], sizes[1] + sizes[2], places["signal"]
        signals = np.frombuffer(arena, np.float64, len(ROWS) * apart, places["tonic"])
        self._window = np.frombuffer(arena, np.float64, n, places["window"])
        self._signals = signals.reshape(len(ROWS), apart)[:, :n]
        self._coefficients = np.frombuffer(arena, np.float64, columns, places["coefficients"])

    def decompose(self, window: Array, alpha: float, tolerance: float, most: int) -> Answer:
        """Decompose a window; see `Workspace`."""
        self._window[:] = window
        figures = _kernel.solve(self._levels, alpha, tolerance, most)
        return Answer(self._signals.copy(), self._coefficients.copy(), *figures)


def _prepared(model: CvxEDAModel) -> _Level:
    """Return the arena of a problem with what does not depend on the window, and its numbers."""
    n, columns = model.columns.shape
    splines, baseline, spacing = model.splines, columns - model.splines, model.spacing
    sizes = (n, splines, baseline, spacing)
    knot_s = spacing * model.interval_s
    constants = (
        model.gamma,
        float(model.ar[1]),
        float(model.ar[2]),
        float(model.ma[0]),
        knot_s,
    )
    arena = bytearray(_kernel.size(*sizes))
    places = _kernel.offsets(arena, sizes, constants)

    def view(name: str, *shape: int) -> Array:
        count = int(np.prod(shape))
        return np.frombuffer(arena, np.float64, count, places[name]).reshape(shape)

    for place, column in enumerate(model.columns.T[splines:], start=1):
        view(f"base{place}", n)[:] = column
        view(f"border{place}", n)[:] = product(model.ar, column)
    phases, stride = min(spacing, n), places["stride"]
    border = _shapes(np.convolve(spline_bump(spacing), model.ar), spacing, phases)
    # A reaches two samples back, which the first two rows of the window do not have. (With a knot
    # at every sample no spline does either, and the second row is as all are.)
    first = border.copy()
    for spline in range(min(splines, _OVERLAP // 2 + 1)):
        rows = product(model.ar, model.columns[:, spline])[: min(2, phases)]
        first[spline + _OVERLAP // 2, : rows.size] = rows
    view("shapes", _OVERLAP, stride)[:, :phases] = model.table[:, :phases]
    view("border_shapes", _OVERLAP, stride)[:, :phases] = border
    view("first_shapes", _OVERLAP, stride)[:, :phases] = first
    table = view("table", 2 + phases, _ENTRY)[:, _LANES : _LANES + _OVERLAP]
    table[:2], table[2:] = first.T[:2], border.T
    view("ridge", columns, columns)[:] = model.ridge
    view("outer", 2, 2)[:baseline, :baseline] = model.free_inverse @ model.free_inverse.T
    return arena, sizes, constants


def _shapes(bump: Array, spacing: int, phases: int) -> Array:
    """Return (5, phases): the values of the splines that meet in a row, by its phase.

    `bump` (m,) has its knot 2 spacing - 2 samples after its start.
    """
    shapes = np.zeros((_OVERLAP, phases))
    for place, values in enumerate(shapes):
        at = np.arange(phases) + (_OVERLAP // 2 - place) * spacing + 2 * spacing - 2
        inside = (at >= 0) & (at < len(bump))
        values[inside] = bump[at[inside]]
    return shapes
