"""cvxEDA against the golden answers, its own certificate, and cvxopt."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from benchmarks.peers.cvxopt_solver import CvxoptReference
from runtime.cvxeda.solver import CvxEDA
from tests.runtime.cvxeda.parts import Array, arousals, check_certificate, floor, floors, zscore

__all__ = ["floor"]

GOLDEN = (
    "neurokit_100hz_10s_60s",
    "biosppy_100hz_20s_60s",
    "flirt_e4_4hz_300s_60s",
    "flirt_e4_4hz_900s_120s",
    "eevr_a_128hz_10s_60s",
)


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
