"""A CvxEDA can be pickled, copied and shared between processes and threads: the same bits."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import SignalError
from runtime.cvxeda.solver import FLOORS, CvxEDA, Decomposition
from tests.runtime.cvxeda.parts import arousals, floor, floors

__all__ = ["floor"]

# With and without a coarser problem to start from.
SIZES = [(240, 4.0), (1000, 25.0)]


def bits(parts: Decomposition) -> tuple[object, ...]:
    arrays = ("tonic", "phasic", "driver", "residual", "dual")
    return (
        *(getattr(parts, name).tobytes() for name in arrays),
        parts.objective,
        parts.gap,
        parts.iterations,
        parts.converged,
        parts.well_posed,
    )


def pickled(split: CvxEDA) -> CvxEDA:
    again = pickle.loads(pickle.dumps(split))  # noqa: S301
    assert isinstance(again, CvxEDA)
    return again


@settings(deadline=None, max_examples=25)
@given(
    size=st.sampled_from(SIZES),
    which=st.sampled_from(FLOORS),
    used=st.booleans(),
    ways=st.lists(st.sampled_from([pickled, copy.copy, copy.deepcopy]), min_size=1, max_size=3),
    seed=st.integers(0, 1000),
)
def test_a_copy_gives_the_same_bits(
    size: tuple[int, float],
    which: str,
    used: bool,
    ways: list[Callable[[CvxEDA], CvxEDA]],
    seed: int,
) -> None:
    y, other = arousals(*size, seed=seed), arousals(*size, seed=seed + 1)
    split = CvxEDA(*size, floor=which, tolerance=1e-10)  # type: ignore[arg-type]
    if used:
        split.decompose(other)
    twin = split
    for way in ways:
        twin = way(twin)
    want = bits(CvxEDA(*size, floor=which, tolerance=1e-10).decompose(y))  # type: ignore[arg-type]
    # Using one leaves no trace in the other.
    assert bits(twin.decompose(y)) == want
    split.decompose(other)
    assert bits(twin.decompose(y)) == want
    assert bits(split.decompose(y)) == want
    assert twin.floor == split.floor


@floors
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_process_pool_gives_the_same_bits(floor: str, method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system has no {method}")
    windows = [arousals(*SIZES[1], seed=seed) for seed in range(12)]
    split = CvxEDA(*SIZES[1], floor=floor)  # type: ignore[arg-type]
    want = [bits(split.decompose(y)) for y in windows]
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert [bits(parts) for parts in pool.map(split.decompose, windows)] == want


@floors
def test_threads_give_the_same_bits(floor: str) -> None:
    windows = [arousals(*SIZES[1], seed=seed) for seed in range(8)] * 4
    split = CvxEDA(*SIZES[1], floor=floor)  # type: ignore[arg-type]
    want = [bits(split.decompose(y)) for y in windows]
    with ThreadPoolExecutor(4) as pool:
        assert [bits(parts) for parts in pool.map(split.decompose, windows)] == want


@floors
def test_a_window_that_fails_leaves_no_trace(floor: str) -> None:
    y = arousals(*SIZES[0], seed=1)
    split = CvxEDA(*SIZES[0], floor=floor)  # type: ignore[arg-type]
    want = bits(split.decompose(y))
    with pytest.raises(SignalError):
        split.decompose(np.full(SIZES[0][0], np.nan))
    assert bits(split.decompose(y)) == want


def test_a_pickle_is_small() -> None:
    split = CvxEDA(7680, 128.0)
    split.decompose(arousals(7680, 128.0, seed=1))
    assert len(pickle.dumps(split)) < 2000


def test_the_prepared_problem_is_shared_and_cannot_be_changed() -> None:
    one, other = CvxEDA(240, 4.0), CvxEDA(240, 4.0, alpha=1e-3, tolerance=1e-6)
    assert one._problem is other._problem
    with pytest.raises(ValueError, match="read-only"):
        one._problem.model.columns[0, 0] = 1.0
