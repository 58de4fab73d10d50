"""Shimmer3 packets: vectors worked out by hand, properties, and streams that were damaged."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.protocols import shimmer
from device.protocols.shimmer import Inquiry, ShimmerDecoder, parse_inquiry

PERIOD = 512  # 64 Hz


def test_crc_by_hand() -> None:
    assert shimmer.crc16(bytes([0, 1, 2, 3])).to_bytes(2, "little") == bytes.fromhex("d6 71")
    assert shimmer.crc16(b"123456789").to_bytes(2, "little") == bytes.fromhex("2e a3")


def test_packet_by_hand() -> None:
    # Clock 0x030201, range 2 (bits 15-14 = 10), adc 0x123.
    assert shimmer.encode(0x030201, 2 << 14 | 0x123, 0) == bytes.fromhex("00 01 02 03 23 81")
    with_crc = shimmer.encode(0x030201, 2 << 14 | 0x123, 1)
    assert with_crc[:6] == bytes.fromhex("00 01 02 03 23 81")
    assert len(with_crc) == 7
    assert with_crc[6] == shimmer.crc16(with_crc[:6]) & 0xFF


def test_commands_by_hand() -> None:
    assert shimmer.command_rate(51.2) == b"\x05\x80\x02"  # 32768 / 51.2 = 640
    assert shimmer.command_rate(64) == b"\x05\x00\x02"
    assert shimmer.command_range() == b"\x21\x04"
    assert shimmer.command_crc(2) == b"\x8b\x02"


def test_inquiry_by_hand() -> None:
    answer = bytes.fromhex("ff 02 80 02 00 00 00 00 01 01 1c")
    assert parse_inquiry(answer) == Inquiry(640, (shimmer.GSR_CHANNEL,))
    assert parse_inquiry(b"\x00\x13" + answer) == Inquiry(640, (shimmer.GSR_CHANNEL,))
    assert bytes([0xFF]) + Inquiry(640, (0x1C,)).to_bytes() == answer
    for stop in range(len(answer)):
        assert parse_inquiry(answer[:stop]) is None


def test_inquiry_of_a_shimmer3r_by_hand() -> None:
    answer = bytes.fromhex("ff 02 80 02 01 02 03 04 05 06 07 01 01 1c")
    assert parse_inquiry(answer, shimmer.SHIMMER3R) == Inquiry(640, (shimmer.GSR_CHANNEL,))
    assert len(Inquiry(640, (0x1C,)).to_bytes(shimmer.SHIMMER3R)) == len(answer) - 1
    for stop in range(len(answer)):
        assert parse_inquiry(answer[:stop], shimmer.SHIMMER3R) is None


def test_version_by_hand() -> None:
    assert shimmer.parse_version(bytes.fromhex("ff 25 0a")) == shimmer.SHIMMER3R
    assert shimmer.parse_version(bytes.fromhex("00 ff 25 03 ff")) == shimmer.SHIMMER3
    assert shimmer.parse_version(bytes.fromhex("ff 25")) is None


@given(
    st.sampled_from([0, 1, 2]),
    st.lists(st.integers(0, 0xFFFF), max_size=60),
    st.integers(0, (1 << 24) - 1),
    st.lists(st.integers(1, 30)),
)
def test_any_cutting_gives_every_packet(
    crc_size: int, words: list[int], start: int, cuts: list[int]
) -> None:
    data = b"".join(shimmer.encode(start + i * PERIOD, w, crc_size) for i, w in enumerate(words))
    decoder = ShimmerDecoder(PERIOD, crc_size)
    found: list[float] = []
    clock: list[int] = []
    for cut in [*cuts, len(data)]:
        readings = decoder.push(data[:cut])
        found += readings.value.tolist()
        clock += readings.ticks.tolist()
        data = data[cut:]
    if crc_size == 2 or len(words) >= 3:  # without a real CRC, three packets prove each other
        assert found == words
        assert clock == [(start + i * PERIOD) % (1 << 24) for i in range(len(words))]


@pytest.mark.parametrize("crc_size", [0, 1, 2])
def test_answers_and_lost_bytes_within_the_stream(crc_size: int) -> None:
    packets = [shimmer.encode(i * PERIOD, 1000 + i, crc_size) for i in range(60)]
    packets[20] = b"\xff" + packets[20]  # an ACK between packets
    packets[40] = packets[40][:3] + packets[40][4:]
    found = ShimmerDecoder(PERIOD, crc_size).push(b"".join(packets), True).value.tolist()
    wanted = [1000.0 + i for i in range(60) if i != 40]
    assert found == wanted


def test_other_channels_beside_the_conductance() -> None:
    body = b"\0" + (PERIOD).to_bytes(3, "little") + bytes.fromhex("11 11 34 12 22 22")
    packet = body + shimmer.crc16(body).to_bytes(2, "little")
    readings = ShimmerDecoder(PERIOD, 2, channels=3, take=1).push(packet)
    assert readings.value.tolist() == [0x1234]


def test_flipped_bits_cost_what_was_damaged_and_no_more() -> None:
    rng = np.random.default_rng(1)
    data = np.frombuffer(
        b"".join(shimmer.encode(i * PERIOD, i % 4096) for i in range(5000)), dtype=np.uint8
    )
    flips = rng.random(data.size * 8) < 0.01
    damaged = flips.reshape(5000, -1).any(axis=1)
    readings = ShimmerDecoder(PERIOD).push((data ^ np.packbits(flips)).tobytes(), True)
    assert readings.value.tolist() == [i % 4096 for i in range(5000) if not damaged[i]]


@given(st.sampled_from([0, 1, 2]), st.lists(st.binary(max_size=200), max_size=10))
def test_any_bytes_leave_the_buffer_bounded(crc_size: int, pieces: list[bytes]) -> None:
    decoder = ShimmerDecoder(PERIOD, crc_size)
    for piece in pieces:
        decoder.push(piece)
        assert len(decoder._rest) <= 3 * decoder._length
    parse_inquiry(b"".join(pieces))
