"""Whole recordings in microsiemens, and raw samples given to where z-scores belong."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from device.errors import SignalError, SignalWarning
from device.simulation.physiology import Person, simulate
from runtime.cvxeda import CvxEDA, RecordingDecomposition, decompose, pieces


def skin(seconds: float, rate_hz: float) -> np.ndarray:
    person = simulate(
        Person(), seconds, rate_hz, arousal=lambda t: 0.5 + 0.5 * np.sin(t / 60), seed=2
    )
    return person.eda_us


def test_it_is_the_window_decomposition_of_the_z_score_scaled_back() -> None:
    eda_us = skin(120.0, 8.0)
    parts = decompose(eda_us, 8.0)
    want = CvxEDA(eda_us.size, 8.0).decompose((eda_us - eda_us.mean()) / eda_us.std())
    np.testing.assert_allclose(parts.phasic, want.phasic * eda_us.std(), rtol=1e-12)
    np.testing.assert_allclose(parts.driver, want.driver * eda_us.std(), rtol=1e-12)
    np.testing.assert_allclose(parts.tonic, want.tonic * eda_us.std() + eda_us.mean(), rtol=1e-12)
    assert (parts.pieces, parts.converged, parts.well_posed) == (1, True, True)
    # Parts in the unit of the recording: the level is where the skin's is.
    assert eda_us.min() - 1 < parts.tonic.min() < parts.tonic.max() < eda_us.max() + 1
    assert parts.phasic.min() >= 0


@pytest.mark.parametrize("n", [3, 4, 17, 240, 4999])
@pytest.mark.parametrize("rate_hz", [0.5, 4.0, 25.0])
def test_any_length(n: int, rate_hz: float) -> None:
    eda_us = skin(n / rate_hz + 1, rate_hz)[:n]
    parts = decompose(eda_us, rate_hz)
    assert parts.tonic.shape == parts.driver.shape == (n,)
    assert parts.converged
    np.testing.assert_allclose(parts.tonic + parts.phasic + parts.residual, eda_us, atol=1e-9)


def apart(pieces: RecordingDecomposition, whole: RecordingDecomposition, ends: int) -> float:
    """Return how far tonic and phasic lie apart away from the ends, in SDs of the phasic part."""
    inner = slice(ends, -ends)
    tonic = np.abs(pieces.tonic - whole.tonic)[inner].max()
    phasic = np.abs(pieces.phasic - whole.phasic)[inner].max()
    return float(max(tonic, phasic) / whole.phasic.std())


def jittery(seconds: float, rate_hz: float) -> np.ndarray:
    """Return a nearly flat wrist with noise, whose optimum is two large curves that cancel."""
    slow = 0.3 * np.sin(np.arange(seconds * rate_hz) / rate_hz / 200)
    return np.asarray(slow + np.random.default_rng(1).normal(1.0, 0.03, slow.size))


@pytest.mark.parametrize("baseline", ["linear", "constant", "spline", "none"])
@pytest.mark.parametrize("made", [skin, jittery])
@pytest.mark.parametrize(("longest", "count", "least"), [(60.0, 3, 0.01), (24.0, 13, 0.02)])
def test_no_seam_shows(
    made: Callable[[float, float], np.ndarray],
    baseline: str,
    longest: float,
    count: int,
    least: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    eda_us = made(1195.0, 4.0)
    whole = decompose(eda_us, 4.0, baseline=baseline)
    monkeypatch.setattr(pieces, "_ONE", longest)
    parts = decompose(eda_us, 4.0, baseline=baseline)
    assert (whole.pieces, parts.pieces) == (1, count)
    np.testing.assert_allclose(parts.tonic + parts.phasic + parts.residual, eda_us, atol=1e-9)
    assert apart(parts, whole, ends=240) < least
    assert parts.driver.min() >= 0 and parts.phasic.min() >= 0


@pytest.mark.parametrize("subject", [3, 16, 20])
def test_no_seam_shows_in_an_hour_of_a_real_wrist(subject: int, shared_data: Path) -> None:
    folder = shared_data / "stress-predict" / "Raw_data" / f"S{subject:02d}"
    eda_us = np.loadtxt(folder / "EDA.csv")[2:]
    whole = CvxEDA(eda_us.size, 4.0).solve((eda_us - eda_us.mean()) / eda_us.std())
    parts = decompose(eda_us, 4.0)
    scaled = replace(
        parts,
        tonic=(parts.tonic - eda_us.mean()) / eda_us.std(),
        phasic=parts.phasic / eda_us.std(),
    )
    one = replace(parts, tonic=whole.tonic, phasic=whole.phasic)
    assert parts.pieces == 3
    assert apart(scaled, one, ends=240) < 0.01


@pytest.mark.parametrize(
    ("n", "rate_hz"),
    [(10, 0.5), (20_000, 0.5), (100_000, 4.0), (3_000_000, 128.0), (10**7, 2000.0)],
)
def test_pieces_cover_the_recording_and_overlap(n: int, rate_hz: float) -> None:
    knot = round(10 * rate_hz)
    shared, found = pieces.places(n, knot)
    assert found[0].start == 0 and found[-1].stop == n
    assert all(place.start % knot == 0 for place in found)
    for before, after in pairwise(found):
        assert before.start < after.start <= before.stop - shared
        assert before.stop - before.start >= 1.5 * shared
    longest = max(place.stop - place.start for place in found)
    assert longest * longest / knot <= 1.2e7 or longest <= 240 * rate_hz


def test_a_piece_may_lie_on_one_side_of_the_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "_ONE", 24.0)
    parts = decompose(skin(600.0, 4.0) + np.linspace(0, 50, 2400), 4.0)
    assert parts.pieces == 6 and parts.converged


def test_the_scale_may_be_given() -> None:
    eda_us = skin(120.0, 4.0)
    own = decompose(eda_us, 4.0, scale_us=float(eda_us.std()))
    np.testing.assert_array_equal(own.phasic, decompose(eda_us, 4.0).phasic)
    # The larger the scale, the dearer a response.
    assert decompose(eda_us, 4.0, scale_us=50.0).driver.sum() < own.driver.sum()
    with pytest.raises(ValueError, match="scale_us is 0"):
        decompose(eda_us, 4.0, scale_us=0)


def test_a_flat_recording_is_all_tonic() -> None:
    parts = decompose([5] * 100, 4.0)
    np.testing.assert_array_equal(parts.tonic, 5.0)
    np.testing.assert_array_equal(parts.phasic, 0.0)


def test_the_result_can_be_pickled() -> None:
    parts = pickle.loads(pickle.dumps(decompose(skin(20.0, 4.0), 4.0)))  # noqa: S301
    assert parts.converged


@pytest.mark.parametrize(
    ("eda_us", "says"),
    [
        ([1.0, 2.0], r"shape \(2,\)"),
        ([[1.0, 2.0, 3.0]], r"shape \(1, 3\)"),
        ([1.0, np.nan, 2.0, np.inf], "2 of 4 samples .* the first at 1"),
        (["a", "b", "c"], "real numbers"),
    ],
)
def test_unusable_recordings_are_named(eda_us: object, says: str) -> None:
    with pytest.raises(SignalError, match=says):
        decompose(eda_us, 4.0)  # type: ignore[arg-type]


def test_rates_and_options_are_checked() -> None:
    with pytest.raises(ValueError, match="rate_hz is 0"):
        decompose([1.0, 2.0, 3.0], 0)
    with pytest.raises(ValueError, match="alpha is -1"):
        decompose([1.0, 2.0, 3.0], 4.0, alpha=-1.0)


def test_raw_microsiemens_given_as_a_z_score_are_warned_about() -> None:
    eda_us = skin(60.0, 4.0)[:240]
    split = CvxEDA(240, 4.0)
    with pytest.warns(SignalWarning, match=r"mean of .*z-score.*runtime\.cvxeda\.decompose"):
        split.decompose(eda_us)
    with pytest.warns(SignalWarning):
        split.decompose(-eda_us)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        split.decompose((eda_us - eda_us.mean()) / eda_us.std())
        # In a person's own units a window is centred and not scaled by itself.
        split.decompose((eda_us - eda_us.mean()) / 7.0)
        split.decompose(np.full(240, 5.0))
