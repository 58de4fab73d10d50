"""What a CvxEDA is prepared from: its checked parameters, and the problem that equal ones share.

A problem is immutable: matrices that cannot be written, and the floor that iterates on them.
Working memory belongs to one call at a time. It is kept for the next call, because it is expensive
to set up; there is as much of it as there were calls at once.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from device.errors import ArgumentError, MissingExtraError
from runtime.cvxeda.model import MOST_KNOTS, CvxEDAModel, prepare
from runtime.cvxeda.steps import Workspace

Baseline = Literal["linear", "constant", "none", "spline"]
Floor = Literal["kernel", "scipy"]

try:
    from runtime.cvxeda.kernel import Kernel
except ImportError:  # No compiler built the extension here.
    FLOORS: tuple[Floor, ...] = ("scipy",)
else:
    FLOORS = ("kernel", "scipy")
"""The floors that this installation has, the fastest first; it is the one in use."""

# Problems up to this many samples are kept for whoever asks for the same again, so many of them.
_LARGEST_KEPT, _KEPT = 1 << 16, 8
# More threads than this at once set up their working memory at every call.
_MOST_IDLE = 16


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """The parameters of a CvxEDA, in range; see there."""

    n: int
    rate_hz: float
    tau_slow_s: float
    tau_fast_s: float
    knot_spacing_s: float
    alpha: float
    gamma: float
    baseline: Baseline
    tolerance: float
    max_iterations: int
    floor: Floor | None

    def __post_init__(self) -> None:
        for name in ("rate_hz", "tau_slow_s", "tau_fast_s", "knot_spacing_s", "alpha", "gamma"):
            value = getattr(self, name)
            if not 0.0 < value < math.inf:
                raise ArgumentError(f"{name} is {value}; it must be finite and greater than 0")
        if self.n < 3 or self.max_iterations < 1:
            raise ArgumentError(
                f"n is {self.n} and max_iterations {self.max_iterations}; a window needs at least "
                "3 samples and 1 iteration"
            )
        if self.tau_slow_s == self.tau_fast_s:
            raise ArgumentError(
                f"both time constants are {self.tau_slow_s} s: the Bateman response is the "
                "difference of two exponentials and needs two different ones"
            )
        if self.baseline not in get_args(Baseline):
            raise ArgumentError(
                f"baseline is {self.baseline!r}; it must be one of {get_args(Baseline)}"
            )
        if not 1e-12 <= self.tolerance <= 1e-3:
            raise ArgumentError(
                f"tolerance is {self.tolerance}; it must lie between 1e-12 and 1e-3"
            )
        if self.n > MOST_KNOTS * max(1, round(self.knot_spacing_s * self.rate_hz)):
            raise ArgumentError(
                f"knot_spacing_s is {self.knot_spacing_s}, which gives this window more than "
                f"{MOST_KNOTS} knots; is it in seconds? A long recording is split by "
                "runtime.cvxeda.decompose"
            )
        if self.floor is not None and self.floor not in FLOORS:
            raise ArgumentError(
                f"floor {self.floor!r} is not installed here; there is {' and '.join(FLOORS)}. "
                "The kernel is built on installation where a C compiler is found."
            )

    def problem(self) -> Problem:
        """Return the problem that all CvxEDA with the same matrices share."""
        slow, fast = max(self.tau_slow_s, self.tau_fast_s), min(self.tau_slow_s, self.tau_fast_s)
        make = _kept_problem if self.n <= _LARGEST_KEPT else _problem
        return make(
            self.n, self.rate_hz, slow, fast, self.knot_spacing_s, self.gamma, self.baseline,
            self.floor or FLOORS[0],
        )  # fmt: skip


class Problem:
    """A prepared problem size.

    Parameters
    ----------
    model : CvxEDAModel
        Its matrices; nothing changes them.
    floor : {"kernel", "scipy"}
        What iterates on them.
    """

    def __init__(self, model: CvxEDAModel, floor: Floor) -> None:
        self.model = model
        self.floor: Floor = floor
        # Taking from and giving to a deque is safe between threads.
        self._idle: deque[Workspace] = deque(maxlen=_MOST_IDLE)
        self._idle.append(self._new())

    @contextmanager
    def workspace(self) -> Iterator[Workspace]:
        """Lend working memory that nobody else has."""
        try:
            found = self._idle.pop()
        except IndexError:
            found = self._new()
        yield found
        # What an error left half done is thrown away instead.
        self._idle.append(found)

    def _new(self) -> Workspace:
        return _workspace(self.floor)(self.model)


def _problem(
    n: int,
    rate_hz: float,
    tau_slow_s: float,
    tau_fast_s: float,
    knot_spacing_s: float,
    gamma: float,
    baseline: Baseline,
    floor: Floor,
) -> Problem:
    model = prepare(
        n,
        rate_hz,
        tau_slow_s=tau_slow_s,
        tau_fast_s=tau_fast_s,
        knot_spacing_s=knot_spacing_s,
        gamma=gamma,
        baseline=baseline,
    )
    return Problem(model, floor)


_kept_problem = lru_cache(maxsize=_KEPT)(_problem)


def _workspace(floor: Floor) -> type[Workspace]:
    if floor == "kernel":
        return Kernel
    # SciPy costs 23 MB and a third of a second, which the kernel does without.
    try:
        from runtime.cvxeda.lapack import ScipySteps
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "scipy":
            raise
        purpose = "Decomposing without the compiled kernel"
        raise MissingExtraError("scipy", "scipy", purpose) from error
    return ScipySteps
