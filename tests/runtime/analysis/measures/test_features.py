"""Features of windows and of intervals after events, against what was put in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import rtcan
from device.errors import ArgumentError
from runtime.analysis.measures.sympathetic import amplitude
from runtime.analysis.measures.table import Table
from tests.runtime.analysis.skin import AMPLITUDES_US, known


def test_windows_cover_the_recording_without_its_rest() -> None:
    features = rtcan.analyse(known()).features(window_s=60, step_s=20)
    assert features["onset"].tolist() == [0, 20, 40, 60, 80, 100, 120, 140]
    assert rtcan.analyse(known()).features(window_s=500).rows == 1


@pytest.mark.parametrize("rate_hz", [4.0, 8.0, 19.0, 100.0, 1000.0])
def test_the_last_whole_window_is_there_at_any_rate(rate_hz: float) -> None:
    features = rtcan.analyse(known(rate_hz)).features(window_s=50, step_s=50)
    assert features["onset"].tolist() == [0, 50, 100, 150]
    assert (features["quality"] == 1).all() and not features["missing_share"].any()


@pytest.mark.parametrize("open_s", [0.1, 1.0, 1.9, 5.0])
def test_open_electrodes_at_the_end_are_missing_and_no_shorter_recording(open_s: float) -> None:
    samples = known(100.0)
    eda_us = np.where(samples.time_s >= 200.0 - open_s, np.nan, samples.eda_us)
    analysis = rtcan.analyse(eda_us, 100.0)
    assert analysis.time_s.size == 1600
    assert np.isnan(analysis.eda_us).sum() == pytest.approx(8 * open_s, abs=4)
    features = analysis.features(window_s=50, step_s=50)
    assert features["onset"].tolist() == [0, 50, 100, 150]
    assert features["missing_share"][3] == pytest.approx(open_s / 50.0, abs=0.01)


def test_counts_and_amounts_are_those_of_the_responses() -> None:
    features = rtcan.analyse(known()).features(window_s=100, step_s=100)
    assert features["scr_count"].tolist() == [4, 2]
    assert features["scr_rate"] == pytest.approx([2.4, 1.2])
    sums = [sum(AMPLITUDES_US[:4]), sum(AMPLITUDES_US[4:])]
    assert features["scr_amplitude_sum"] == pytest.approx(sums, rel=0.05)
    assert features["scr_amplitude_mean"] == pytest.approx([sums[0] / 4, sums[1] / 2], rel=0.05)
    assert features["scl_mean"] == pytest.approx([5.15, 5.06], abs=0.1)
    assert (features["quality"] == 1).all() and not features["missing_share"].any()


def test_the_slope_is_per_minute() -> None:
    samples = known()
    rising = rtcan.analyse(samples.eda_us + samples.time_s / 60.0, 8.0)
    flat = rtcan.analyse(samples)
    apart = rising.features(window_s=150)["scl_slope"] - flat.features(window_s=150)["scl_slope"]
    assert apart == pytest.approx(1.0, abs=0.02)


def test_events_get_their_intervals_and_their_answers() -> None:
    events = Table(
        {
            "onset": [18.0, 60.0, 44.5, 129.9, 500.0],
            "duration": [10.0, 15.0, 10.0, 10.0, 10.0],
            "trial_type": np.array(["a", "b", "c", "d", "e"], dtype=object),
        }
    )
    features = rtcan.analyse(known()).features(events=events)
    assert list(features)[:3] == ["onset", "duration", "trial_type"]
    assert features["scr_count"][:4].tolist() == [1, 0, 2, 1]
    assert features["scr_latency"][:2] == pytest.approx([2.0, 20.0], abs=0.3)
    # 2 s after is an answer, 20 s is none; 0.5 s is too soon, but 3 s comes another; 0.1 s is none.
    assert features["scr_within"][:4].tolist() == [1, 0, 1, 0]
    assert features["scr_amplitude_first"][[0, 2]] == pytest.approx([0.5, 0.4], rel=0.1)
    assert np.isnan([features[name][4] for name in ("scl_mean", "scr_latency", "scr_within")]).all()


def test_what_is_missing_is_missing_in_the_features() -> None:
    samples = known()
    eda_us = samples.eda_us.copy()
    eda_us[480:960] = np.nan  # 60 to 120 s
    features = rtcan.analyse(eda_us, 8.0).features(window_s=60, step_s=60)
    assert features["missing_share"] == pytest.approx([0, 1, 0])
    assert features["quality"] == pytest.approx([1, 0, 1])
    assert np.isnan(features["scl_mean"][1]) and np.isnan(features["scr_count"][1])
    assert features["scr_count"][[0, 2]].tolist() == [3, 2]


@pytest.mark.parametrize(("hz", "share"), [(0.15, 1.0), (0.02, 0.0), (0.6, 0.0)])
def test_the_sympathetic_band_passes_and_nothing_else(hz: float, share: float) -> None:
    time_s = np.arange(4000) / 8.0
    found = amplitude(3.0 + 0.7 * np.sin(2 * np.pi * hz * time_s), 8.0)
    assert found[400:-400] == pytest.approx(0.7 * share, abs=0.03)


def test_the_sympathetic_index_follows_the_wave() -> None:
    samples = known()
    wave = 0.3 * np.sin(2 * np.pi * 0.15 * samples.time_s) * (samples.time_s > 100)
    features = rtcan.analyse(5 + wave + samples.eda_us * 1e-3, 8.0).features(60, 140)
    assert features["tvsymp"][1] > 5 * features["tvsymp"][0]


def test_events_may_be_any_mapping_and_none_at_all() -> None:
    analysis = rtcan.analyse(known())
    features = analysis.features(events={"onset": [18, 44], "duration": [10, 10]})
    assert features["scr_count"].tolist() == [1, 2]
    none = analysis.features(events={"onset": [], "duration": []})
    assert none.rows == 0 and list(none) == list(features)


def test_an_event_of_no_known_time_has_no_features(tmp_path: Path) -> None:
    analysis = rtcan.analyse(known())
    events = {"onset": [18.0, np.nan], "duration": [10.0, 10.0], "trial_type": ["a", "b"]}
    features = analysis.features(events=events)
    assert features["scr_count"][0] == 1 and features["trial_type"].tolist() == ["a", "b"]
    for name, values in features.items():
        if name not in events:
            assert np.isnan(values[1]), name
    analysis.report(tmp_path / "page.html", events=events)
    assert '[18.0, 28.0, "a"]' in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ({"onset": [1.0]}, "no column 'duration'"),
        ({"onset": [1.0, 2.0], "duration": [1.0]}, "equally long"),
        ({"onset": [1.0], "duration": [-1.0]}, "negative"),
        ({"onset": [1.0], "duration": [1.0], "quality": ["good"]}, "'quality', which is a feature"),
    ],
)
def test_events_that_cannot_be_used_are_named(events: dict[str, list[object]], says: str) -> None:
    with pytest.raises(ArgumentError, match=says):
        rtcan.analyse(known()).features(events=events)


def test_windows_of_no_length_are_refused() -> None:
    analysis = rtcan.analyse(known())
    with pytest.raises(ArgumentError, match="window_s is 0"):
        analysis.features(window_s=0)
    with pytest.raises(ArgumentError, match="step_s is 0"):
        analysis.features(step_s=0)
    with pytest.raises(ArgumentError, match="at least one sample"):
        analysis.features(step_s=1e-6)
