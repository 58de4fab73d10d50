"""Files that belong together: at no moment do two of different runs pass for one."""

import os
import signal
import sys
from pathlib import Path

import pytest

from training.compute import files
from training.compute.files import write_together

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
    with pytest.raises(OSError, match="No space"):
        write_together(tmp_path, contents(b"B"))
    found = {path.name: path.read_bytes()[:1] for path in tmp_path.iterdir()}
    assert found == dict.fromkeys(NAMES, b"A")
