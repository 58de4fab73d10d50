"""What all command lines share."""

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from device.cli import tell
from tests.terminals import resize

_TELL = "from device.cli import tell; import sys; tell(sys.argv[1])"
_TEXT = "Note: twelve words that a terminal of thirty columns would break\nhttp://127.0.0.1:8080/a-long-way"


@pytest.mark.parametrize("columns", [30, 0])
def test_what_is_told_ends_between_words_and_addresses_stay_whole(columns: int) -> None:
    master, slave = pty.openpty()
    resize(slave, 24, columns)
    subprocess.run([sys.executable, "-c", _TELL, _TEXT], stderr=slave, check=True)
    os.close(slave)
    told = os.read(master, 65536).decode().split("\r\n")
    os.close(master)
    assert " ".join(told).split() == _TEXT.split()
    assert all(len(line) <= (columns or 80) or line.startswith("http") for line in told)


def test_what_is_told_to_a_file_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "told"
    with path.open("wb") as file:
        subprocess.run([sys.executable, "-c", _TELL, _TEXT], stderr=file, check=True)
    assert path.read_text() == _TEXT + "\n"


def test_nothing_is_told_and_nothing_breaks_where_there_is_no_standard_error() -> None:
    command = [sys.executable, "-c", _TELL, _TEXT]
    assert subprocess.run(["sh", "-c", 'exec "$@" 2>&-', "sh", *command]).returncode == 0


def test_what_calls_itself_a_terminal_and_has_no_width_is_told_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Notebook(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", page := Notebook())
    tell(_TEXT)
    assert page.getvalue().split() == _TEXT.split()
