"""Files that belong together: at no moment do two of different runs pass for one."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from device.errors import RtcanError
from runtime import files
from runtime.files import write_together, write_whole

NAMES = ("best.pt", "predictions.csv", "metrics.json")
EVENTS = ("open", "os.rename", "os.remove", "os.chmod", "os.mkdir")


def contents(run: bytes) -> dict[str, bytes]:
    return dict.fromkeys(NAMES, run * 1000)


def die_at(event: int, folder: Path) -> bool:
    """Write run B in a process that is killed at that call into the system; return if it was."""
    child = os.fork()
    if child == 0:
        left = event

        def count(name: str, args: tuple[object, ...]) -> None:
            nonlocal left
            if name in EVENTS:
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        write_together(folder, contents(b"B"), stale=["report.html"])
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process that is killed is a fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_run_killed_at_any_step_leaves_no_figures_beside_another_model(tmp_path: Path) -> None:
    states = set()
    for event in range(100):
        folder = tmp_path / str(event)
        write_together(folder, contents(b"A"))
        (folder / "report.html").write_bytes(b"A" * 1000)
        killed = die_at(event, folder)
        found = {path.name: path.read_bytes()[:1] for path in folder.iterdir()}
        if "metrics.json" in found:
            runs = {found[name] for name in (*NAMES, "report.html") if name in found}
            assert len(runs) == 1, (event, found)
            states.add(found["metrics.json"])
        else:
            states.add(b"")
        if not killed:
            break
    # It was killed before, between and not at all.
    assert states == {b"A", b"", b"B"} and not killed
    assert event > 8


def test_a_disk_that_is_full_leaves_the_old_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_together(tmp_path, contents(b"A"))
    whole, written = files.whole_file, []

    def full(path: Path) -> object:
        written.append(path)
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        return whole(path)

    monkeypatch.setattr(files, "whole_file", full)
    with pytest.raises(RtcanError, match="No space"):
        write_together(tmp_path, contents(b"B"))
    found = {path.name: path.read_bytes()[:1] for path in tmp_path.iterdir()}
    assert found == dict.fromkeys(NAMES, b"A")


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of a file's size there")
def test_a_full_disk_is_named_and_leaves_what_was(tmp_path: Path) -> None:
    write_together(tmp_path, contents(b"A"))
    code = (
        "import resource, sys, pathlib\n"
        "from runtime.files import write_together, write_whole\n"
        "from device.errors import RtcanError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        f"jobs = [lambda: write_together(folder, dict.fromkeys({NAMES!r}, b'B' * 1000)),\n"
        "        lambda: write_whole(folder / 'best.pt', b'B' * 1000)]\n"
        "for job in jobs:\n"
        "    try:\n        job()\n"
        "    except RtcanError as error:\n        print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.count("cannot be written: ") == 2
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == contents(b"A")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the other run is a fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_two_runs_into_one_folder_do_not_mix(tmp_path: Path) -> None:
    folder, half_way = tmp_path / "output", tmp_path / "half way"
    child = os.fork()
    if child == 0:
        renamed = 0

        def pause(name: str, args: tuple[object, ...]) -> None:
            nonlocal renamed
            renamed += name == "os.rename"
            if name == "os.rename" and renamed == 2:
                half_way.touch()
                time.sleep(0.5)

        sys.addaudithook(pause)
        write_together(folder, contents(b"A"))
        os._exit(0)
    while not half_way.exists():
        time.sleep(0.01)
    write_together(folder, contents(b"B"))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == contents(b"B")


def test_threads_that_write_leave_the_rights_of_new_files_alone(tmp_path: Path) -> None:
    """The umask belongs to the whole process: who changes it to look at it changes it for all."""
    often = sys.getswitchinterval()
    before = os.umask(0o027)
    sys.setswitchinterval(1e-9)
    try:
        threads = [
            threading.Thread(
                target=lambda n=n: [write_whole(tmp_path / f"{n}_{i}", b"") for i in range(900)]
            )
            for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(often)
        after = os.umask(before)
    assert after == 0o027
    if os.name == "posix":
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o640}
