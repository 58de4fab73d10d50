"""What an answer of cvxEDA depends on, how it ends, and what it costs."""

from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import psutil
import pytest

from runtime.cvxeda.solver import FLOORS, CvxEDA
from tests.runtime.cvxeda.parts import arousals, floor, floors, zscore
from training.windows.decompose import decompose_all

__all__ = ["floor"]


# Above zero throughout, which is hardly a z-score.
@pytest.mark.filterwarnings("ignore::device.errors.SignalWarning")
def test_baseline_names_differ() -> None:
    y = arousals(480, 8.0, seed=4) + 3.0
    objectives = {
        name: CvxEDA(480, 8.0, baseline=name).decompose(y).objective
        for name in ("none", "constant", "spline", "linear")
    }
    assert objectives["linear"] < objectives["constant"] < objectives["none"]
    assert objectives["spline"] < objectives["none"]


@pytest.mark.skipif("kernel" not in FLOORS, reason="the compiled kernel was not built here")
@pytest.mark.parametrize(("n", "rate_hz"), [(37, 4.0), (480, 8.0), (2500, 50.0), (4800, 16.0)])
def test_both_floors_take_the_same_steps(n: int, rate_hz: float) -> None:
    y = arousals(n, rate_hz, seed=1)
    kernel, plain = (CvxEDA(n, rate_hz, floor=f).decompose(y) for f in ("kernel", "scipy"))
    assert kernel.iterations == plain.iterations
    assert kernel.objective == pytest.approx(plain.objective, rel=1e-9)
    np.testing.assert_allclose(kernel.phasic, plain.phasic, atol=1e-6)
    np.testing.assert_allclose(kernel.tonic, plain.tonic, atol=1e-6)


@floors
@pytest.mark.parametrize(
    ("n", "rate_hz", "seed"),
    [(640, 64.0, 191), (640, 64.0, 1604), (640, 64.0, 2246), (640, 64.0, 95)],
)
def test_no_cycle(n: int, rate_hz: float, seed: int, floor: str) -> None:
    """Windows on which bolder steps went to and fro until the cap."""
    parts = CvxEDA(n, rate_hz, floor=floor).decompose(arousals(n, rate_hz, seed))
    assert parts.converged and parts.iterations <= 25


@floors
def test_an_answer_depends_on_its_window_alone(floor: str) -> None:
    one, other = arousals(2560, 128.0, seed=5), arousals(2560, 128.0, seed=6)
    used = CvxEDA(2560, 128.0, floor=floor)
    first = used.decompose(one)
    used.decompose(other)
    used.decompose(np.zeros(2560))
    again, fresh = used.decompose(one), CvxEDA(2560, 128.0, floor=floor).decompose(one)
    for name in ("tonic", "phasic", "driver", "residual", "dual"):
        bits = getattr(first, name).tobytes()
        assert bits == getattr(again, name).tobytes() == getattr(fresh, name).tobytes()


@floors
def test_noise_around_a_flat_line_is_not_well_posed(floor: str) -> None:
    split = CvxEDA(240, 4.0, floor=floor)
    flat = split.decompose(zscore(np.random.default_rng(0).standard_normal(240)))
    assert flat.converged and not flat.well_posed
    assert split.decompose(arousals(240, 4.0, seed=2)).well_posed


@floors
def test_the_cap_on_iterations_is_told(floor: str) -> None:
    y = arousals(480, 8.0, seed=7)
    parts = CvxEDA(480, 8.0, floor=floor, max_iterations=3).decompose(y)
    full = CvxEDA(480, 8.0, floor=floor).decompose(y)
    assert parts.iterations == 3 and not parts.converged
    assert parts.gap > 1e-9
    # The gap stays a true one: the optimum is not below what it promises.
    assert full.objective >= parts.objective * (1 - parts.gap)


@floors
def test_tolerance_is_kept(floor: str) -> None:
    y = arousals(480, 8.0, seed=8)
    gaps = [CvxEDA(480, 8.0, floor=floor, tolerance=t).decompose(y).gap for t in (1e-4, 1e-11)]
    assert gaps[0] <= 1e-4
    assert gaps[1] <= 1e-11


@floors
def test_memory_is_stable(floor: str) -> None:
    split = CvxEDA(64, 8.0, floor=floor)
    windows = [arousals(64, 8.0, seed=k) for k in range(10)]
    process = psutil.Process()
    sizes = []
    for turn, y in zip(range(11_000 if floor == "kernel" else 3_000), itertools.cycle(windows)):
        split.decompose(y)
        if turn % 1_000 == 999:
            sizes.append(process.memory_info().rss)
    assert sizes[-1] - sizes[0] < 2**20


def test_batch_equals_one_by_one() -> None:
    windows = [arousals(n, 8.0, seed=n) for n in (160, 240, 160, 240, *range(100, 120))]
    together = decompose_all(windows, 8.0, jobs=2, gamma=0.02)
    for y, parts in zip(windows, together, strict=True):
        alone = CvxEDA(len(y), 8.0, gamma=0.02).decompose(y)
        assert parts.phasic.tobytes() == alone.phasic.tobytes()


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys; from runtime import CvxEDA; CvxEDA(240, 4.0).decompose(range(240));"
        "heavy = {'scipy.signal', 'scipy.stats', 'scipy.sparse', 'scipy.optimize', 'cvxopt',"
        " 'torch', 'joblib'};"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""
