import sys
import unicodedata

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from device.cli import RtcanCommand
from device.errors import ArgumentError, DeviceError
from device.sensor import SensorInfo
from device.text import clean, clean_lines, listed

# Every code point, halves of surrogate pairs too.
anything = st.text(st.characters(codec=None))


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("as it is", "as it is"),
        (" a  loud\nnoise\t", "a loud noise"),
        ("cut \ud83d", "cut �"),
        ("\ude00 alone, \ud83d\ude00 a pair", "� alone, 😀 a pair"),
        ("\x1b[31mred\x1b]0;title\x07", "�[31mred�]0;title�"),
        ("\x9b2J", "�2J"),
        ("abc\u202egnp.exe", "abc�gnp.exe"),
        ("Grüße, 皮膚, µS, 👩‍🔬", "Grüße, 皮膚, µS, 👩‍🔬"),
        ("a\u2028b", "a b"),
    ],
)
def test_known_texts(text: str, known: str) -> None:
    assert clean(text) == known


@given(anything)
def test_whatever_comes_is_fit_to_be_shown_and_stored(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.encode().decode() == cleaned
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in cleaned)
    assert clean(cleaned) == cleaned
    assert len(cleaned.splitlines()) <= 1


@given(anything)
def test_lines_stay_lines(text: str) -> None:
    cleaned = clean_lines(text)
    assert cleaned.encode().decode() == cleaned
    assert not any(ord(c) < 32 and c != "\n" for c in cleaned)


def test_a_sensor_says_nothing_that_a_terminal_would_obey() -> None:
    info = SensorInfo("a\x1b[2J", "replay:\udcff.csv", 4.0, "b\x07")
    assert (info.name, info.port, info.details) == ("a�[2J", "replay:�.csv", "b�")


def test_of_many_things_the_first_are_named_and_the_rest_counted() -> None:
    assert listed([]) == ""
    assert listed(["a", "b"]) == "a; b"
    assert listed([str(i) for i in range(20)]) == "0; 1; 2; 3; 4; 5; 6; 7; and 12 more"


def test_no_message_of_a_command_holds_what_a_terminal_would_obey() -> None:
    for kind in (ArgumentError, DeviceError):

        @click.command(cls=RtcanCommand)
        def fail(kind: type[Exception] = kind) -> None:
            raise kind("stream a\x1b[2Jb")

        result = CliRunner().invoke(fail)
        assert result.exit_code != 0
        assert "stream a\ufffd[2Jb" in result.output


def test_control_characters_are_those_of_unicode() -> None:
    controls = {chr(k) for k in range(sys.maxunicode + 1) if unicodedata.category(chr(k)) == "Cc"}
    kept = {character for character in controls if clean_lines(f"a{character}b") != "a\ufffdb"}
    assert kept == set("\t\n\x0b\x0c\r\x1c\x1d\x1e\x85")  # white space and ends of lines
    assert "\ufffd" not in clean("".join(map(chr, range(0xA0, 0x2000))))
