"""The judge of the fault table: what came whole, and which delivered sample is which."""

from __future__ import annotations

import numpy as np

from benchmarks.common.truth import (
    came_whole,
    count_lost,
    is_intact,
    matched,
    shares_a_byte,
    wrong_allowed,
)
from device.drivers.registry import DRIVERS
from device.protocols import bitalino, rtcan
from device.protocols.rtcan import Identity
from device.simulation.player import Sent


def sent(i: int, frame: bytes, arrived: bytes | None = None, eda_us: float | None = None) -> Sent:
    arrived = frame if arrived is None else arrived
    value = float(i) if eda_us is None else eda_us
    return Sent(value, 0.01 * i + 0.001, frame, arrived, arrived != frame)


def test_a_value_that_comes_again_is_the_one_near_in_time() -> None:
    values = np.arange(2000) % 400 + 1.0
    log = [sent(i, b"abc", eda_us=value) for i, value in enumerate(values)]
    kept = np.flatnonzero(np.random.default_rng(1).random(2000) < 0.4)
    found = matched(log, values[kept], 0.01 * kept + 0.02)
    assert found.tolist() == kept.tolist()


def test_a_value_that_nobody_sent_or_that_comes_twice_is_wrong() -> None:
    log = [sent(i, b"abc") for i in range(10)]
    time_s = 0.01 * np.array([0, 1, 2, 2.1, 3, 4])
    found = matched(log, np.array([0, 1, 77.0, 2, 2, 4]), time_s)
    assert found.tolist() == [0, 1, -1, 2, -1, 4]


def test_missing_values_are_counted_off() -> None:
    values = [1.0, np.nan, np.nan, 2.0]
    log = [sent(i, b"abc", eda_us=value) for i, value in enumerate(values)]
    found = matched(log, np.array(values), 0.01 * np.arange(4) + 0.006)
    assert found.tolist() == [0, 1, 2, 3]


def test_what_was_lost_before_the_first_delivered_sample_is_lost() -> None:
    log = [sent(i, b"abc") for i in range(10)]
    log[2] = sent(2, b"abc", b"ac")
    whole = came_whole("shimmer", log, [])
    places = matched(log, np.array([4.0, 5, 7, 8, 9]), 0.01 * np.array([4, 5, 7, 8, 9]))
    assert count_lost("shimmer", log, whole, places) == 4  # 0, 1, 3 and 6


def test_where_nothing_was_damaged_no_value_may_be_wrong() -> None:
    for sensor in DRIVERS:
        assert wrong_allowed(sensor, 0) == 0
        assert wrong_allowed(sensor, 100) <= 100


def test_damaged_settings_leave_the_sample_behind_them_whole() -> None:
    sample = rtcan.encode_sample(1, 10_000, 500)
    settings = rtcan.encode_settings(Identity("", 14, 8192, 100, False))
    assert is_intact("rtcan", sent(0, settings + sample, settings[1:] + sample))
    assert not is_intact("rtcan", sent(0, settings + sample, settings + sample[1:]))


def test_a_line_whose_beginning_is_unknown_did_not_come_whole() -> None:
    log = [sent(i, b"437\r\n") for i in range(6)]
    log[2] = sent(2, b"437\r\n", b"437\x8d\x8a")
    log[4] = sent(4, b"437\r\n", b"437\n")
    assert came_whole("grove", log, []).tolist() == [False, True, False, False, False, True]


def test_of_two_equal_bytes_side_by_side_either_may_be_the_lost_one() -> None:
    # Sequence 8 with CRC 4, then a frame that begins with 0x84: the bytes of either, not of both.
    first = bytes.fromhex("70 57 84")
    second = bytes.fromhex("84 50 93")
    for frame in (first, second):
        assert bitalino.crc4(frame) == frame[-1] & 0xF
    log = [sent(0, first, first[:-1]), sent(1, second)]
    assert shares_a_byte("bitalino", log, 1, came={0})
    assert not shares_a_byte("bitalino", log, 1, came=set())
    log = [sent(0, first), sent(1, second, second[1:])]
    assert shares_a_byte("bitalino", log, 0, came={1})
    log = [sent(0, first, first[1:]), sent(1, second)]
    assert not shares_a_byte("bitalino", log, 1, came={0})
