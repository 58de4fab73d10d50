"""Drivers against simulated boards, in an imagined time: no port, no waiting."""

from __future__ import annotations

import math

import numpy as np
import pytest

from device.boards.bitalino import BitalinoBoard
from device.boards.board import Board
from device.boards.rtcan import RtcanBoard
from device.boards.shimmer import ShimmerBoard
from device.drivers.driver import Batch, Driver, DriverOptions
from device.drivers.registry import DRIVERS, make_driver
from device.errors import DeviceError
from device.protocols import rtcan, shimmer
from device.simulation.simulator import make_board

TICK_S = 0.02


class Bench:
    """A driver and a board, wired together."""

    def __init__(self, driver: Driver, board: Board) -> None:
        self.driver = driver
        self.board = board
        self.now_s = 100.0
        self.batches: list[Batch] = []
        self.sent: list[float] = []
        self.damage = lambda data: data
        self._start_s = self.now_s
        self._count = 0
        self._clock_s = 0.0
        self.to_host = board.start()
        driver.begin(self.now_s)

    def reset_board(self) -> None:
        self.to_host += self.board.start()
        self._start_s, self._count, self._clock_s = self.now_s, 0, 0.0

    def run(self, seconds: float, eda_us: float | None = None) -> None:
        for _ in range(round(seconds / TICK_S)):
            self.now_s += TICK_S
            streaming, rate_hz = self.board.streaming, self.board.rate_hz
            self.to_host += self.board.receive(self.driver.poll(self.now_s))
            if (self.board.streaming, self.board.rate_hz) != (streaming, rate_hz):
                self._clock_s += self._count / rate_hz if streaming else -self._clock_s
                self._start_s, self._count = self.now_s, 0
            while self.board.streaming and self._start_s + self._count / self.board.rate_hz < (
                self.now_s
            ):
                value = 2.0 + 0.001 * (len(self.sent) % 3000) if eda_us is None else eda_us
                device_s = self._clock_s + self._count / self.board.rate_hz
                frame = self.board.frame(value, device_s)
                self.to_host += self.damage(frame)
                self.sent.append(value)
                self._count += 1
            self.batches += self.driver.push(self.to_host, self.now_s)
            self.to_host = b""

    @property
    def eda_us(self) -> np.ndarray:
        return np.concatenate([batch.eda_us for batch in self.batches])


@pytest.mark.parametrize("key", list(DRIVERS))
def test_every_sample_comes_once_in_order_at_its_value(key: str) -> None:
    bench = Bench(make_driver(key), make_board(key, None, None))
    bench.run(20.0)
    found = bench.eda_us
    sent = np.array(bench.sent)[-found.size :]
    # Grove and BITalino have ten bits; the others resolve far below that.
    assert np.abs(found - sent).max() < (0.1 if key in ("grove", "bitalino") else 0.01)
    assert bench.driver.lost == 0
    assert bench.driver.damaged <= 1  # the half frame at the start
    assert found.size > 15 * bench.board.rate_hz
    assert [batch.restarted for batch in bench.batches].index(True) == 0
    assert sum(batch.restarted for batch in bench.batches) == 1
    position_s = np.concatenate([batch.position_s for batch in bench.batches])
    scale = 1.0 if bench.driver.known_rate else bench.board.rate_hz
    assert np.diff(position_s) == pytest.approx(scale / bench.board.rate_hz, abs=5e-5)


@pytest.mark.parametrize("key", list(DRIVERS))
def test_open_electrodes_are_missing_values(key: str) -> None:
    bench = Bench(make_driver(key), make_board(key, None, None))
    bench.run(5.0, 5.0)
    whole = bench.eda_us.size
    assert not np.isnan(bench.eda_us).any()
    bench.run(5.0, math.nan)
    assert bench.eda_us.size > whole
    # The last of the valid ones may still have been on its way.
    assert np.isnan(bench.eda_us[whole + 10 :]).all()


@pytest.mark.parametrize("key", list(DRIVERS))
def test_a_board_that_was_reset_is_started_again_with_its_rate(key: str) -> None:
    options = DriverOptions(rate_hz={"rtcan": 50.0, "bitalino": 10.0, "shimmer": 128.0}.get(key))
    bench = Bench(make_driver(key, options), make_board(key, None, None))
    bench.run(6.0)
    before = bench.eda_us.size
    rate_hz = bench.board.rate_hz
    bench.reset_board()
    bench.run(10.0)
    assert bench.board.streaming
    assert bench.board.rate_hz == rate_hz
    assert bench.eda_us.size > before + 5 * rate_hz
    if key != "grove":
        assert sum(batch.restarted for batch in bench.batches) == 2


@pytest.mark.parametrize(("key", "rate_hz"), [("rtcan", 200), ("bitalino", 1000), ("shimmer", 512)])
def test_the_rate_is_set(key: str, rate_hz: float) -> None:
    bench = Bench(make_driver(key, DriverOptions(rate_hz=rate_hz)), make_board(key, None, None))
    bench.run(4.0)
    assert bench.board.rate_hz == rate_hz
    assert bench.driver.rate_hz(None) == rate_hz


@pytest.mark.parametrize("key", ["rtcan", "bitalino", "shimmer"])
def test_lost_frames_are_counted(key: str) -> None:
    bench = Bench(make_driver(key), make_board(key, None, None))
    bench.run(5.0)
    count = 0

    def lose_some(frame: bytes) -> bytes:
        nonlocal count
        count += 1
        return b"" if count % 50 in (7, 8) else frame

    bench.damage = lose_some
    bench.run(10.0)
    assert count // 50 * 2 - 2 <= bench.driver.lost <= count // 50 * 2 + 2
    assert (np.diff(np.concatenate([b.position_s for b in bench.batches])) > 0).all()


