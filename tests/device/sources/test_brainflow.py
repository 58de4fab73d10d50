"""Boards of BrainFlow as sensors: its own synthetic, playback and streaming boards, with truth."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.errors import ArgumentError, DeviceError, MissingExtraError, RecordingEndedError
from device.samples import FloatArray, Samples
from device.sensor import Sensor
from device.sources import brainflow
from device.sources.packages import PackageCounter
from device.sources.registry import KINDS, SourceOptions, make_source

try:
    from device.sources.brainflow_boards import boards_with_eda, library

    library()
except MissingExtraError as missing:
    pytest.skip(str(missing), allow_module_level=True)

# Rows of the synthetic board.
_NUMBER, _EDA, _TIME, _ROWS = 0, 23, 30, 32
_RATE_HZ = 250.0


def _read(sensor: Sensor, seconds: float) -> Samples:
    parts, until_s = [Samples.empty()], time.monotonic() + seconds
    while time.monotonic() < until_s:
        try:
            parts.append(sensor.read(0.1))
        except RecordingEndedError:
            break
    return Samples(
        np.concatenate([part.time_s for part in parts]),
        np.concatenate([part.eda_us for part in parts]),
        np.concatenate([np.empty(0) if part.raw is None else part.raw for part in parts]),
    )


@pytest.mark.parametrize("address", ["SYNTHETIC_BOARD", "synthetic?preset=auxiliary", "-1"])
def test_the_synthetic_board(address: str) -> None:
    sensor = make_source(f"brainflow:{address}")
    sensor.open()
    samples = _read(sensor, 2.2)
    sensor.close()
    sensor.close()
    assert len(samples) > 400 and sensor.counters.lost == 0
    info = sensor.describe()
    assert info.rate_hz == pytest.approx(_RATE_HZ, rel=0.05)
    assert ("auxiliary" in info.details) == ("auxiliary" in address)
    np.testing.assert_allclose(np.diff(samples.time_s), 1 / _RATE_HZ, rtol=0.3)


def _file(path: Path, kept: Any) -> FloatArray:
    """Write a file as BrainFlow records it, and return its skin conductance."""
    count = kept.stop if isinstance(kept, slice) else int(np.max(kept)) + 1
    rows = np.zeros((_ROWS, count))
    rows[_NUMBER] = np.arange(count) % 256
    rows[_EDA] = 5 + np.arange(count) / 1000
    rows[_TIME] = 1.7e9 + np.arange(count) / _RATE_HZ
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from brainflow.data_filter import DataFilter

        DataFilter.write_file(np.ascontiguousarray(rows[:, kept]), str(path), "w")
    found: FloatArray = rows[_EDA, kept]
    return found


def test_a_file_is_played_to_its_end_and_losses_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brainflow, "_SILENT_S", 0.5)
    kept = np.setdiff1d(np.arange(700), [300, 301, 302, 511, 512])
    eda_us = _file(tmp_path / "a.csv", kept)
    sensor = make_source(
        f"brainflow:PLAYBACK_FILE?file={tmp_path / 'a.csv'}&master_board=SYNTHETIC_BOARD"
    )
    sensor.open()
    samples = _read(sensor, 20.0)
    with pytest.raises(RecordingEndedError, match=r"a.csv has come to its end"):
        sensor.read(5.0)
    sensor.close()
    np.testing.assert_allclose(samples.eda_us, eda_us, atol=1e-6)
    assert sensor.counters.lost == 5
    assert not sensor.describe().live
    # The three that are missing in one place take their time.
    steps_s = np.diff(samples.time_s)
    assert steps_s[299] == pytest.approx(4 * np.median(steps_s), rel=0.2)


@contextmanager
def _streaming(path: Path) -> Iterator[None]:
    """Stream the synthetic board over multicast, and write what it sends to a file."""
    found = library()
    board = found.BoardShim(-1, found.BrainFlowInputParams())
    board.prepare_session()
    board.add_streamer("streaming_board://225.1.1.1:6699")
    board.add_streamer(f"file://{path}:w")
    board.start_stream(45_000)
    try:
        yield
    finally:
        board.stop_stream()
        board.release_session()


def test_what_another_board_streams_arrives_as_it_was_sent(tmp_path: Path) -> None:
    sensor = make_source(
        "brainflow:STREAMING_BOARD?ip_address=225.1.1.1&ip_port=6699&master_board=SYNTHETIC_BOARD"
    )
    with _streaming(tmp_path / "sent.csv"):
        sensor.open()
        samples = _read(sensor, 2.2)
        sensor.close()
    if not len(samples):
        pytest.skip("no multicast on this machine")
    sent = np.loadtxt(tmp_path / "sent.csv", ndmin=2)
    begin = int(np.argmin(np.abs(sent[:, _EDA] - samples.eda_us[0])))
    truth = sent[begin : begin + len(samples)]
    np.testing.assert_allclose(samples.eda_us, truth[:, _EDA], atol=1e-5)
    error_s = samples.time_s - (truth[:, _TIME] - truth[0, _TIME])
    # The board's own stamps are late where its thread had to wait; most are not.
    assert np.percentile(np.abs(error_s - np.median(error_s)), 75) < 2 / _RATE_HZ
    assert sensor.counters.lost == 0


def test_a_board_that_falls_silent_is_gone_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brainflow, "_SILENT_S", 0.3)
    monkeypatch.setattr(brainflow, "_PLAYBACK", "")
    _file(tmp_path / "a.csv", slice(0, 500))
    sensor = make_source(
        f"brainflow:PLAYBACK_FILE_BOARD?file={tmp_path / 'a.csv'}&master_board=-1",
        SourceOptions(calibration="x / 2"),
    )
    sensor.open()
    with pytest.raises(DeviceError, match="sent nothing for 0 s"):
        _read(sensor, 20.0)
    sensor.close()
    sensor.open()
    samples = _read(sensor, 1.0)
    sensor.close()
    assert sensor.counters.reconnections == 1 and sensor.counters.restarts == 0
    np.testing.assert_allclose(samples.eda_us, samples.raw / 2)


@pytest.mark.parametrize(
    ("address", "options", "said"),
    [
        ("nothing", {}, "With skin conductance: EMOTIBIT_BOARD, GALEA_BOARD, SHIMMER3"),
        ("CYTON_BOARD", {}, "CYTON_BOARD, which has no rows of skin conductance. Boards that"),
        ("STREAMING_BOARD", {}, "Say what sends, with .master_board=NAME"),
        ("EMOTIBIT?foo=1", {}, "port has foo=1; expected, after '.': file"),
        ("EMOTIBIT?ip_port=x", {}, "port has ip_port=x; expected: a whole number"),
        ("EMOTIBIT?preset=other", {}, "port has preset=other"),
        ("SYNTHETIC", {"channel": 2}, "channel is 2; SYNTHETIC_BOARD has 1 rows"),
        ("GALEA", {}, "channel is None; GALEA_BOARD has 2 rows"),
        ("SYNTHETIC", {"calibration": "mV"}, "calibration is 'mV'"),
        ("SYNTHETIC", {"sensor": "grove"}, "sensor is 'grove'"),
    ],
)
def test_mistakes_are_named(address: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        make_source(f"brainflow:{address}", SourceOptions(**options))


def test_a_board_that_cannot_be_opened_says_what_it_needs() -> None:
    sensor = make_source("brainflow:SHIMMER3")
    with pytest.raises(DeviceError, match=r"BrainFlow says .* mac_address"):
        sensor.open()


def test_boards_are_listed_by_name() -> None:
    names = [found.port for found in KINDS["brainflow"].find(1.0)]
    assert {"brainflow:EMOTIBIT_BOARD", "brainflow:SYNTHETIC_BOARD"} <= set(names)
    assert [board.preset for board in boards_with_eda() if "EMOTIBIT" in board.name] == [
        "ancillary"
    ]


def test_package_numbers() -> None:
    counter = PackageCounter()
    numbers = np.concatenate([np.arange(250, 256), [0, 1, 4], [4, 4]]).astype(float)
    assert counter.push(numbers).tolist() == [0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0]
    # Three samples a package: a missing package takes three samples along.
    assert counter.push(np.array([5, 5, 5, 7.0])).tolist() == [0, 0, 0, 3]
    counter.begin()
    assert counter.push(np.array([200.0, 201])).tolist() == [0, 0]
    wide = PackageCounter()
    assert wide.push(np.array([65534.0, 65535, 1])).tolist() == [0, 0, 1]
