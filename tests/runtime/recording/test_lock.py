"""A recording that is being written is left alone by everything else."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from device.errors import RecordingInUseError
from runtime.recording.finish import finish
from runtime.recording.journal import Journal
from runtime.recording.layout import Run, new_run, runs
from runtime.recording.load import load
from runtime.recording.lock import JournalLock, is_locked
from runtime.recording.recorder import Recorder
from tests.runtime.live_parts import LIVE, until, write_table

RECORD = [sys.executable, "-m", "runtime.recording.command"]


@contextmanager
def recording(table: Path, model: Path, root: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that records, and would for minutes, however busy the machine is."""
    with subprocess.Popen(
        [*LIVE, "--port", f"replay:{table}", "--speed", "2", "--output", "none",
         "--model", str(model), "--record", str(root)],
        text=True, stderr=subprocess.PIPE,
    ) as live:  # fmt: skip
        until(
            lambda: any(b'"kind":"prediction"' in one.journal.read_bytes() for one in runs(root)),
            60,
        )
        yield live
        live.kill()


def told(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RECORD, *arguments], capture_output=True, text=True, check=False)


def test_a_running_recording_is_left_alone(tmp_path: Path, tiny_model: Path) -> None:
    table, root = write_table(tmp_path, seconds=600), tmp_path / "rec"
    with recording(table, tiny_model, root) as live:
        for arguments in (["repair", str(root)], ["list", str(root)]):
            answer = told(*arguments)
            assert answer.returncode == 0
            assert "run 1" in answer.stdout and "still being written" in answer.stdout
        answer = told("verify", str(root), "--model", str(tiny_model))
        assert answer.returncode == 1 and "still being written" in answer.stderr
        assert live.poll() is None
        live.send_signal(signal.SIGINT)
        assert live.wait(60) == 0
    assert runs(root)[0].finished
    kept = np.concatenate([block.eda_us for block in load(root).blocks()])
    lines = table.read_text().splitlines()[1:]
    sent = [float(line.split(",")[1]) for line in lines]
    np.testing.assert_array_equal(kept, sent[: kept.size])
    assert "equal to the last bit" in told("verify", str(root), "--model", str(tiny_model)).stdout


def test_the_lock_dies_with_its_process(tmp_path: Path, tiny_model: Path) -> None:
    root = tmp_path / "rec"
    with recording(write_table(tmp_path, seconds=600), tiny_model, root) as live:
        assert is_locked(runs(root)[0].journal)
        live.send_signal(signal.SIGKILL)
        live.wait(10)
        assert not is_locked(runs(root)[0].journal)
        assert "run 1: finished" in told("repair", str(root)).stdout
    assert runs(root)[0].finished


@pytest.fixture
def book(tmp_path: Path) -> Callable[[], tuple[Run, Journal]]:
    def make() -> tuple[Run, Journal]:
        one = new_run(tmp_path)
        journal = Journal(one.journal)
        sensor = {"name": "x", "port": "y", "rate_hz": None, "details": ""}
        journal.write("header", {"contract": {"targets": []}, "sensor": sensor})
        return one, journal

    return make


def test_only_one_finishes_a_run(book: Callable[[], tuple[Run, Journal]]) -> None:
    one, journal = book()
    with pytest.raises(RecordingInUseError, match="still being written"):
        finish(one)
    lock = journal.hand_over()
    assert one.in_use  # not for a moment is it free between the last line and the files
    with pytest.raises(RecordingInUseError):
        finish(one)
    finish(one, lock)
    assert one.finished and not one.in_use


def test_who_comes_late_finds_it_finished(book: Callable[[], tuple[Run, Journal]]) -> None:
    """It opened the journal just before that was removed, and gets the lock just after."""
    one, journal = book()
    lock = journal.hand_over()
    refused = threading.Event()

    def late() -> None:
        with pytest.raises(RecordingInUseError, match="finished by another"):
            JournalLock(one.journal)
        refused.set()

    thread = threading.Thread(target=late)
    thread.start()
    finish(one, lock)
    thread.join()
    assert refused.is_set()


def test_asking_disturbs_nobody(book: Callable[[], tuple[Run, Journal]]) -> None:
    one, journal = book()
    journal.close()
    answers: list[bool] = []
    stop = threading.Event()

    def ask() -> None:
        answers.extend(is_locked(one.journal) for _ in range(500))  # nobody holds it
        while not stop.wait(0.002):
            is_locked(one.journal)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    until(lambda: len(answers) == 2000)
    for _ in range(5):
        JournalLock(one.journal).release()  # to be had although four keep asking
    stop.set()
    for asker in askers:
        asker.join()
    assert not any(answers)  # who asks does not take another asker for a writer


def test_two_programs_take_two_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Recorder(tmp_path)
    first.prepare()
    numbers = iter([1, 1, 2])  # as another program sees it that looked at the same moment
    monkeypatch.setattr("runtime.recording.recorder.new_run", lambda root: Run(root, next(numbers)))
    second = Recorder(tmp_path)
    second.prepare()
    assert [one.number for one in runs(tmp_path)] == [1, 2]


HIDDEN = """
import sys
sys.modules["fcntl"] = None
class msvcrt:
    LK_NBLCK = 2
    taken = []
    @staticmethod
    def locking(file, mode, length):
        import os
        msvcrt.taken.append((mode, length, os.lseek(file, 0, os.SEEK_CUR)))
sys.modules["msvcrt"] = msvcrt
import pathlib
from runtime.recording.lock import JournalLock
path = pathlib.Path(sys.argv[1])
path.write_text("x")
JournalLock(path).remove()
assert msvcrt.taken == [(2, 1, 0x7FFFFFFE)] and not path.exists()
"""


def test_windows_has_no_fcntl(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", HIDDEN, str(tmp_path / "x")], check=True)
