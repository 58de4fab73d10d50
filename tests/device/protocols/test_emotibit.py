"""EmotiBit's packets: read as they were sent, and refused where they are damaged."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.calibration import EmotibitCalibration
from device.protocols import emotibit
from device.protocols.emotibit import Packet, parse, parse_datagram

TAGS = st.sampled_from(["EA", "PG", "T1", "B%", "S+", "RD", "DC"])
VALUES = st.floats(0, 1e4).map(lambda value: f"{value:.6f}")
PACKETS = st.builds(
    Packet,
    st.integers(0, emotibit.TICK_MODULUS - 1),
    st.integers(0, emotibit.NUMBER_MODULUS - 1),
    TAGS,
    st.lists(VALUES, min_size=1, max_size=9).map(tuple),
)


def test_a_packet_as_the_board_sends_it() -> None:
    packet = parse(b"233174,34582,2,EA,1,100,1.250000,1.251300")
    assert packet == Packet(233174, 34582, "EA", ("1.250000", "1.251300"))
    assert packet.values() == [1.25, 1.2513]
    assert packet.to_bytes() == b"233174,34582,2,EA,1,100,1.250000,1.251300\n"


def test_a_greeting_answered_with_the_length_that_the_firmware_gives() -> None:
    packet = parse(b"7311,3,0,HH,1,100,DP,-1,DI,MD-V5-0000123")
    assert packet is not None
    assert packet.port(emotibit.DATA_PORT) == emotibit.AVAILABLE
    assert packet.labelled(emotibit.DEVICE_ID) == "MD-V5-0000123"


@given(st.lists(PACKETS, max_size=8))
def test_what_was_sent_is_read(packets: list[Packet]) -> None:
    data = b"".join(packet.to_bytes() for packet in packets)
    assert parse_datagram(data) == (packets, 0)


@given(PACKETS, st.data())
def test_a_packet_cut_short_is_damaged_or_shorter_by_a_digit(
    packet: Packet, data: st.DataObject
) -> None:
    line = packet.to_bytes()[:-1]
    cut = parse(line[: data.draw(st.integers(0, len(line) - 1))])
    # Only the last digits of the last value can go unnoticed: UDP's own checksum covers the rest.
    assert cut is None or cut.payload[:-1] == packet.payload[:-1]


@given(st.binary(max_size=80))
def test_any_bytes_are_a_packet_or_none(line: bytes) -> None:
    packet = parse(line)
    assert packet is None or packet.number < emotibit.NUMBER_MODULUS


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"12,34,1,EA,1,100",  # says one value, has none
        b"12,34,1,EA,1,100,1.0,2.0",
        b"12,34,1,EA,1,100,1.0\x19",  # cut by the firmware, and marked so
        b"12,34,1,EA,1,100,one",
        b"12,65536,1,EA,1,100,1.0",
        b"4294967296,34,1,EA,1,100,1.0",
        b"-1,34,1,EA,1,100,1.0",
        b"12,34,1,EA,1,100,1\xff",
    ],
)
def test_damaged(line: bytes) -> None:
    assert parse(line) is None
    assert parse_datagram(b"1,2,1,EA,1,100,3.5\n" + line + b"\n")[0] == [
        Packet(1, 2, "EA", ("3.5",))
    ]


def test_what_is_no_number_keeps_its_place() -> None:
    packet = parse(b"1,2,4,EA,1,100,nan,inf,1e999,2.5")
    assert packet is not None
    assert packet.values()[3] == 2.5
    assert all(math.isnan(value) for value in packet.values()[:3])


def test_zeros_open_electrodes_and_railing_are_no_values() -> None:
    sent = [0.0, -1.0, 0.0298, 0.031, 1000.0, 10000.0, 1e6, math.nan, 0.05, 5.0, 60.0]
    us = EmotibitCalibration().to_us(sent)
    assert np.isnan(us[:8]).all()
    assert us[8:].tolist() == [0.05, 5.0, 60.0]
