"""`rtcan.analyse`: responses, parts, tables."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import rtcan
from device.errors import ArgumentError, SignalError
from device.samples import Samples
from tests.runtime.analysis.skin import AMPLITUDES_US, ONSETS_S, known


@pytest.mark.parametrize("rate_hz", [4.0, 8.0, 100.0])
def test_known_responses_are_found_at_any_rate(rate_hz: float) -> None:
    samples = known(rate_hz)
    analysis = rtcan.analyse(samples.eda_us, rate_hz)
    assert analysis.rate_hz == (8.0 if rate_hz > 16 else rate_hz)
    scr = analysis.scr
    assert scr["onset"] == pytest.approx(ONSETS_S, abs=0.5)
    assert scr["amplitude"] == pytest.approx(AMPLITUDES_US, rel=0.12)
    assert (scr["quality"] == 1.0).all() and not analysis.notes
    total = analysis.tonic_us + analysis.phasic_us
    assert np.abs(total - analysis.eda_us).mean() < 0.01


def test_samples_with_times_give_times_of_the_recording() -> None:
    samples = known()
    late = Samples(samples.time_s + 1000.0, samples.eda_us)
    assert rtcan.analyse(late).scr["onset"] == pytest.approx(np.array(ONSETS_S) + 1000, abs=0.5)
    assert rtcan.analyse(late).features()["onset"][0] == 1000.0


def test_responses_scale_with_the_signal() -> None:
    samples = known()
    twice = rtcan.analyse(2 * samples.eda_us, 8.0).scr["amplitude"]
    assert twice == pytest.approx(2 * rtcan.analyse(samples).scr["amplitude"], rel=0.03)


def test_a_long_gap_parts_the_recording_and_a_short_one_is_bridged() -> None:
    samples = known()
    eda_us = samples.eda_us.copy()
    eda_us[800:880] = np.nan  # 100 to 110 s
    eda_us[1000:1004] = np.nan
    analysis = rtcan.analyse(eda_us, 8.0)
    assert np.isnan(analysis.tonic_us[800:880]).all()
    assert np.isfinite(analysis.tonic_us[1000:1004]).all()
    assert analysis.missing.sum() == 84
    assert analysis.scr["onset"] == pytest.approx(ONSETS_S, abs=0.5)
    assert analysis.notes == ("5 % of the recording has no samples.",)


def test_times_that_jump_are_a_gap() -> None:
    samples = known()
    keep = (samples.time_s < 100) | (samples.time_s >= 110)
    analysis = rtcan.analyse(Samples(samples.time_s[keep], samples.eda_us[keep]))
    assert analysis.missing.mean() == pytest.approx(0.05, abs=0.005)
    assert analysis.scr["onset"] == pytest.approx(ONSETS_S, abs=0.5)


def test_noise_raises_the_least_amplitude_and_is_told() -> None:
    analysis = rtcan.analyse(known(noise_us=0.1))
    assert analysis.noise_us == pytest.approx(0.1, rel=0.2)
    assert analysis.scr["amplitude"].min() > 0.25
    assert "noise is 0." in analysis.notes[0]


def test_an_artefact_is_cut_out_and_leaves_no_trace() -> None:
    """A jerk of the cable: two seconds up by 3 µS and down, where nothing else happens."""
    samples = known()
    eda_us = samples.eda_us.copy()
    jerk = (samples.time_s > 185) & (samples.time_s < 187)
    eda_us[jerk] += 3.0 * np.sign(np.sin(9 * samples.time_s[jerk]))
    analysis = rtcan.analyse(eda_us, 8.0)
    assert analysis.artefact[jerk].all() and analysis.artefact.mean() < 0.07
    assert analysis.scr["onset"] == pytest.approx(ONSETS_S, abs=0.5)
    assert np.ptp(analysis.tonic_us) < 0.6
    assert analysis.notes[0].endswith("is an artefact.")


def test_noise_is_no_artefact_but_a_jerk_beyond_it_is() -> None:
    samples = known(noise_us=0.1)
    assert not rtcan.analyse(samples).artefact.any()
    eda_us = samples.eda_us.copy()
    eda_us[880:896] += 3.0 * np.sign(np.sin(9 * samples.time_s[880:896]))
    assert rtcan.analyse(eda_us, 8.0).artefact[880:896].all()


def test_threads_change_nothing() -> None:
    eda_us = np.tile(known(4.0, seconds=200.0).eda_us, 8)
    one, two = (rtcan.analyse(eda_us, 4.0, threads=n) for n in (1, 2))
    np.testing.assert_array_equal(one.phasic_us, two.phasic_us)


def test_tables_are_dicts_of_arrays_and_frames_where_pandas_is() -> None:
    analysis = rtcan.analyse(known())
    assert set(analysis.scr) == {
        "onset", "peak", "amplitude", "rise_time", "half_recovery_time", "driver_area", "quality",
    }  # fmt: skip
    lines = analysis.scr.to_tsv().splitlines()
    assert len(lines) == 7 and lines[0].startswith("onset\tpeak\tamplitude")
    assert "<table>" in analysis.scr._repr_html_()
    pytest.importorskip("pandas")
    frame = analysis.features().to_pandas()
    assert list(frame.columns)[:3] == ["onset", "duration", "scl_mean"]


def test_it_can_be_copied_and_pickled() -> None:
    analysis = rtcan.analyse(known())
    for other in (copy.deepcopy(analysis), pickle.loads(pickle.dumps(analysis))):  # noqa: S301
        assert other.scr.to_tsv() == analysis.scr.to_tsv()
    assert "6 responses" in repr(analysis)


def test_a_figure_is_drawn() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    figure = rtcan.analyse(known()).plot()
    assert len(figure.axes) == 2
    from matplotlib import pyplot

    pyplot.close(figure)


EDA = known().eda_us


@pytest.mark.parametrize(
    ("eda_us", "says"),
    [
        (EDA * 1e3, "as nanosiemens it would be 5"),
        (EDA * 1e-6, "as siemens it would be 5"),
        (1e3 / EDA, "as kiloohms it would be 5"),
        (1e6 / EDA, "as ohms it would be 5"),
        (EDA * 1e-3 * 0.1, "as millisiemens it would be 0.5"),
        ((EDA - EDA.mean()) / EDA.std(), "standardised"),
        (np.full(1000, np.nan), "holds no value at all: each of its 1000 samples"),
        (np.zeros(1000), "all 1000 values of the recording are 0: there was no contact"),
        (np.full(1000, 5.0), "all 1000 values of the recording are 5"),
        (EDA[:40], r"lasts 5\.0 s"),
        (EDA[None], "one-dimensional"),
    ],
)
def test_what_is_no_skin_conductance_is_refused_with_what_would_fit(
    eda_us: np.ndarray, says: str
) -> None:
    with pytest.raises(SignalError, match=says):
        rtcan.analyse(eda_us, 8.0)


def test_arguments_are_checked() -> None:
    with pytest.raises(ArgumentError, match="rate_hz is needed"):
        rtcan.analyse(EDA)
    with pytest.raises(ArgumentError, match="window_s is -1"):
        rtcan.analyse(EDA, 8.0, window_s=-1.0)
    with pytest.raises(ArgumentError, match="min_amplitude_us is 0"):
        rtcan.analyse(EDA, 8.0, min_amplitude_us=0)
