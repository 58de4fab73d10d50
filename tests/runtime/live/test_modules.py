"""What a live run loads: memory, and time before the first sample, on a small computer."""

import gc
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from runtime.inference.model_file import open_session
from runtime.live.command import main
from tests.test_chain import simulator

# masked arrays, random numbers, OpenSSL, e-mail and ZIP archives, Unicode's table, the terminal
NEEDLESS = {
    "numpy.ma", "numpy.random", "hashlib", "_hashlib", "ssl", "importlib.metadata", "email",
    "zipfile", "tempfile", "unicodedata", "scipy", "rich", "torch", "device.simulation",
    "runtime.recording", "runtime.dashboard",
}  # fmt: skip


def imported(stderr: str) -> set[str]:
    """Names in what `python -X importtime` writes."""
    lines = [line for line in stderr.splitlines() if line.startswith("import time:")]
    return {line.rsplit("|", 1)[-1].strip() for line in lines}


def test_a_run_from_port_to_json_lines_loads_no_more_than_it_needs(
    tmp_path: Path, tiny_model: Path
) -> None:
    link = tmp_path / "gsr"
    with simulator(link, "--speed", "40", "--arousal", "0.9"):
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "runtime.live.command", "--port", str(link),
             "--rate", "19", "--model", str(tiny_model), "--duration", "4", "--output", "jsonl"],
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
    assert '"scr' in done.stdout  # all of it was at work
    loaded = imported(done.stderr)
    assert "onnxruntime" in loaded
    assert sorted(loaded & NEEDLESS) == []


def test_help_loads_neither_numpy_nor_openssl() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "runtime.live.command", "--help"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = imported(done.stderr)
    assert "click.core" in loaded
    assert sorted(loaded & (NEEDLESS | {"numpy", "onnxruntime", "serial"})) == []


def test_garbage_is_collected_again_after_a_start_that_failed() -> None:
    done = CliRunner().invoke(main, ["--port", "/dev/there-is-none", "--model", "none.onnx"])
    assert "There is no model none.onnx" in done.output
    assert gc.isenabled()


def test_a_session_keeps_no_second_copy_of_its_file(tiny_model: Path) -> None:
    data = tiny_model.read_bytes()
    before = sys.getrefcount(data)
    session = open_session(data, tiny_model.name, 1, "cpu")
    gc.collect()
    assert sys.getrefcount(data) == before
    assert session.get_providers() == ["CPUExecutionProvider"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_is_stable_from_the_first_run_of_a_session_on(tiny_model: Path) -> None:
    import numpy as np
    import psutil

    session = open_session(tiny_model.read_bytes(), tiny_model.name, 1, "cpu")
    feeds = {
        item.name: np.zeros([n if isinstance(n, int) else 256 for n in item.shape], np.float32)
        for item in session.get_inputs()
    }
    session.run(None, feeds)
    after_first = psutil.Process().memory_info().rss
    for _ in range(5):
        session.run(None, feeds)
    assert psutil.Process().memory_info().rss - after_first < 1e6
