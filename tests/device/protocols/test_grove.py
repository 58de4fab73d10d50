"""Grove's ASCII lines, in every shape met in the wild."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.protocols.grove import GroveDecoder, encode


def push(decoder: GroveDecoder, data: bytes) -> list[float]:
    """Return the readings of the lines that were understood."""
    return [value for value in decoder.push(data).value.tolist() if not math.isnan(value)]


def decode(data: bytes, **options: Any) -> list[float]:
    # The first line may be cut: it is never counted.
    return push(GroveDecoder(**options), b"0\n" + data)


@pytest.mark.parametrize(
    ("line", "reading"),
    [
        (b"437\n", 437),
        (b"437\r\n", 437),
        (b"437\r", 437),
        (b"  437 \n", 437),
        (b"gsr_average = 437\n", 437),
        (b"gsr_average=437\r\n", 437),
        (b"GSR: 437\n", 437),
        (b"201 -86\n", 201),  # the second field is a resistance that overflowed 16 bits
        (b"201\t-86\n", 201),
        (b"301.50\n", 301.5),
        (b"437,12\n", 437),
        (b"437;12\n", 437),
        (b"0\n", 0),
        (b"1023\n", 1023),
    ],
)
def test_a_line_in_each_shape(line: bytes, reading: float) -> None:
    assert decode(line) == [reading]


@pytest.mark.parametrize(
    "line",
    [
        b"1024\n",  # more than ten bits can say
        b"-3\n",
        b"4x7\n",
        b"nan\n",
        b"inf\n",
        b"\xff\xfe437\n",
        b"43 7x\xff\n",
        b"--5\n",
        b"437\t\x0b438\n",  # two lines, their ends flipped
        b"1e400\n",
    ],
)
def test_a_line_that_is_no_reading_is_counted(line: bytes) -> None:
    decoder = GroveDecoder()
    assert push(decoder, b"0\n" + line + b"437\n") == [437]
    assert decoder.bad == 1
    assert decoder.good == 1


def test_the_first_line_may_be_cut_and_is_not_believed() -> None:
    decoder = GroveDecoder()
    assert push(decoder, b"37\n437\n") == [437]
    assert decoder.bad == 0


def test_after_a_reset_the_first_line_is_not_believed_again() -> None:
    decoder = GroveDecoder()
    assert push(decoder, b"0\n437\n43") == [437]
    decoder.reset()
    assert push(decoder, b"9\n438\n") == [438]


def test_a_header_names_the_column() -> None:
    decoder = GroveDecoder()
    assert push(decoder, b"time_ms,gsr\n100,437\n200,438\n") == [437, 438]


def test_a_given_column_wins() -> None:
    assert decode(b"12 437 9\n", column="1") == [437]
    assert decode(b"12\n437 9\n", column="1") == [9]


@pytest.mark.parametrize(
    ("line", "column", "reading"),
    [
        (b"temp:25,gsr:437\n", None, 437),
        (b"HR=72 GSR=437\n", None, 437),
        (b"HR=72 bpm GSR=437\n", None, 437),
        (b"gsr_average=437, raw=440\n", None, 437),
        (b"raw: 440\tgsr: 437\n", None, 437),
        (b"12:34:56 gsr=437\n", None, 437),
        (b"Sensor value: 437\n", None, 437),
        (b"temp:437,gsr:25\n", "temp", 437),
        (b"temp:437,gsr:25\n", "TEMP", 437),
        (b"HR=437 bpm GSR=25\n", "HR", 437),
        (b"temp:25,gsr:437\n", "1", 437),
        (b"temp:437,gsr:25\n", "0", 437),
        (b"100,gsr:437\n", "1", 437),
        (b"gsr_left:1,gsr_right:437\n", "gsr_right", 437),
    ],
)
def test_labels_name_the_reading(line: bytes, column: str | None, reading: float) -> None:
    assert decode(line, column=column) == [reading]


@pytest.mark.parametrize(
    ("header", "line", "column"),
    [
        (b"time_ms,temp,gsr\n", b"100,25,437\n", None),
        (b"time ms,gsr raw\n", b"100,437\n", None),
        (b"a,b\n", b"1,437\n", "b"),
        (b"gsr_left gsr_right\n", b"25 437\n", "gsr_right"),
        (b"Measuring skin\n", b"437\n", None),  # a greeting, not a header of two columns
    ],
)
def test_a_header_names_the_reading(header: bytes, line: bytes, column: str | None) -> None:
    decoder = GroveDecoder(column=column)
    assert push(decoder, b"0\n" + header + line) == [437]


@pytest.mark.parametrize(
    ("lines", "column", "asks"),
    [
        (b"gsr_left:400,gsr_right:300\n", None, "--column gsr_left, gsr_right"),
        (b"eda:400\ngsr:300\n", None, "eda, gsr"),
        (b"alpha:400,beta:300\n", None, "--column alpha, beta"),
        (b"temp:25,gsr:437\n", "hr", "'hr'; the sensor names: temp, gsr"),
        (b"437\n", "gsr", "no names"),
    ],
)
def test_what_is_not_clear_is_asked_for(lines: bytes, column: str | None, asks: str) -> None:
    decoder = GroveDecoder(column=column)
    decoder.push(b"0\n" + lines * 8)
    assert asks in decoder.problem


def test_an_ambiguous_header_is_asked_about_and_a_greeting_is_not() -> None:
    decoder = GroveDecoder()
    assert push(decoder, b"0\nGSR EDA test\n437\n438\n439\n440\n") == [437, 438, 439, 440]
    assert not decoder.problem
    decoder = GroveDecoder()
    assert push(decoder, b"0\ngsr_left,gsr_right\n" + b"400,300\n" * 5) == []
    assert "gsr_left, gsr_right" in decoder.problem


def test_lines_about_other_quantities_take_no_place() -> None:
    decoder = GroveDecoder()
    found = decoder.push(b"0\n" + b"".join(b"gsr:%d\ntemp:25\n" % (400 + i) for i in range(20)))
    # The first two of the others might have been damaged readings.
    assert found.value[~np.isnan(found.value)].tolist() == [400 + i for i in range(20)]
    assert decoder.bad == 2


def test_a_damaged_label_is_a_damaged_line() -> None:
    decoder = GroveDecoder()
    lines = [b"gsr:%d\n" % (400 + i) for i in range(40)]
    lines[1] = lines[1].replace(b"gsr", b"gsq")
    lines[20] = lines[20].replace(b"gsr", b"g3r")
    found = decoder.push(b"".join(lines)).value
    assert np.flatnonzero(np.isnan(found)).tolist() == [19]
    assert found[0] == 401  # nothing better was known yet
    assert not decoder.problem


def test_a_larger_limit_admits_an_esp32() -> None:
    assert decode(b"4095\n", limit=4095) == [4095]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_two_lines_joined_keep_both_places(end: bytes) -> None:
    decoder = GroveDecoder()
    lines = [b"%d" % (400 + i) + end for i in range(20)]
    lines[12] = lines[12].replace(b"\r", b"\x8d").replace(b"\n", b"\x8a")
    found = decoder.push(b"".join(lines)).value
    assert np.flatnonzero(np.isnan(found)).tolist() == [11, 12]
    assert found[~np.isnan(found)].tolist() == [401 + i for i in range(19) if i not in (11, 12)]
    assert decoder.bad == 2


def test_the_end_of_a_line_that_is_too_long_is_no_reading() -> None:
    decoder = GroveDecoder()
    decoder.push(b"300\n301\n")
    found = [*decoder.push(b"9" * 300).value, *decoder.push(b"37\n302\n").value]
    assert found == [302]
    assert decoder.bad == 1


def test_a_line_without_end_leaves_the_buffer_bounded() -> None:
    decoder = GroveDecoder()
    for _ in range(1000):
        push(decoder, b"7" * 1000)
    assert len(decoder._rest) <= 256
    assert push(decoder, b"\n437\n438\n")[-1] == 438
    assert decoder.bad >= 1


def test_a_giant_line_within_one_piece_is_refused_quickly() -> None:
    decoder = GroveDecoder()
    assert push(decoder, b"0\na" + b" a" * 500_000 + b"\n437\n") == [437]
    assert decoder.bad == 1


@given(st.lists(st.integers(0, 1023)), st.lists(st.integers(1, 9)), st.integers(0, 2))
def test_any_cutting_gives_the_same_readings(
    values: list[int], cuts: list[int], decimals: int
) -> None:
    data = b"0\r\n" + b"".join(encode(value, decimals) for value in values)
    decoder, found = GroveDecoder(), []
    for cut in cuts:
        found += push(decoder, data[:cut])
        data = data[cut:]
    assert found + push(decoder, data) == values


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_garbage_never_raises_and_never_passes_the_limit(pieces: list[bytes]) -> None:
    decoder = GroveDecoder(limit=1023)
    for piece in pieces:
        assert all(0 <= reading <= 1023 for reading in push(decoder, piece))
    assert len(decoder._rest) <= 256
