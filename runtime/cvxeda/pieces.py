"""A signal that is too long for one piece, solved in pieces as if it were one.

In one piece the only tie between far ends is the free baseline C d, whose few coefficients d belong
to the whole signal: everything else reaches no further than a few knots of the spline. So

1. d is found for the whole signal. At the optimum C'e = 0, and the spline coefficients have no part
   that C could explain: B'e = gamma l, and C = B W but near the ends, so that W'l is about 0. At a
   low rate the regression of l on W brings d near; at the full rate Newton's method on C'e, with
   the curvature gamma W'W to begin with, settles it in a few rounds.
2. The rest, y - C d, is solved in pieces without a baseline, whose knots lie where those of the one
   piece would. Neighbours overlap by several knots; the outer quarters count for nothing, because
   cvxEDA is wrong at the head of what it is given, and each piece fades into the next.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from runtime.cvxeda.decomposition import Decomposition
from runtime.cvxeda.model import Array, baseline_columns, spline_bump
from runtime.cvxeda.solver import CvxEDA

if TYPE_CHECKING:
    from concurrent.futures import Future

# In knot spacings: the longest signal that is solved in one piece, which is the length of pieces of
# a longer one too (the shortest such limit, at high rates), and what neighbours share, of long and
# of short pieces.
_ONE, _LEAST_ONE = 160.0, 24.0
_OVERLAP, _SHORT_OVERLAP = 24, 16
# Samples times knots of a piece, 80 MB of matrices; a piece is shorter at high rates.
_LARGEST = 1e7
# The baseline is sought first at this rate, or the next above it that divides the rate, then once
# at the full rate, both to this tolerance, and then at most in so many rounds. What d may lack in
# the end, in standard deviations of the phasic part; tonic and phasic lack less than that.
_ROUGH_HZ, _ROUGH_TOLERANCE, _ROUNDS = 1.0, 1e-6, 6
_SETTLED = 0.004


@dataclass(frozen=True)
class Split:
    """A signal, split.

    Attributes
    ----------
    parts : float64 (4, n)
        Tonic, phasic, driver and residual.
    gap, converged, well_posed
        The largest gap of all pieces, and whether all converged and are well posed.
    pieces : int
        How many.
    """

    parts: Array
    gap: float
    converged: bool
    well_posed: bool
    pieces: int


def solve_in_pieces(
    y: Array, rate_hz: float, parameters: dict[str, Any], threads: int = 1
) -> Split:
    """Split a signal of any length.

    Parameters
    ----------
    y : float64 (n,)
        Scaled, at least 3 samples.
    rate_hz : float
        Of the signal.
    parameters : dict
        Of `CvxEDA`.
    threads : int
        Pieces that are solved at a time.
    """
    knot = max(1, round(parameters.get("knot_spacing_s", 10.0) * rate_hz))
    if y.size <= knot * _longest(knot):
        one = CvxEDA(y.size, rate_hz, **parameters).solve(y)
        parts = np.stack([one.tonic, one.phasic, one.driver, one.residual])
        return Split(parts, one.gap, one.converged, one.well_posed, 1)
    own = {**parameters, "baseline": "none"}
    columns, in_splines = _free_columns(y.size, knot, parameters.get("baseline", "linear"))
    free = _rough_baseline(y, rate_hz, parameters, threads) if columns.shape[1] else np.zeros(0)
    # Newton's method on the gradient C'e; its matrix is corrected by what each step did (Broyden).
    curvature = parameters.get("gamma", 1e-2) * in_splines.T @ in_splines
    step = np.zeros(free.size)
    for i in range(_ROUNDS):
        rough = i == 0 and free.size > 0
        baseline: Array = columns @ free
        split, _ = _pieces(y - baseline, rate_hz, knot, _rough(own) if rough else own, threads)
        gradient = columns.T @ split.parts[3]
        if step.any():
            curvature -= np.outer(gradient, step) / (step @ step)
        step = np.linalg.lstsq(curvature, gradient, rcond=None)[0]
        lacking = float(np.abs(step).max(initial=0.0))
        if not rough and lacking <= _SETTLED * float(split.parts[1].std()):
            break
        free = free + step
    split.parts[0] += baseline
    return split


def places(n: int, knot: int) -> tuple[int, list[slice]]:
    """Return what neighbours share, in samples, and the places of the pieces.

    All begin at a knot. The last one is up to a knot shorter than the others.
    """
    length = int(_longest(knot))
    overlap = _OVERLAP if length >= 2 * _OVERLAP else _SHORT_OVERLAP
    last = max(0, math.ceil(n / knot) - length)
    starts = [*range(0, last, length - overlap), last]
    return overlap * knot, [slice(i * knot, min(n, (i + length) * knot)) for i in starts]


def _longest(knot: int) -> float:
    return min(max(math.sqrt(_LARGEST / knot), _LEAST_ONE), _ONE)


def _pieces(
    y: Array, rate_hz: float, knot: int, parameters: dict[str, Any], threads: int
) -> tuple[Split, Array]:
    """Return the signal split in pieces, and the coefficients of all splines, float64 (knots,)."""
    shared, pieces = places(y.size, knot)
    total, weights = np.zeros((4, y.size)), np.zeros(y.size)
    knots = len(range(0, y.size + knot // 2, knot))
    splines, spline_weights = np.zeros(knots), np.zeros(knots)
    gap, converged, well_posed = 0.0, True, True

    lengths = {place.stop - place.start for place in pieces}
    solvers = {length: CvxEDA(length, rate_hz, **parameters) for length in lengths}

    def solve(place: slice) -> Decomposition:
        return solvers[place.stop - place.start].solve(y[place])

    # The kernel lets other threads run; results are added in their order whoever is first.
    for place, own in zip(pieces, _mapped(solve, pieces, threads), strict=True):
        weight = _weight(place, shared, y.size)
        total[:, place] += weight * (own.tonic, own.phasic, own.driver, own.residual)
        weights[place] += weight
        first = place.start // knot
        # A knot that lies just behind the last sample counts as that sample does.
        at = np.minimum(np.arange(own.spline_coefficients.size) * knot, weight.size - 1)
        splines[first : first + at.size] += weight[at] * own.spline_coefficients
        spline_weights[first : first + at.size] += weight[at]
        gap = max(gap, own.gap)
        converged, well_posed = converged and own.converged, well_posed and own.well_posed
    total /= weights
    return Split(total, gap, converged, well_posed, len(pieces)), splines / spline_weights


def _mapped(
    solve: Callable[[slice], Decomposition], pieces: list[slice], threads: int
) -> Iterator[Decomposition]:
    """Yield the solutions in order; no more of them wait than twice the threads."""
    if threads == 1:
        yield from map(solve, pieces)
        return
    from concurrent.futures import ThreadPoolExecutor  # a live run has no use for it

    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Decomposition]] = deque()
        for place in pieces:
            waiting.append(pool.submit(solve, place))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _weight(place: slice, shared: int, n: int) -> Array:
    """Return the weight (length,) of a piece, which fades at its inner edges."""
    length = place.stop - place.start
    ramp = np.clip(np.arange(length) / (shared / 2) - 0.5, 0.0, 1.0)
    weight = np.ones(length)
    if place.start > 0:
        weight *= ramp
    if place.stop < n:
        weight *= ramp[::-1]
    return weight


def _rough(parameters: dict[str, Any]) -> dict[str, Any]:
    tolerance = max(parameters.get("tolerance", 0.0), _ROUGH_TOLERANCE)
    return {**parameters, "tolerance": tolerance}


def _rough_baseline(y: Array, rate_hz: float, parameters: dict[str, Any], threads: int) -> Array:
    """Return d (c,) of the signal at a low rate."""
    kind = parameters.get("baseline", "linear")
    knot = max(1, round(parameters.get("knot_spacing_s", 10.0) * rate_hz))
    factor = max(1, int(rate_hz / _ROUGH_HZ))
    while knot % factor:  # Whole samples from knot to knot.
        factor -= 1
    rough = y[: y.size - y.size % factor].reshape(-1, factor).mean(axis=1)
    rate_hz, knot = rate_hz / factor, knot // factor
    columns, in_splines = _free_columns(rough.size, knot, kind)
    own = {**parameters, "baseline": "none", "gamma": parameters.get("gamma", 1e-2) / factor}
    free = np.linalg.lstsq(columns, rough, rcond=None)[0]
    _, splines = _pieces(rough - columns @ free, rate_hz, knot, _rough(own), threads)
    return np.asarray(free + np.linalg.lstsq(in_splines, splines, rcond=None)[0])


def _free_columns(n: int, knot: int, kind: str) -> tuple[Array, Array]:
    """Return C (n, c), and W (knots, c) with C = B W but near the ends."""
    knots = np.arange(0, n + knot // 2, knot)
    bump = spline_bump(knot)
    if kind == "spline":
        half = bump.size // 2
        at = np.zeros(n + 2 * bump.size)
        at[knots + bump.size] = 1.0
        total = np.convolve(at, bump)[bump.size + half :][:n]
        return total[:, None], np.ones((knots.size, 1))
    columns = baseline_columns(np.empty((n, 0)), kind)
    in_splines = np.ones((knots.size, columns.shape[1]))
    if kind == "linear":
        in_splines[:, 1] = (knots + 1) / n
    return columns, in_splines * (knot / bump.sum())
