import subprocess
import sys
from pathlib import Path

from runtime.live.doctor import _ports
from tests.device.wireless.parts import emotibit_at, own_address

LIVE = [sys.executable, "-m", "runtime.live"]


def doctor(*options: str) -> tuple[int, str]:
    done = subprocess.run(
        [*LIVE, "doctor", *options], capture_output=True, text=True, check=False, timeout=100
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout


def test_it_says_what_a_bug_report_needs(tiny_model: Path) -> None:
    status, text = doctor("--model", str(tiny_model))
    assert status == 0, text
    for word in ("rtcan 0", "numpy", "CPUExecutionProvider", "trained on nothing", "0.5", "p99"):
        assert word in text
    assert "always the same answers" in text


def test_what_is_wrong_is_bad(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"not a model")
    status, text = doctor("--model", str(tmp_path / "x.onnx"), "--port", "/dev/there-is-none")
    assert status == 1
    assert "is not an ONNX model" in text
    assert "bad /dev/there-is-none: there is no such port" in text


def test_a_model_that_is_not_there_is_bad(tmp_path: Path) -> None:
    status, text = doctor("--model", str(tmp_path / "none.onnx"))
    assert status == 1
    assert "There is no model" in text


def test_a_sensor_on_the_network_is_read() -> None:
    host = own_address()
    port = f"emotibit:{host}"
    with emotibit_at(host):
        good, words = next(_ports(port))
    assert good
    assert words.startswith(f"{port}: EmotiBit, MD-V5-0000007")
    assert words.endswith("it is read")
    good, words = next(_ports(port))
    assert good is False
    assert f"No EmotiBit at {host} answered" in words
