"""What all command lines share."""

import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import pytest

_TELL = "from device.cli import tell; import sys; tell(sys.argv[1])"
_TEXT = "Note: twelve words that a terminal of thirty columns would break\nhttp://127.0.0.1:8080/a-long-way"


@pytest.mark.parametrize("columns", [30, 0])
def test_what_is_told_ends_between_words_and_addresses_stay_whole(columns: int) -> None:
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, columns))
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
