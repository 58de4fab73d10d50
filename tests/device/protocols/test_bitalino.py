"""BITalino frames: vectors worked out by hand, properties, and streams that were damaged."""

from __future__ import annotations

import difflib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.protocols import bitalino
from device.protocols.bitalino import BitalinoDecoder

# I1 I2 O1 O2 = 1010, sequence 7.
VECTORS = [
    ([677], "94 aa 7a"),
    ([677, 1], "01 94 aa 70"),
    ([1, 2, 677], "40 a9 02 04 a0 7b"),
    ([341, 682, 1023, 0], "00 c0 ff aa 56 a5 72"),
    ([1, 2, 3, 4, 5, 6], "46 41 c0 00 02 04 a0 78"),
]


@pytest.mark.parametrize(("values", "text"), VECTORS)
def test_vectors_by_hand(values: list[int], text: str) -> None:
    frame = bytes.fromhex(text)
    assert bitalino.encode(values, 7, (1, 0, 1, 0)) == frame
    row = np.frombuffer(frame, dtype=np.uint8)[None]
    assert bitalino.unpack(row, len(values))[0].tolist() == values


def test_commands_by_hand() -> None:
    assert bitalino.command_start((0,)) == b"\x05"
    assert bitalino.command_start((2,)) == b"\x11"  # A3, where the EDA sensor is
    assert bitalino.command_start((0, 1, 2, 3, 4, 5), simulated=True) == b"\xfe"
    assert [bitalino.command_rate(r) for r in (1, 10, 100, 1000)] == [
        b"\x03",
        b"\x43",
        b"\x83",
        b"\xc3",
    ]


def stream(channels: int, count: int, seed: int = 0) -> tuple[list[bytes], list[int]]:
    rng = np.random.default_rng(seed)
    tops = [1024] * 4 + [64] * 2
    rows = [[int(rng.integers(top)) for top in tops[:channels]] for _ in range(count)]
    frames = [bitalino.encode(row, i, (0, 1, 0, 1)) for i, row in enumerate(rows)]
    return frames, [row[-1] for row in rows]


@given(st.integers(1, 6), st.integers(0, 60), st.integers(0, 99), st.lists(st.integers(1, 40)))
@settings(deadline=None)
def test_any_cutting_gives_every_frame(
    channels: int, count: int, seed: int, cuts: list[int]
) -> None:
    frames, values = stream(channels, count, seed)
    data = b"".join(frames)
    decoder = BitalinoDecoder(channels, channels - 1)
    found: list[float] = []
    numbers: list[int] = []
    for cut in [*cuts, len(data)]:
        readings = decoder.push(data[:cut])
        found += readings.value.tolist()
        numbers += readings.sequence.tolist()
        data = data[cut:]
    readings = decoder.push(b"", final=True)
    found += readings.value.tolist()
    numbers += readings.sequence.tolist()
    if count >= 3:  # a stream is believed from three frames on
        assert found == values
        assert numbers == [i % 16 for i in range(count)]


@pytest.mark.parametrize("channels", range(1, 7))
def test_a_stream_that_begins_within_a_frame(channels: int) -> None:
    frames, values = stream(channels, 40)
    data = b"".join(frames)[1:]
    assert BitalinoDecoder(channels, channels - 1).push(data, True).value.tolist() == values[1:]


@pytest.mark.parametrize("channels", range(1, 7))
def test_one_bad_crc_costs_one_frame(channels: int) -> None:
    frames, values = stream(channels, 40)
    frames[20] = bytes([frames[20][0] ^ 1]) + frames[20][1:]
    decoder = BitalinoDecoder(channels, channels - 1)
    assert decoder.push(b"".join(frames), True).value.tolist() == values[:20] + values[21:]
    assert decoder.bad == 1 + 1  # finding the beginning, and this


def in_common(good: list[int], found: list[float]) -> int:
    blocks = difflib.SequenceMatcher(None, good, found, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks)


