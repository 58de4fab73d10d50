"""Keys in the terminal view."""

import os
import pty
import select
import shutil
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from runtime.sinks.keys import Typed
from tests.runtime.live_parts import LIVE, write_table
from tests.terminals import resize


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("4", ["arousal 4"]),
        ("$", ["valence 4"]),
        ("v2", ["valence 2"]),
        ("vx5", ["arousal 5"]),
        ("§ct", ["valence 3", "calm", "tense"]),
        ("\x1b[A0z", []),
        ("nrq", ["skip", "restart", "stop"]),
    ],
)
def test_what_keys_say(keys: str, said: list[str]) -> None:
    heard: list[str] = []
    typed = Typed(heard.append, lambda text: None)
    for character in keys:
        typed.press(character)
    assert heard == said


def test_keys_of_a_real_terminal_are_labels_and_it_is_left_as_it_was(
    tmp_path: Path, tiny_model: Path
) -> None:
    setsid = shutil.which("setsid")
    if setsid is None:
        pytest.skip("setsid is not installed")
    master, slave = pty.openpty()
    resize(slave, 30, 100)
    before = termios.tcgetattr(slave)
    root = tmp_path / "rec"
    live = subprocess.Popen(
        [setsid, "-c", *LIVE, "--port", f"replay:{write_table(tmp_path)}", "--speed", "8",
         "--model", str(tiny_model), "--record", str(root)],
        stdin=slave, stdout=slave, stderr=slave, env=os.environ | {"TERM": "xterm"},
    )  # fmt: skip
    shown, pressed = b"", False
    while select.select([master], [], [], 0.3)[0] or live.poll() is None:
        if select.select([master], [], [], 0)[0]:
            shown += os.read(master, 65536)
        if b"% high" in shown and not pressed:
            pressed = True
            os.write(master, b"4v2m")
    assert live.wait(timeout=20) == 0
    assert termios.tcgetattr(slave) == before
    os.close(slave)
    os.close(master)
    text = shown.decode()
    assert "c calm, t tense" in text and "arousal 4" in text and "Traceback" not in text
    events = next(root.rglob("*_events.tsv")).read_text()
    for row in ("label\tarousal 4", "label\tvalence 2", "marker\tmark 1"):
        assert row in events


_READER = """
import sys
from runtime.sinks.keys import Keys
keys = Keys(lambda key: None)
keys.start()
print("reads", flush=True)
input_ = open(int(sys.argv[1]), "rb")
input_.read()
keys.stop()
"""
# A shell with job control: the reader is in front, and then, as after Ctrl-Z and bg, it is not.
_SHELL = """
import os, signal, subprocess, sys, termios, time
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
read, write = os.pipe()
reader = subprocess.Popen(
    [sys.executable, "-c", sys.argv[1], str(read)], stdout=subprocess.PIPE, pass_fds=[read],
    preexec_fn=lambda: (os.setpgrp(), os.tcsetpgrp(0, os.getpgrp()),
                        signal.signal(signal.SIGTTOU, signal.SIG_DFL)),
)
reader.stdout.readline()
while termios.tcgetattr(0)[3] & termios.ICANON: time.sleep(0.01)
os.tcsetpgrp(0, os.getpgrp())
os.close(read)
os.close(write)
_, status = os.waitpid(reader.pid, os.WUNTRACED)
stopped = os.WIFSTOPPED(status)
if stopped: os.killpg(reader.pid, signal.SIGKILL)
sys.exit(3 if stopped else status)
"""


def test_a_reader_that_was_sent_into_the_background_ends_there() -> None:
    setsid = shutil.which("setsid")
    if setsid is None:
        pytest.skip("setsid is not installed")
    master, slave = pty.openpty()
    done = subprocess.run(
        [setsid, "-c", "-w", sys.executable, "-c", _SHELL, _READER], stdin=slave, timeout=30
    )
    os.close(slave)
    os.close(master)
    assert done.returncode != 3, "it was stopped when it put the terminal back"
    assert done.returncode == 0


def test_without_a_terminal_to_read_nothing_is_read(tmp_path: Path, tiny_model: Path) -> None:
    began_s = time.monotonic()
    done = subprocess.run(
        [*LIVE, "--port", f"replay:{write_table(tmp_path)}", "--speed", "max", "--output", "view",
         "--model", str(tiny_model)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "calm" not in done.stdout and time.monotonic() - began_s < 60
