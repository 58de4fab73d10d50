"""`rtcan-sim --sensor emotibit`, and what it refuses."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from device.simulation import simulator
from device.sources.registry import make_source
from tests.device.wireless.parts import own_address


def test_a_simulated_emotibit_from_the_command_line() -> None:
    host = own_address()
    command = [sys.executable, "-m", "device.simulation.simulator", "--sensor", "emotibit"]
    with subprocess.Popen([*command, "--address", host], stdout=subprocess.PIPE, text=True) as sim:
        assert sim.stdout is not None
        try:
            assert f"emotibit:{host}: simulated person 1, emotibit 15 Hz" in sim.stdout.readline()
            sensor = make_source(f"emotibit:{host}")
            sensor.open()
            while not len(samples := sensor.read(1.0)):
                pass
            assert 0.5 < samples.eda_us.mean() < 30
            sensor.close()
        finally:
            sim.terminate()
        assert sim.stdout.readline() == "stopped\n"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--sensor", "emotibit", "--link", "./x"], "--link is for serial ports"),
        (["--sensor", "emotibit", "--address", "home"], "expected: an IPv4 address"),
        (["--sensor", "grove", "--reorder", "0.1"], "are for --sensor emotibit"),
        (["--sensor", "emotibit", "--address", "192.0.2.7"], "cannot be used"),
    ],
)
def test_a_simulator_that_cannot_be_set_up_so(options: list[str], words: str) -> None:
    result = CliRunner().invoke(simulator.main, options)
    assert result.exit_code != 0
    assert words in result.output
