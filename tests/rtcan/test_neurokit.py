"""The functions that NeuroKit2's users know, against NeuroKit2 itself where it is installed."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from device.errors import ArgumentError
from rtcan.neurokit import eda_phasic, eda_process
from tests.runtime.analysis.skin import AMPLITUDES_US, ONSETS_S, known

pytest.importorskip("pandas")


def test_the_parts_are_those_of_neurokit() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        neurokit2 = pytest.importorskip("neurokit2")
        eda_us = known(4.0, seconds=120.0).eda_us
        theirs = neurokit2.eda_phasic(eda_us, 4, method="cvxeda")
    ours = eda_phasic(eda_us, 4)
    assert list(ours.columns) == ["EDA_Tonic", "EDA_Phasic"]
    # They begin the phasic state differently, which fades in the first seconds.
    inner = slice(80, None)
    for name in ours.columns:
        apart = np.abs(ours[name].to_numpy() - theirs[name].to_numpy())[inner]
        assert apart.max() < 0.02 * theirs["EDA_Phasic"].max(), name


def test_the_parameters_have_their_names() -> None:
    eda_us = known(4.0, seconds=60.0).eda_us
    slower = eda_phasic(eda_us, 4, tau0=4.0, tau1=0.7, delta_knot=10, alpha=8e-4, gamma=1e-2)
    assert not np.allclose(slower["EDA_Phasic"], eda_phasic(eda_us, 4)["EDA_Phasic"])
    with pytest.raises(ArgumentError, match="'cvxeda' alone"):
        eda_phasic(eda_us, 4, method="highpass")
    with pytest.raises(ArgumentError, match="solver is no parameter"):
        eda_phasic(eda_us, 4, solver=None)


def test_processed_signals_have_their_columns() -> None:
    signals, info = eda_process(known(100.0).eda_us, sampling_rate=100)
    assert len(signals) == 20_000
    assert info["SCR_Onsets"] / 100 == pytest.approx(ONSETS_S, abs=0.5)
    assert signals["SCR_Peaks"].sum() == len(ONSETS_S)
    peaks = np.flatnonzero(signals["SCR_Peaks"])
    assert signals["SCR_Amplitude"].to_numpy()[peaks] == pytest.approx(AMPLITUDES_US, rel=0.12)
    assert np.isnan(signals["SCR_Amplitude"]).sum() == 20_000 - len(peaks)