@pytest.mark.parametrize("channels", range(1, 7))
@pytest.mark.parametrize("kind", ["drop", "flip", "lose"])
def test_damage_costs_what_was_damaged_and_no_more(channels: int, kind: str) -> None:
    """1 % of bytes lost, of bits flipped, or of frames lost: the others come, once, in order."""
    frames, values = stream(channels, 4000, seed=channels)
    length = bitalino.frame_length(channels)
    data = np.frombuffer(b"".join(frames), dtype=np.uint8)
    rng = np.random.default_rng(channels)
    if kind == "drop":
        hit = rng.random(data.size) < 0.01
        damaged = hit.reshape(-1, length).any(axis=1)
        sent = data[~hit]
    elif kind == "flip":
        flips = rng.random(data.size * 8) < 0.01
        damaged = flips.reshape(-1, 8 * length).any(axis=1)
        sent = data ^ np.packbits(flips)
    else:
        damaged = rng.random(len(frames)) < 0.01
        sent = data.reshape(-1, length)[~damaged].ravel()
    good = [value for value, bad in zip(values, damaged, strict=True) if not bad]
    found = BitalinoDecoder(channels, channels - 1).push(sent.tobytes(), True).value.tolist()
    delivered = in_common(good, found)
    # A CRC of four bits lets one damaged frame in sixteen pass; the counter refuses some of them.
    assert len(found) - delivered <= damaged.sum() / 16 + 3 * np.sqrt(damaged.sum() / 16) + 1
    assert len(good) - delivered <= 0.003 * len(good)


@pytest.mark.parametrize("seed", range(10))
def test_no_false_frame_takes_the_bytes_of_a_whole_one(seed: int) -> None:
    """With a byte lost here and there, every frame comes whose own bytes all came."""
    frames, values = stream(1, 3000, seed)
    rng = np.random.default_rng(seed)
    good, sent = [], b""
    for frame, value, following in zip(frames, values, [*frames[1:], b""], strict=True):
        place = int(rng.integers(3)) if rng.random() < 0.03 else None
        # Of two equal bytes side by side nobody can tell which one was lost.
        twins = place in (0, 2) and (sent[-1:] == frame[:1] or frame[-1:] == following[:1])
        if place is None or twins:
            good.append(value)
            sent += frame
        else:
            sent += frame[:place] + frame[place + 1 :]
    found = BitalinoDecoder(1, 0).push(sent, True).value.tolist()
    assert in_common(good, found) == len(good)
    assert len(found) <= len(good) + 1


def test_bits_of_absent_channels_are_zero() -> None:
    frames, values = stream(1, 40)
    false = bytearray(frames[20])
    for first in range(1, 256):  # of the frames that pass the checksum, one that cannot be
        false[0] = first
        if first & 3 and bitalino.crc4(bytes(false)) == false[-1] & 0xF:
            break
    frames[20] = bytes(false)
    found = BitalinoDecoder(1, 0).push(b"".join(frames), True).value.tolist()
    assert found == values[:20] + values[21:]


@pytest.mark.parametrize("channels", range(1, 7))
def test_a_button_pressed_costs_no_frame(channels: int) -> None:
    frames = [bitalino.encode([5] * channels, i, (i > 19, 0, i > 30, 0)) for i in range(60)]
    decoder = BitalinoDecoder(channels, 0)
    assert len(decoder.push(b"".join(frames), True)) == 60


@pytest.mark.parametrize("channels", range(1, 7))
def test_noise_is_not_taken_for_frames(channels: int) -> None:
    noise = np.random.default_rng(channels).integers(0, 256, 100_000, dtype=np.uint8).tobytes()
    decoder = BitalinoDecoder(channels, 0)
    # Under one in a hundred of the places where a frame could be.
    assert len(decoder.push(noise, True)) < 0.01 * len(noise) / decoder._length


@given(st.integers(1, 6), st.lists(st.binary(max_size=200), max_size=10))
def test_any_bytes_leave_the_buffer_bounded(channels: int, pieces: list[bytes]) -> None:
    decoder = BitalinoDecoder(channels, 0)
    for piece in pieces:
        decoder.push(piece)
        assert decoder._buffer.size <= 9 * 8