def test_an_old_shimmer_without_crc_is_read_all_the_same() -> None:
    bench = Bench(make_driver("shimmer"), ShimmerBoard(has_crc=False))
    bench.run(10.0)
    assert "CRC of 0 bytes" in bench.driver.details()
    assert np.abs(bench.eda_us - np.array(bench.sent)[: bench.eda_us.size]).max() < 0.01
    assert bench.eda_us.size > 300


def test_a_shimmer3r_says_what_it_is_and_is_read_by_its_own_inquiry() -> None:
    bench = Bench(make_driver("shimmer"), ShimmerBoard(hardware=shimmer.SHIMMER3R))
    assert bench.driver.name == "Shimmer3 GSR+"
    bench.run(10.0)
    assert bench.driver.name == "Shimmer3R GSR+"
    assert "CRC of 2 bytes" in bench.driver.details()
    assert np.abs(bench.eda_us - np.array(bench.sent)[: bench.eda_us.size]).max() < 0.01
    assert bench.eda_us.size > 500


def test_a_shimmer_that_does_not_say_what_it_is_is_read_all_the_same() -> None:
    class Silent(ShimmerBoard):
        def receive(self, data: bytes) -> bytes:
            return b"" if data == shimmer.COMMAND_VERSION else super().receive(data)

    bench = Bench(make_driver("shimmer"), Silent())
    bench.run(10.0)
    assert bench.driver.name == "Shimmer3 GSR+"
    assert bench.eda_us.size > 400


def test_the_shimmer_changes_its_range() -> None:
    bench = Bench(make_driver("shimmer"), ShimmerBoard())
    for value in (0.2, 2.0, 8.0, 60.0):
        bench.run(4.0, value)
        assert bench.eda_us[-1] == pytest.approx(value, rel=0.02)
    bench.run(4.0, 200.0)  # beyond the lowest range: saturated, no value
    assert math.isnan(bench.eda_us[-1])


def test_another_channel_of_a_bitalino() -> None:
    bench = Bench(make_driver("bitalino", DriverOptions(channel=1)), BitalinoBoard())
    bench.run(4.0)
    assert bench.eda_us[-1] == pytest.approx(12.5)  # A1 rests in its middle, 512 of 1024


def test_the_firmware_says_its_own_calibration() -> None:
    board = RtcanBoard()
    board.receive(b"open 8000\n")
    bench = Bench(make_driver("rtcan"), board)
    bench.run(4.0, 5.0)
    assert bench.eda_us[-1] == pytest.approx(5.0, abs=0.01)
    assert "open electrodes read 8000" in bench.driver.details()


@pytest.mark.parametrize("key", ["rtcan", "shimmer"])
def test_a_false_time_that_a_checksum_let_pass_is_not_believed(key: str) -> None:
    bench = Bench(make_driver(key), make_board(key, None, None))
    bench.run(3.0)
    frames = [
        rtcan.encode_sample(301, 3_010_000, 500)
        if key == "rtcan"
        else shimmer.encode(98_816, 2000),
        rtcan.encode_sample(9, 3_000_000_000, 5)
        if key == "rtcan"
        else shimmer.encode(9_000_000, 2),
        rtcan.encode_sample(303, 3_030_000, 500)
        if key == "rtcan"
        else shimmer.encode(99_840, 2000),
    ]
    bench.to_host += b"".join(frames)
    bench.run(TICK_S)
    positions_s = [batch.position_s for batch in bench.batches]
    assert max(position_s[-1] for position_s in positions_s) < 4.0


def test_samples_wait_for_a_calibration_that_was_lost_at_first() -> None:
    bench = Bench(make_driver("rtcan"), RtcanBoard())
    count = 0

    def lose_the_first_settings(frame: bytes) -> bytes:
        nonlocal count
        count += 1
        return frame[frame[:-1].rfind(b"\0") + 1 :] if count < 250 else frame

    bench.damage = lose_the_first_settings
    bench.to_host = b""
    bench.driver.poll = lambda now_s: b""  # type: ignore[method-assign]  # nor is it asked
    bench.run(2.0)
    assert not bench.batches
    bench.run(2.0)
    assert bench.batches[0].eda_us.size > 190  # in one piece
    assert np.abs(bench.eda_us - np.array(bench.sent)[: bench.eda_us.size]).max() < 0.01
    assert bench.eda_us.size > 390
    assert bench.driver.lost == 0


@pytest.mark.parametrize(
    ("key", "options", "says"),
    [
        ("bitalino", DriverOptions(rate_hz=50), "1, 10, 100 or 1000"),
        ("bitalino", DriverOptions(channel=9), "no channel A9"),
        ("bitalino", DriverOptions(calibration="512"), "calibration is fixed"),
        ("shimmer", DriverOptions(rate_hz=5000), "1 to 1024"),
        ("shimmer", DriverOptions(calibration="512"), "calibration is fixed"),
        ("rtcan", DriverOptions(rate_hz=500), "10 to 200"),
        ("rtcan", DriverOptions(rate_hz=33.3), "whole number"),
        ("rtcan", DriverOptions(calibration="us"), "sends counts"),
        ("grove", DriverOptions(calibration="many"), "not understood"),
        ("thermometer", DriverOptions(), "Known: grove"),
    ],
)
def test_options_that_do_not_fit(key: str, options: DriverOptions, says: str) -> None:
    with pytest.raises(DeviceError, match=says):
        make_driver(key, options)
