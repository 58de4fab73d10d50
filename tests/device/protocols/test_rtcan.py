"""Our own frames: vectors worked out by hand, properties, and streams that were damaged."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.protocols import cobs, rtcan
from device.protocols.rtcan import Identity, RtcanDecoder, parse_identity

# The examples of Cheshire and Baker's paper and of the obvious edges.
COBS = [
    ("", "01"),
    ("00", "01 01"),
    ("00 00", "01 01 01"),
    ("11 22 00 33", "03 11 22 02 33"),
    ("11 00 00 00", "02 11 01 01 01"),
    ("11 22 33 44", "05 11 22 33 44"),
]


@pytest.mark.parametrize(("plain", "coded"), COBS)
def test_cobs_by_hand(plain: str, coded: str) -> None:
    assert cobs.encode(bytes.fromhex(plain)) == bytes.fromhex(coded)
    assert cobs.decode(bytes.fromhex(coded)) == bytes.fromhex(plain)


@given(st.binary(max_size=600))
def test_cobs_there_and_back(data: bytes) -> None:
    coded = cobs.encode(data)
    assert 0 not in coded
    assert cobs.decode(coded) == data
    assert len(coded) <= len(data) + 1 + len(data) // 254


@given(st.binary(max_size=300))
def test_cobs_of_anything(data: bytes) -> None:
    plain = cobs.decode(data)
    assert plain is None or len(plain) < len(data)


def test_sample_by_hand() -> None:
    # 01 | 02 01 | 06 05 04 03 | 08 07: no zero, so COBS only puts the length before it.
    # CRC-16/XMODEM (polynomial 0x1021, start 0) of those nine bytes, one bit at a time:
    payload = bytes.fromhex("01 02 01 06 05 04 03 08 07")
    crc = 0
    for byte in payload:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    frame = bytes([12]) + payload + crc.to_bytes(2, "little") + b"\0"
    assert rtcan.encode_sample(0x0102, 0x03040506, 0x0708) == frame
    readings = RtcanDecoder().push(frame)
    assert readings.sequence.tolist() == [0x0102]
    assert readings.ticks.tolist() == [0x03040506]
    assert readings.value.tolist() == [0x0708]


samples = st.lists(
    st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFF)),
    max_size=30,
)


@given(samples, st.lists(st.integers(1, 40)))
def test_any_cutting_gives_every_sample(rows: list[tuple[int, int, int]], cuts: list[int]) -> None:
    data = b"".join(rtcan.encode_sample(*row) for row in rows)
    decoder, found = RtcanDecoder(), []
    for cut in [*cuts, len(data)]:
        readings = decoder.push(data[:cut])
        found += list(zip(readings.sequence, readings.ticks, readings.value, strict=True))
        data = data[cut:]
    assert found == rows
    assert decoder.bad == 0


def test_a_half_frame_at_the_start_is_no_fault() -> None:
    decoder = RtcanDecoder()
    data = rtcan.encode_sample(1, 2, 3)[4:] + rtcan.encode_sample(2, 3, 4)
    assert decoder.push(data).value.tolist() == [4]
    assert decoder.bad == 0


@pytest.mark.parametrize("flip", [0, 0x41])
def test_a_delimiter_that_is_lost_or_flipped_costs_nothing(flip: int) -> None:
    first, second, third = (rtcan.encode_sample(i, i, i) for i in (5, 6, 7))
    middle = first[:-1] + (bytes([flip]) if flip else b"") + second
    assert RtcanDecoder().push(b"\0" + middle + third).value.tolist() == [5, 6, 7]


def test_damaged_bytes_cost_what_was_damaged_and_no_more() -> None:
    rng = np.random.default_rng(2)
    frames = [rtcan.encode_sample(i, 10_000 * i, i) for i in range(3000)]
    # Bytes are lost within frames; delimiters have their own test.
    damaged = rng.random(3000) < 0.1
    sent = [
        frame[:4] + frame[5:] if bad else frame for frame, bad in zip(frames, damaged, strict=True)
    ]
    decoder = RtcanDecoder()
    found = decoder.push(b"\0" + b"".join(sent))
    assert found.value.tolist() == [i for i in range(3000) if not damaged[i]]
    assert decoder.bad == damaged.sum()


def test_settings_by_hand() -> None:
    # 41 | 14 bits | 0x2000 = 8192 | 100 | started, and its CRC; zeros at 2, 5 and wherever else.
    hello = Identity("", 14, 8192.0, 100.0, True)
    frame = rtcan.encode_settings(hello)
    assert cobs.decode(frame[:-1])[:-2] == bytes.fromhex("41 0e 00 20 64 00 01")
    decoder = RtcanDecoder()
    decoder.push(frame)
    assert decoder.settings == [hello]
    assert decoder.starts == [0]


def test_two_bytes_lost_where_two_frames_meet_leave_the_second_whole() -> None:
    first, second = rtcan.encode_sample(5, 5, 5), rtcan.encode_sample(6, 6, 6)
    assert RtcanDecoder().push(b"\0" + first[:-2] + second).value.tolist() == [6]


def test_texts_and_starts() -> None:
    hello = Identity("uno", 14, 8192, 100, True)
    decoder = RtcanDecoder()
    readings = decoder.push(
        rtcan.encode_sample(1, 1, 1)
        + rtcan.encode_text(hello.to_text())
        + rtcan.encode_sample(0, 0, 2)
    )
    assert readings.value.tolist() == [1, 2]
    assert decoder.starts == [1]
    assert parse_identity(decoder.texts[0]) == hello


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rtcan",
        "rtcan 2 board=uno bits=14 open=8192 rate=100",
        "rtcan 1 board=uno bits=4 open=8 rate=100",
        "rtcan 1 board=uno bits=10 open=2000 rate=100",
        "rtcan 1 board=uno bits=10 open=512 rate=0",
        "error what=rate",
    ],
)
def test_identities_that_are_refused(text: str) -> None:
    assert parse_identity(text) is None


@given(st.lists(st.binary(max_size=300), max_size=10))
def test_any_bytes_leave_the_buffer_bounded(pieces: list[bytes]) -> None:
    decoder = RtcanDecoder()
    for piece in pieces:
        decoder.push(piece)
        assert len(decoder._rest) <= 160
        assert len(decoder.texts) <= 16 + 300
