"""EmotiBit's packets to samples, through a simulated network on a simulated clock."""

from __future__ import annotations

import math

import numpy as np
import pytest

from device.boards.emotibit import EmotibitBoard
from device.drivers.driver import Batch, DriverOptions
from device.drivers.emotibit import EmotibitDriver
from device.errors import DeviceError
from device.protocols import emotibit
from device.protocols.emotibit import Packet, parse_datagram
from device.simulation.datagrams import DatagramLine
from device.simulation.faults import Faults
from device.sources.driven import DrivenSensor
from device.timing.now import now_s

RATE_HZ = emotibit.RATE_HZ
FAULTS = {
    "none": Faults(),
    "jitter": Faults(jitter_s=0.1),
    "reordering": Faults(reorder=0.2, jitter_s=0.05),
    "duplicates": Faults(duplicate=0.5),
    "loss": Faults(drop=0.1),
    "bursts": Faults(burst_s=0.5),
    "all": Faults(drop=0.05, reorder=0.1, duplicate=0.2, jitter_s=0.1),
}


def through(faults: Faults, count: int) -> tuple[EmotibitDriver, list[Batch], list[int]]:
    """Send values that are their own numbers; return also the numbers of those that came."""
    board, line, driver = (
        EmotibitBoard(),
        DatagramLine(faults, seed=3),
        EmotibitDriver(DriverOptions()),
    )
    batches: list[Batch] = []
    came: set[int] = set()

    def arrive(now_s: float) -> None:
        for piece in line.due(now_s):
            for packet in parse_datagram(piece.data)[0]:
                came.update(round(1e3 * v) for v in packet.values() if packet.tag == emotibit.EDA)
            batches.extend(driver.push(piece.data, now_s))

    for i in range(count):
        taken_s = i / RATE_HZ
        line.put(board.frame((i + 100) / 1e3, taken_s), taken_s)
        for k in range(8):  # a reader that looks often
            arrive(taken_s + k / 8 / RATE_HZ)
    arrive(count / RATE_HZ + 0.5)
    batches += driver.push(b"", count / RATE_HZ + 0.5, final=True)
    return driver, batches, sorted(came)


@pytest.mark.parametrize("name", list(FAULTS))
def test_what_came_is_delivered_once_in_order_at_its_time(name: str) -> None:
    driver, batches, came = through(FAULTS[name], 600)
    eda_us = np.concatenate([batch.eda_us for batch in batches])
    numbers = np.rint(1e3 * eda_us).astype(int)
    assert numbers.tolist() == came
    assert sum(batch.restarted for batch in batches) == 1  # the beginning
    position_s = np.concatenate([batch.position_s for batch in batches])
    assert (np.diff(position_s) > 0).all()
    expected_s = (numbers - 100) / RATE_HZ
    assert np.abs(position_s - position_s[0] - (expected_s - expected_s[0])).max() < 0.5 / RATE_HZ
    assert driver.damaged == 0
    assert driver.rate_hz(1.0) == pytest.approx(RATE_HZ, rel=0.02)
    # All that lies between the first and the last sample that came is accounted for.
    assert driver.lost == came[-1] - came[0] + 1 - len(came)
    assert (driver.lost > 0) == (FAULTS[name].drop > 0)


def test_a_pause_of_the_board_is_a_gap_and_no_loss() -> None:
    driver = EmotibitDriver(DriverOptions())
    batches = []
    for number, stamp_ms in enumerate((0, 67, 133, 1000, 1067)):
        packet = Packet(stamp_ms, number, emotibit.EDA, ("2.0",))
        batches += driver.push(packet.to_bytes(), 1e-3 * stamp_ms)
    position_s = np.concatenate([batch.position_s for batch in batches])
    assert position_s == pytest.approx([0, 0.067, 0.133, 1.0, 1.067])
    assert driver.lost == 0


@pytest.mark.parametrize("away_s", [5, 60])
def test_all_that_a_long_outage_took_is_lost(away_s: int) -> None:
    """However far the numbers have gone on meanwhile."""
    board, driver = EmotibitBoard(), EmotibitDriver(DriverOptions())
    delivered = 0
    count = round((40 + away_s) * RATE_HZ)
    for i in range(count):
        at_s = i / RATE_HZ
        data = board.frame(2.0, at_s)
        if not 20 <= at_s < 20 + away_s:
            delivered += sum(batch.eda_us.size for batch in driver.push(data, at_s))
    assert driver.lost == pytest.approx(count - delivered, rel=0.01)


