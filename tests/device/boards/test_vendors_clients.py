"""Other people's clients, from PyPI, on simulated boards: what they ask is answered.

`bitalino` names PyBluez among its needs, which does not build here:
pip install --no-deps bitalino==1.2.6.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import serial

from device.calibration import BitalinoCalibration, ShimmerCalibration
from device.simulation.player import Player
from device.simulation.pty import PseudoTerminal
from device.simulation.simulator import make_board
from device.simulation.skin import RecordingSkin


@contextmanager
def plugged_in(sensor: str) -> Iterator[str]:
    """Yield the port of a simulated sensor on a skin of 5 microsiemens."""
    port = PseudoTerminal()
    skin = RecordingSkin(np.full(100_000, 5.0), 100.0)
    player = Player(make_board(sensor, None, None), skin, port)
    thread = threading.Thread(target=player.play, daemon=True)
    thread.start()
    try:
        yield port.path
    finally:
        player.stopping.set()
        thread.join(10)
        port.unplug()


def until(ready: list[object], count: int) -> None:
    end_s = time.monotonic() + 20
    while len(ready) < count and time.monotonic() < end_s:
        time.sleep(0.01)


@pytest.mark.timeout(60)
def test_pyshimmer() -> None:
    pyshimmer = pytest.importorskip("pyshimmer")
    with plugged_in("shimmer") as port:
        # It asks right after opening: nothing of that may be lost.
        shimmer = pyshimmer.ShimmerBluetooth(serial.Serial(port, 115200))
        shimmer.initialize()
        try:
            kind, version = shimmer.get_firmware_version()
            assert kind.name == "LogAndStream" and version.minor == 15
            shimmer.set_sampling_rate(64.0)
            assert shimmer.get_sampling_rate() == 64.0
            assert 3.9 < shimmer.get_battery_state(in_percent=False) < 4.2
            shimmer.set_device_name("left hand")
            assert shimmer.get_device_name() == "left hand"
            shimmer.set_experiment_id("a")
            assert shimmer.get_experiment_id() == "a"
            shimmer.set_config_time(1700000000)
            assert shimmer.get_config_time() == 1700000000
            shimmer.set_rtc(1700000000.0)
            assert shimmer.get_rtc() == 1700000000.0
            shimmer.set_exg_register(0, 3, b"\x01\x02")
            assert shimmer.get_exg_register(0).binary[3:5] == b"\x01\x02"
            shimmer.send_ping()
            shimmer.get_all_calibration()
            rate_hz, _, channels = shimmer.get_inquiry()
            assert rate_hz == 64.0
            assert [channel.name for channel in channels] == ["GSR_RAW"]
            packets: list[object] = []
            shimmer.add_stream_callback(packets.append)
            assert not any(shimmer.get_status())
            shimmer.start_streaming()
            assert shimmer.get_status()[4]  # streaming, answered between the packets
            until(packets, 20)
            shimmer.stop_streaming()
            words = [packet[channels[0]] for packet in packets]  # type: ignore[index]
            np.testing.assert_allclose(ShimmerCalibration().to_us(words), 5.0, atol=0.05)
        finally:
            shimmer.shutdown()


@pytest.mark.timeout(60)
def test_bitalino() -> None:
    bitalino = pytest.importorskip("bitalino", reason="pip install --no-deps bitalino==1.2.6")
    with plugged_in("bitalino") as port:
        device = bitalino.BITalino(port, timeout=5)
        assert device.version() == "BITalino_v5.2"
        device.battery(30)
        device.pwm(200)
        device.trigger([1, 0])
        state = device.state()
        assert len(state["analogChannels"]) == 6
        assert state["batteryThreshold"] == 30
        assert state["digitalChannels"] == [0, 0, 1, 0]
        device.start(100, [1, 2])
        before = device.read(20)
        device.trigger([0, 1])
        after = device.read(60)
        device.stop()
        assert before[:, 0].tolist() == [k % 16 for k in range(20)]
        assert (before[:, 1:5] == [0, 0, 1, 0]).all()
        assert (after[-1, 1:5] == [0, 0, 0, 1]).all()
        np.testing.assert_allclose(BitalinoCalibration().to_us(before[:, 6]), 5.0, atol=0.03)
        time.sleep(0.3)
        device.socket.reset_input_buffer()  # frames that nobody read
        assert device.state()["analogChannels"][2] == before[0, 6]
        device.close()
