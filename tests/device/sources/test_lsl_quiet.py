"""What liblsl tells of itself does not get between a user and the terminal view."""

import subprocess
import sys

import pytest

from device.lsl_library import liblsl

pylsl = pytest.importorskip("pylsl")

_OUTPUT = [sys.executable, "-m", "runtime.live", "--demo", "--output", "none", "--duration", "2"]
_SIMULATOR = [sys.executable, "-m", "device.simulation.simulator", "--sensor", "lsl"]


def test_an_output_over_lsl_says_nothing_of_liblsl() -> None:
    done = subprocess.run([*_OUTPUT, "--lsl"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert "INFO|" not in done.stderr


def test_a_simulated_stream_says_nothing_of_liblsl() -> None:
    with subprocess.Popen(
        [*_SIMULATOR, "--link", "quiet"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as sim:
        assert sim.stdout is not None and sim.stderr is not None
        assert sim.stdout.readline().startswith("lsl:quiet")
        assert pylsl.resolve_byprop("name", "quiet", 1, 20)
        sim.terminate()
        assert "INFO|" not in sim.stderr.read()


def test_a_user_without_a_home_has_liblsl_too(monkeypatch: pytest.MonkeyPatch) -> None:
    pwd = pytest.importorskip("pwd")

    def nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert liblsl() is pylsl
