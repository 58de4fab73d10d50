"""cvxEDA against the golden answers, cvxopt, its own certificate, and between its floors."""

from __future__ import annotations

import csv
import io
import itertools
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

from benchmarks.peers.cvxopt_solver import CvxoptReference
from runtime.cvxeda.solver import FLOORS, CvxEDA, Decomposition
from training.windows.decompose import decompose_all

Array = NDArray[np.float64]

GOLDEN = (
    "neurokit_100hz_10s_60s",
    "biosppy_100hz_20s_60s",
    "flirt_e4_4hz_300s_60s",
    "flirt_e4_4hz_900s_120s",
    "eevr_a_128hz_10s_60s",
)
ALPHA, GAMMA = 8e-4, 1e-2

floors = pytest.mark.parametrize("floor", ["kernel", "scipy"], indirect=True)


@pytest.fixture
def floor(request: pytest.FixtureRequest) -> str:
    if request.param not in FLOORS:
        pytest.skip("the compiled kernel was not built here")
    return str(request.param)


def zscore(y: Array) -> Array:
    return (y - y.mean()) / y.std()


def arousals(n: int, rate_hz: float, seed: int) -> Array:
    """A drifting level with responses of random size and time, and a little noise."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(n) / rate_hz
    y = 5.0 + 0.02 * time_s + 0.3 * np.sin(time_s / 15.0) + 0.003 * rng.standard_normal(n)
    for onset_s in rng.uniform(0.0, n / rate_hz, max(1, int(n / rate_hz / 6.0))):
        late = np.clip(time_s - onset_s, 0.0, None)
        y += rng.uniform(0.1, 0.8) * (np.exp(-late / 2.0) - np.exp(-late / 0.7))
    return zscore(y)


def response(
    rate_hz: float, tau_slow_s: float = 2.0, tau_fast_s: float = 0.7
) -> tuple[Array, Array]:
    """The paper's ma and ar, straight from its formula."""
    d, a0, a1 = 1.0 / rate_hz, 1.0 / tau_slow_s, 1.0 / tau_fast_s
    ar = [(a1 * d + 2) * (a0 * d + 2), 2 * a1 * a0 * d**2 - 8, (a1 * d - 2) * (a0 * d - 2)]
    return np.array([1.0, 2.0, 1.0]), np.array(ar) / ((a1 - a0) * d**2)