@pytest.mark.parametrize("step_s", [1.5, 3.0, -3.0, 30.0, -30.0, 3600.0])
@pytest.mark.parametrize("count", [1, 300])
def test_a_board_whose_clock_is_set_loses_no_time(step_s: float, count: int) -> None:
    packets = [
        Packet(
            round(1e6 + 1e3 * (i / RATE_HZ + (step_s if 300 <= i < 300 + count else 0.0))),
            i,
            emotibit.EDA,
            (f"{1 + i / 1e3:.3f}",),
        )
        for i in range(600)
    ]
    feed = Feed([(packet.number / RATE_HZ, packet.to_bytes()) for packet in packets])
    sensor = DrivenSensor(feed, EmotibitDriver(DriverOptions()))
    sensor.open()
    parts = [sensor.read(0.0) for _ in range(4300)]
    assert sensor.origin_s is not None
    time_s = np.concatenate([part.time_s for part in parts]) + sensor.origin_s - feed.start_s
    taken_s = np.rint(1e3 * (np.concatenate([part.eda_us for part in parts]) - 1)) / RATE_HZ
    assert time_s.size == 600
    assert np.abs(time_s - taken_s).max() < 0.5 / RATE_HZ


class Feed:
    """A transport on which datagrams arrive at their times, on a clock of its own."""

    port = device = "emotibit:feed"
    identity = ""
    baud = 0

    def __init__(self, arrivals: list[tuple[float, bytes]]) -> None:
        self.arrivals = arrivals
        self.start_s = self.at_s = now_s()

    def open(self) -> None: ...

    def close(self) -> None: ...

    def write(self, data: bytes) -> None: ...

    def read(self, timeout_s: float) -> tuple[bytes, float]:
        self.at_s += 0.01
        due = [data for at_s, data in self.arrivals if self.start_s + at_s <= self.at_s]
        del self.arrivals[: len(due)]
        return b"".join(due), self.at_s


def test_what_waits_for_what_never_comes_is_delivered_though_nothing_follows() -> None:
    packets = [Packet(67 * i, i, emotibit.EDA, (f"{i + 1}",)) for i in range(32)]
    arrivals = [(0.067 * p.number, p.to_bytes()) for p in packets if p.number != 30]
    sensor = DrivenSensor(Feed(arrivals), EmotibitDriver(DriverOptions()))
    sensor.open()
    eda_us = np.concatenate([sensor.read(0.0).eda_us for _ in range(260)])
    assert eda_us.tolist() == [i + 1.0 for i in range(32) if i != 30]
    assert sensor.counters.lost == 1


@pytest.mark.parametrize("name", list(FAULTS))
def test_times_are_right_within_a_sample(name: str) -> None:
    board, line, arrivals, taken = EmotibitBoard(), DatagramLine(FAULTS[name], 5), [], {}
    for i in range(600):
        at_s, value = i / RATE_HZ, round(1.0 + i / 1e3, 3)
        taken[value] = at_s
        line.put(board.frame(value, at_s), at_s)
    while (due_s := line.next_due_s()) < math.inf:
        arrivals += [(due_s, piece.data) for piece in line.due(due_s)]
    feed = Feed(arrivals)
    sensor = DrivenSensor(feed, EmotibitDriver(DriverOptions()))
    sensor.open()
    parts = [sensor.read(0.0) for _ in range(4300)]
    time_s = np.concatenate([part.time_s for part in parts])
    eda_us = np.concatenate([part.eda_us for part in parts])
    assert sensor.origin_s is not None
    expected_s = np.array([taken[round(value, 3)] for value in eda_us.tolist()]) + feed.start_s
    settled = expected_s > feed.start_s + 5
    assert settled.sum() > 400
    assert np.abs(time_s + sensor.origin_s - expected_s)[settled].max() < 1 / RATE_HZ


def test_a_board_that_begins_anew() -> None:
    driver = EmotibitDriver(DriverOptions())
    batches = []
    for start_s in (0.0, 60.0):
        board = EmotibitBoard()
        for i in range(45):
            data = board.frame(2.0, i / RATE_HZ)
            batches += driver.push(data, start_s + i / RATE_HZ) if data else []
    restarts = [batch for batch in batches if batch.restarted]
    assert len(restarts) == 2
    assert sum(batch.eda_us.size for batch in batches) == 90
    assert driver.lost == 0


def test_open_electrodes_are_no_value() -> None:
    board, driver = EmotibitBoard(), EmotibitDriver(DriverOptions())
    batches = []
    for i in range(6):
        data = board.frame(math.nan if i < 3 else 2.0, i / RATE_HZ)
        batches += driver.push(data, i / RATE_HZ) if data else []
    eda_us = np.concatenate([batch.eda_us for batch in batches])
    assert np.isnan(eda_us).tolist() == [True] * 3 + [False] * 3


def test_the_board_is_told_the_time_that_it_asks_for() -> None:
    driver = EmotibitDriver(DriverOptions())
    driver.push(Packet(5, 77, emotibit.REQUEST, ("TL", "TU")).to_bytes(), 0.0)
    packets, damaged = parse_datagram(driver.poll(0.0))
    assert damaged == 0
    assert [packet.tag for packet in packets] == ["TL", "AK"]
    assert packets[1].payload == ("77", "RD")
    assert driver.poll(0.0) == b""


@pytest.mark.parametrize("option", [{"rate_hz": 4.0}, {"calibration": "512"}, {"channel": 3}])
def test_options_that_do_not_fit(option: dict[str, object]) -> None:
    with pytest.raises(DeviceError, match="its own rate and calibration"):
        EmotibitDriver(DriverOptions(**option))  # type: ignore[arg-type]
