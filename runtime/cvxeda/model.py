"""The matrices of cvxEDA for one window length, and the products that both floors share.

Greco, Valenza, Lanata, Scilingo, Citi: cvxEDA, a convex optimization approach to electrodermal
activity processing. IEEE Trans. Biomed. Eng. 63(4), 2016, doi:10.1109/TBME.2015.2474131.

The skin answers a sudomotor impulse with the Bateman function, exp(-t/tau_slow) -
exp(-t/tau_fast). Discretised by the bilinear transform it is the ARMA pair of the paper,

    ar = [(a1 d + 2)(a0 d + 2), 2 a1 a0 d^2 - 8, (a1 d - 2)(a0 d - 2)] / ((a1 - a0) d^2)
    ma = [1, 2, 1]          with d the sampling interval, a0 = 1/tau_slow, a1 = 1/tau_fast.

A and M are the n x n lower-banded Toeplitz matrices of `ar` and `ma`; a driver p gives the phasic
signal K p with K = M inv(A). Toeplitz lower triangular matrices commute. Both are divided by
ar[0] here: the state inv(A) p then has the size of the driver instead of being 1e5 times smaller.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# A knot spacing that gives more columns than this was meant in another unit, and the matrices of a
# longer window would not fit into memory.
MOST_KNOTS = 1000

# From so many splines on a product takes the five that meet in a row and not all of the columns.
MANY_SPLINES = 32
MEETING = 5

# A window first meets the same problem at a quarter of the rate: a rough answer there costs about
# one iteration and saves four. Below these limits there is nothing left to save.
COARSENING = 4
LOWEST_COARSE_RATE_HZ = 4.0
SHORTEST_COARSE = 200


@dataclass(frozen=True)
class CvxEDAModel:
    """One prepared problem size; nothing can write its arrays.

    Attributes
    ----------
    n : int
        Samples in a window.
    interval_s : float
        Sampling interval.
    ar, ma : float64 (3,)
        Coefficients of A and M, both divided by the first coefficient of A.
    columns : float64 (n, k)
        The tonic basis G = [B C]: penalised splines first, then the free baseline.
    penalty : float64 (k,)
        Weight of each squared tonic coefficient: gamma for the splines, 0 for the baseline.
    splines : int
        Number of spline columns.
    spacing : int
        Samples from knot to knot.
    gamma : float
        The splines' penalty.
    table : float64 (5, spacing)
        The splines of the knots from two before to two after, between a knot and the next.
    ar_bands : float64 (3, n)
        A in LAPACK's lower band form.
    ridge : float64 (k, k)
        Inverse of G'G + diag(penalty): the tonic fit of a window without driver.
    free : float64 (n, c)
        An orthonormal basis Q of the baseline's span.
    free_inverse : float64 (c, n)
        The pseudo-inverse of C.
    free_products : float64 (k, c)
        G'Q.
    free_correlation : float64 (n, c)
        K'Q.
    coarser : CvxEDAModel or None
        The same problem for means of COARSENING samples, where the rate and length allow one.
    """

    n: int
    interval_s: float
    ar: Array
    ma: Array
    columns: Array
    penalty: Array
    splines: int
    spacing: int
    gamma: float
    table: Array
    ar_bands: Array
    ridge: Array
    free: Array
    free_inverse: Array
    free_products: Array
    free_correlation: Array
    coarser: CvxEDAModel | None

    def __post_init__(self) -> None:
        for value in vars(self).values():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

    def tonic(self, coefficients: Array) -> Array:
        """Return G x (n,), the tonic signal of coefficients x (k,)."""
        if self.splines < MANY_SPLINES:
            return np.asarray(self.columns @ coefficients)
        knots = -(-self.n // self.spacing)
        padded = np.zeros(self.splines + MEETING)
        padded[MEETING // 2 : MEETING // 2 + self.splines] = coefficients[: self.splines]
        meeting = np.stack([padded[i : i + knots] for i in range(MEETING)])
        signal = (meeting.T @ self.table).ravel()[: self.n]
        signal += self.columns[:, self.splines :] @ coefficients[self.splines :]
        return signal

    def coupling(self, signal: Array) -> Array:
        """Return G'v (k,) of a signal v (n,)."""
        if self.splines < MANY_SPLINES:
            return np.asarray(self.columns.T @ signal)
        knots = -(-self.n // self.spacing)
        padded = np.zeros((knots, self.spacing))
        padded.ravel()[: self.n] = signal
        meeting = self.table @ padded.T
        total = np.zeros(self.splines + MEETING)
        for i in range(MEETING):
            total[i : i + knots] += meeting[i]
        own = total[MEETING // 2 : MEETING // 2 + self.splines]
        return np.concatenate([own, self.columns[:, self.splines :].T @ signal])

    def phasic(self, driver: Array) -> Array:
        """Return K p, the phasic signal of a driver p (n,)."""
        return product(self.ma, solve(self.ar_bands, driver))

    def correlation(self, dual: Array) -> Array:
        """Return K'v (n,): how strongly a residual v (n,) asks for each driver sample."""
        return solve(self.ar_bands, product_transposed(self.ma, dual), transposed=True)


def prepare(
    n: int,
    rate_hz: float,
    *,
    tau_slow_s: float,
    tau_fast_s: float,
    knot_spacing_s: float,
    gamma: float,
    baseline: str,
) -> CvxEDAModel:
    """Build the matrices for windows of `n` samples at `rate_hz`."""
    interval_s = 1.0 / rate_hz
    slow, fast = 1.0 / tau_slow_s, 1.0 / tau_fast_s
    ar = np.array(
        [
            (fast * interval_s + 2.0) * (slow * interval_s + 2.0),
            2.0 * fast * slow * interval_s**2 - 8.0,
            (fast * interval_s - 2.0) * (slow * interval_s - 2.0),
        ]
    ) / ((fast - slow) * interval_s**2)
    ar, ma = ar / ar[0], np.array([1.0, 2.0, 1.0]) / ar[0]
    spacing = max(1, round(knot_spacing_s * rate_hz))
    splines = spline_columns(n, spacing)
    baseline_part = baseline_columns(splines, baseline)
    columns = np.hstack([splines, baseline_part])
    penalty = np.zeros(columns.shape[1])
    penalty[: splines.shape[1]] = gamma
    free = np.linalg.qr(baseline_part)[0]
    ar_bands = np.asfortranarray(np.repeat(ar[:, None], n, axis=1))
    gram = columns.T @ columns + np.diag(penalty)
    ridge = np.asarray(np.linalg.pinv(gram, hermitian=True), dtype=np.float64)
    correlations = np.empty_like(free)
    for column in range(free.shape[1]):
        answer = product_transposed(ma, free[:, column])
        correlations[:, column] = _solve_transposed_once(ar, answer)
    coarser = None
    if rate_hz >= COARSENING * LOWEST_COARSE_RATE_HZ and n >= COARSENING * SHORTEST_COARSE:
        coarser = prepare(
            n // COARSENING,
            rate_hz / COARSENING,
            tau_slow_s=tau_slow_s,
            tau_fast_s=tau_fast_s,
            knot_spacing_s=knot_spacing_s,
            gamma=gamma / COARSENING,
            baseline=baseline,
        )
    return CvxEDAModel(
        n=n,
        interval_s=interval_s,
        ar=ar,
        ma=ma,
        columns=columns,
        penalty=penalty,
        splines=splines.shape[1],
        spacing=spacing,
        gamma=gamma,
        table=spline_table(spacing),
        ar_bands=ar_bands,
        ridge=ridge,
        free=free,
        free_inverse=np.asarray(np.linalg.pinv(baseline_part), dtype=np.float64),
        free_products=columns.T @ free,
        free_correlation=correlations,
        coarser=coarser,
    )


def spline_bump(spacing: int) -> Array:
    """Return the cubic B-spline of peak 1 and knots `spacing` samples apart, (4 spacing - 3,).

    A triangle 1 ... spacing ... 1 convolved with itself samples it, which is four boxes in a row:
    four running sums of (1 - z^spacing)^4, exact even where one of these whole numbers wraps.
    """
    bump = np.zeros(4 * spacing - 3, dtype=np.int64)
    for box, weight in enumerate((1, -4, 6, -4)):
        bump[box * spacing : box * spacing + 1] = weight
    for _ in range(4):
        bump = np.cumsum(bump)
    return np.asarray(bump / bump.max(), dtype=np.float64)


def spline_table(spacing: int) -> Array:
    """Return (5, spacing): the bumps of the knots -2 to 2 at samples 0, 1, ... after knot 0."""
    bump = spline_bump(spacing)
    at = len(bump) // 2 + np.arange(spacing) - spacing * (np.arange(MEETING)[:, None] - 2)
    inside = (at >= 0) & (at < len(bump))
    return np.where(inside, bump[np.clip(at, 0, len(bump) - 1)], 0.0)


def spline_columns(n: int, spacing: int) -> Array:
    """Return B (n, knots): the bump centred on 0, spacing, 2 spacing, ..., cut at the edges."""
    bump = spline_bump(spacing)
    half = len(bump) // 2
    columns = np.zeros((n, len(range(0, n + spacing // 2, spacing))))
    for column, knot in enumerate(range(0, n + spacing // 2, spacing)):
        first, last = max(0, knot - half), min(n, knot + half + 1)
        columns[first:last, column] = bump[first - knot + half : last - knot + half]
    return columns


def baseline_columns(splines: Array, baseline: str) -> Array:
    """Return C (n, 0 to 2), the unpenalised part of the tonic signal."""
    n = len(splines)
    if baseline == "none":
        return np.empty((n, 0))
    if baseline == "constant":
        return np.ones((n, 1))
    if baseline == "spline":
        return np.asarray(splines.sum(axis=1, keepdims=True), dtype=np.float64)
    linear = np.ones((n, 2))
    linear[:, 1] = np.arange(1, n + 1) / n
    return linear


def product(coefficients: Array, vector: Array) -> Array:
    """Return T v (n,), T the lower-banded Toeplitz matrix of three coefficients; n >= 3."""
    result: Array = np.correlate(vector, coefficients[::-1], "full")[:-2]
    return result


def product_transposed(coefficients: Array, vector: Array) -> Array:
    """Return T'v (n,) for the same matrix."""
    result: Array = np.correlate(vector, coefficients, "full")[2:]
    return result


def _solve_transposed_once(ar: Array, vector: Array) -> Array:
    """Return inv(A)'v (n,) by plain recursion: for preparing alone, where LAPACK may be absent."""
    _, one, two = ar.tolist()
    result = []
    later = latest = 0.0
    for value in reversed(vector.tolist()):
        later, latest = latest, value - one * latest - two * later
        result.append(latest)
    return np.array(result[::-1])


def solve(bands: Array, vector: Array, *, transposed: bool = False) -> Array:
    """Return inv(T) v or inv(T)'v (n,) for a unit lower triangular T given as bands (3, n)."""
    # Imported here because the kernel's floor never comes this way.
    from scipy.linalg import lapack

    solution, _ = lapack.dtbtrs(
        bands, vector[:, None], uplo="L", trans="T" if transposed else "N", diag="U"
    )
    result: Array = solution[:, 0]
    return result