def splines(n: int, rate_hz: float, spacing_s: float = 10.0) -> Array:
    """Cubic B-splines of peak 1 by de Boor's closed form, on the triangle's integer grid."""
    spacing = round(spacing_s * rate_hz)
    knots = np.arange(0, n + spacing // 2, spacing)
    triangle = np.minimum(np.arange(1, 2 * spacing), np.arange(2 * spacing - 1, 0, -1.0))
    bump = np.convolve(triangle, triangle)
    at = np.arange(n)[:, None] - knots + len(bump) // 2
    return np.where((at >= 0) & (at < len(bump)), bump[at.clip(0, len(bump) - 1)], 0) / bump.max()


def check_certificate(y: Array, rate_hz: float, parts: Decomposition) -> None:
    """Recompute objective, feasibility and gap by other code than the solver's."""
    n = len(y)
    ma, ar = response(rate_hz)
    B = splines(n, rate_hz)
    C = np.column_stack([np.ones(n), np.arange(1, n + 1) / n])
    phasic = lfilter(ma, ar, parts.driver)
    tonic = B @ parts.spline_coefficients + C @ parts.baseline_coefficients
    residual = y - phasic - tonic
    tolerance = 1e-9 * max(1.0, float(np.ptp(parts.phasic)))
    np.testing.assert_allclose(parts.phasic, phasic, atol=tolerance)
    np.testing.assert_allclose(parts.tonic, tonic, atol=tolerance)
    np.testing.assert_allclose(parts.tonic + parts.phasic + parts.residual, y, atol=tolerance)
    assert parts.driver.min() >= 0.0

    penalty = 0.5 * GAMMA * np.sum(parts.spline_coefficients**2)
    primal = 0.5 * residual @ residual + ALPHA * parts.driver.sum() + penalty
    v = parts.dual
    correlation = lfilter(ma, ar, v[::-1])[::-1]
    assert correlation.max() <= ALPHA * (1 + 1e-9)
    assert np.abs(C.T @ v).max() <= 1e-9 * np.abs(v).sum()
    dual = y @ v - 0.5 * v @ v - 0.5 * np.sum((B.T @ v) ** 2) / GAMMA
    assert parts.objective == pytest.approx(primal, rel=1e-9)
    assert (primal - dual) / primal <= 1e-8
    assert parts.gap == pytest.approx((primal - dual) / primal, abs=2e-9)


@pytest.fixture(scope="session")
def eevr_windows(shared_data: Path) -> list[tuple[float, Array]]:
    """300 random windows of EEVR, at its own rate and a lower and a higher one."""
    segments: dict[tuple[str, str], list[float]] = {}
    with zipfile.ZipFile(shared_data / "eevr" / "Data_files" / "Stimuli_EDA.zip") as archive:
        text = io.TextIOWrapper(archive.open("Stimuli_EDA.csv"))
        for row in csv.DictReader(text):
            key = (row["Participant ID"], row["Video_ID_number"])
            segments.setdefault(key, []).append(float(row["EDA"]))
    recordings = [np.array(values) for values in segments.values()]
    rng = np.random.default_rng(20)
    windows: list[tuple[float, Array]] = []
    while len(windows) < 300:
        recording = recordings[rng.integers(len(recordings))]
        rate_hz = (4.0, 7.8125, 16.0)[len(windows) % 3]
        duration_s = float(rng.choice([20.0, 40.0, 60.0]))
        need = int(duration_s * 7.8125) + 2
        if len(recording) < need:
            continue
        first = rng.integers(len(recording) - need + 1)
        stretch = recording[first : first + need]
        if np.ptp(stretch) == 0.0:
            continue
        grid_s = np.arange(int(duration_s * rate_hz)) / rate_hz
        windows.append((rate_hz, zscore(np.interp(grid_s, np.arange(need) / 7.8125, stretch))))
    return windows


@floors
@pytest.mark.parametrize("name", GOLDEN)
def test_golden_windows(shared_data: Path, name: str, floor: str) -> None:
    with np.load(shared_data / "cvxeda_golden.npz") as golden:
        want = {key: golden[f"{name}/{key}"] for key in ("y", "phasic", "tonic", "objective")}
        rate_hz = float(golden[f"{name}/fs"])
    y = zscore(want["y"])
    parts = CvxEDA(len(y), rate_hz, floor=floor).decompose(y)
    assert parts.converged and parts.gap <= 1e-9
    assert parts.objective <= float(want["objective"]) * (1 + 1e-7)
    # The reference stops at a gap of its own; its parts are this far from the optimum.
    np.testing.assert_allclose(parts.phasic, want["phasic"], atol=2e-4)
    np.testing.assert_allclose(parts.tonic, want["tonic"], atol=2e-4)
    check_certificate(y, rate_hz, parts)
    # The flat wrist recordings are the degenerate ones.
    assert parts.well_posed == (not name.startswith("flirt"))


@floors
def test_random_real_windows(eevr_windows: list[tuple[float, Array]], floor: str) -> None:
    prepared: dict[tuple[int, float], CvxEDA] = {}
    for rate_hz, y in eevr_windows:
        key = (len(y), rate_hz)
        if key not in prepared:
            prepared[key] = CvxEDA(len(y), rate_hz, floor=floor)
        check_certificate(y, rate_hz, prepared[key].decompose(y))


def test_objective_is_at_most_that_of_cvxopt(eevr_windows: list[tuple[float, Array]]) -> None:
    pytest.importorskip("cvxopt")
    ours: dict[tuple[int, float], CvxEDA] = {}
    theirs: dict[tuple[int, float], CvxoptReference] = {}
    for rate_hz, y in eevr_windows:
        key = (len(y), rate_hz)
        if key not in ours:
            ours[key], theirs[key] = CvxEDA(*key), CvxoptReference(*key)
        assert ours[key].decompose(y).objective <= theirs[key].decompose(y).objective * (1 + 1e-7)


@floors
@pytest.mark.parametrize(
    ("n", "rate_hz"),
    [(240, 4.0), (240, 8.0), (480, 8.0), (561, 8.0), (1201, 4.0), (2500, 50.0), (2560, 128.0)],
)
def test_synthetic_windows(n: int, rate_hz: float, floor: str) -> None:
    y = arousals(n, rate_hz, seed=n)
    check_certificate(y, rate_hz, CvxEDA(n, rate_hz, floor=floor).decompose(y))


@floors
@pytest.mark.parametrize(
    "options",
    [
        *({"baseline": name} for name in ("none", "constant", "linear", "spline")),
        {"knot_spacing_s": 3.0},
        {"knot_spacing_s": 100.0},
        {"tau_slow_s": 4.0, "tau_fast_s": 0.75},
        {"tau_slow_s": 0.7, "tau_fast_s": 2.0},
        {"alpha": 1e-2, "gamma": 1.0},
    ],
    ids=str,
)
def test_options_mean_what_they_mean_to_cvxopt(options: dict[str, float | str], floor: str) -> None:
    pytest.importorskip("cvxopt")
    y = arousals(480, 8.0, seed=3)
    ours = CvxEDA(480, 8.0, floor=floor, **options).decompose(y)  # type: ignore[arg-type]
    slow, fast = options.get("tau_slow_s", 2.0), options.get("tau_fast_s", 0.7)
    ordered = {**options, "tau_slow_s": max(slow, fast), "tau_fast_s": min(slow, fast)}
    theirs = CvxoptReference(480, 8.0, **ordered).decompose(y)  # type: ignore[arg-type]
    assert ours.converged
    assert ours.objective == pytest.approx(theirs.objective, rel=1e-6)
    assert ours.objective <= theirs.objective * (1 + 1e-7)
    np.testing.assert_allclose(ours.phasic, theirs.phasic, atol=2e-3)


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
