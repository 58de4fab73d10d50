"""An EmotiBit over real sockets: connected, read, lost and found again; strangers are not heard."""

from __future__ import annotations

import socket
import time

import numpy as np
import psutil
import pytest

from device.errors import (
    DeviceError,
    PortBusyError,
    PortNotFoundError,
    SensorDisconnectedError,
    UnrecognisedDataError,
)
from device.protocols import emotibit
from device.protocols.emotibit import Packet
from device.samples import Samples
from device.sensor import Sensor
from device.simulation.faults import Faults
from device.simulation.network import EmotibitPort
from device.simulation.player import Player, Sent
from device.sources import driven
from device.sources.registry import KINDS, SourceOptions, make_source
from device.wireless import emotibit as transport
from device.wireless import lookup
from tests.device.wireless.parts import emotibit_at, own_address

# Where a busy machine plays and reads; what times are worth is measured by benchmarks.faults.
LATE_S = 0.5


def collect(sensor: Sensor, count: int) -> Samples:
    """Return at least so many samples; a busy machine may take its time."""
    parts: list[Samples] = [sensor.read(0.1)]
    until_s = time.monotonic() + 60
    while sum(map(len, parts)) < count and time.monotonic() < until_s:
        parts.append(sensor.read(0.1))
    return Samples(
        np.concatenate([part.time_s for part in parts]),
        np.concatenate([part.eda_us for part in parts]),
    )


def errors_s(samples: Samples, sensor: Sensor, log: list[Sent]) -> np.ndarray:
    """Return how far the times are from when the values were taken (s)."""
    log = sorted(log, key=lambda sent: sent.time_s)
    values = np.array([sent.eda_us for sent in log])
    places = np.abs(samples.eda_us[:, None] - values).argmin(axis=1)
    assert (np.diff(places) > 0).all()
    origin_s: float = sensor.origin_s  # type: ignore[attr-defined]
    return samples.time_s + origin_s - np.array([sent.time_s for sent in log])[places]


def test_read_at_its_values_and_times() -> None:
    host = own_address()
    with emotibit_at(host) as (_, log):
        sensor = make_source(f"emotibit:{host}")
        sensor.open()
        samples = collect(sensor, 30)
        info = sensor.describe()
        sensor.close()
    assert np.abs(errors_s(samples, sensor, log)).max() < LATE_S
    assert sensor.counters.lost == sensor.counters.missing == sensor.counters.restarts == 0
    assert (info.name, info.port) == ("EmotiBit", f"emotibit:{host}")
    assert info.rate_hz == pytest.approx(15, rel=0.05)
    assert "MD-V5-0000007" in info.details


def test_what_a_bad_network_lets_through_is_delivered_and_what_it_does_not_is_counted() -> None:
    host = own_address()
    faults = Faults(drop=0.1, reorder=0.2, duplicate=0.2, jitter_s=0.05)
    with emotibit_at(host, faults) as (_, log):
        sensor = make_source(f"emotibit:{host}")
        sensor.open()
        samples = collect(sensor, 60)
        sensor.close()
        first, last = samples.eda_us[0], samples.eda_us[-1]
    between = [sent for sent in log if first - 1e-6 <= sent.eda_us <= last + 1e-6]
    came = {f"{sent.eda_us:.6f}" for sent in between if sent.arrived}
    assert [f"{value:.6f}" for value in samples.eda_us] == sorted(came)
    assert sensor.counters.lost == len(between) - len(came) > 0
    assert np.abs(errors_s(samples, sensor, log)).max() < LATE_S


def test_a_board_that_begins_anew_is_connected_again() -> None:
    host = own_address()
    with emotibit_at(host, Faults(reset_every_s=2.5)) as (player, _):
        sensor = make_source(f"emotibit:{host}")
        sensor.open()
        parts, back_s = [], None
        until_s = time.monotonic() + 20
        while back_s is None and time.monotonic() < until_s:
            parts.append(sensor.read(0.1))
            came = player.plugged_in_s and time.monotonic() > player.plugged_in_s[0]
            if came and len(parts[-1]):
                back_s = time.monotonic()
        sensor.close()
    assert back_s is not None
    assert sensor.counters.restarts == 1
    assert sensor.counters.reconnections == 0
    assert (np.diff(np.concatenate([part.time_s for part in parts])) > 0).all()


def test_a_board_that_is_gone_is_a_disconnection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_GONE_S", 1.0)
    monkeypatch.setattr(transport, "_FIND_S", 0.5)
    host = own_address()
    sensor = make_source(f"emotibit:{host}")
    with emotibit_at(host):
        sensor.open()
        assert len(collect(sensor, 8))
    with pytest.raises(SensorDisconnectedError, match="has not been heard"):
        collect(sensor, 10_000)
    with pytest.raises(PortNotFoundError):
        sensor.open()
    with emotibit_at(host):
        sensor.open()
        assert len(collect(sensor, 8))
        sensor.close()
    assert sensor.counters.reconnections == 1


def test_what_other_hosts_send_is_not_heard() -> None:
    host, stranger = own_address(), own_address()
    with emotibit_at(host) as (_, log):
        sensor = make_source(f"emotibit:{host}")
        sensor.open()
        link = sensor._transport  # type: ignore[attr-defined]
        collect(sensor, 8)
        address = link._data.getsockname()
        lie = Packet(10**6, 40_000, emotibit.EDA, ("55.0",)).to_bytes()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind((stranger, 0))
            for _ in range(50):
                other.sendto(lie, address)
                other.sendto(lie, link._ask.getsockname())
        # Neither from the board's own address, but not from its socket.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind((host, 0))
            other.sendto(lie, address)
        samples = collect(sensor, 30)
        sensor.close()
    assert samples.eda_us.max() < 9.0
    assert np.abs(errors_s(samples, sensor, log)).max() < LATE_S
    assert link.foreign == 101


def test_a_stranger_does_not_take_the_place_of_the_board() -> None:
    host, stranger = own_address(), own_address()
    sensor = make_source(f"emotibit:{host}")
    link = sensor._transport  # type: ignore[attr-defined]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as board:
        board.bind((host, emotibit.PORT))
        link._board = lookup.FoundEmotibit((host, emotibit.PORT), "", emotibit.AVAILABLE)
        link._listen(lookup.local_towards((host, emotibit.PORT)))
        door = link._door.getsockname()
        with socket.create_connection(door, source_address=(stranger, 0)):
            link._wait(0.5)
            assert link._control is None
            assert link.foreign == 1
        with socket.create_connection(door, source_address=(host, 0)):
            link._wait(0.5)
            assert link._control is not None
        link.close()


def test_it_listens_where_it_must_and_no_longer() -> None:
    host = own_address()
    own = psutil.Process()

    def open_ports() -> set[tuple[str, str]]:
        return {
            (kind, f"{c.laddr.ip}")
            for kind in ("tcp", "udp")
            for c in own.net_connections(kind)
            if c.status == "LISTEN" or (kind == "udp" and c.laddr.ip != host and not c.raddr)
        }

    before = open_ports()
    with emotibit_at(host):
        sensor = make_source(f"emotibit:{host}")
        sensor.open()
        collect(sensor, 1)
        # Two UDP sockets, at the address towards the board; and nobody can connect any more.
        assert open_ports() - before == {("udp", "127.0.0.1")}
        sensor.close()
    assert open_ports() == before


def test_one_that_is_connected_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_FIND_S", 0.5)
    host = own_address()
    with emotibit_at(host):
        first = make_source(f"emotibit:{host}")
        first.open()
        with pytest.raises(PortBusyError, match=r"connected to another program \(port \d+\)"):
            make_source(f"emotibit:{host}").open()
        assert len(collect(first, 8))  # which it was not torn from
        first.close()
        second = make_source(f"emotibit:{host}")
        second.open()
        second.close()


def test_none_and_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_FIND_S", 0.3)
    hosts = [own_address(), own_address()]
    # Broadcasts do not reach loopback addresses: here they are asked one by one.
    monkeypatch.setattr(lookup, "broadcast_addresses", lambda: hosts)
    with pytest.raises(PortNotFoundError, match=r"No EmotiBit answered within 0.3 s.*its address"):
        make_source("emotibit:").open()
    with pytest.raises(PortNotFoundError, match=rf"No EmotiBit at {hosts[0]}.*this computer\?$"):
        make_source(f"emotibit:{hosts[0]}").open()
    with emotibit_at(hosts[0], device_id="ONE"), emotibit_at(hosts[1], device_id="TWO"):
        with pytest.raises(DeviceError, match=r"2 EmotiBits answer.*ONE.*TWO"):
            make_source("emotibit:").open()
        with pytest.raises(PortNotFoundError, match=r"No EmotiBit THREE answered.*ONE.*TWO"):
            make_source("emotibit:THREE").open()
        found = KINDS["emotibit"].find(0.3)
        assert [one.port for one in found] == [f"emotibit:{host}" for host in sorted(hosts)]
        sensor = make_source("emotibit:two")
        sensor.open()
        assert sensor.describe().port == f"emotibit:{hosts[1]}"
        sensor.close()


def test_a_board_that_answers_and_does_not_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_CONNECT_S", 0.5)
    monkeypatch.setattr(EmotibitPort, "_connect", lambda *_: None)
    host = own_address()
    with (
        emotibit_at(host),
        pytest.raises(DeviceError, match=r"firewall.*TCP port 31\d\d and UDP port 31\d\d"),
    ):
        make_source(f"emotibit:{host}").open()


def test_nonsense_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driven, "_PATIENCE_S", 0.5)
    write = EmotibitPort.write
    monkeypatch.setattr(EmotibitPort, "write", lambda self, data: write(self, data[::-1]))
    host = own_address()
    with emotibit_at(host):
        sensor = make_source(f"emotibit:{host}")
        sensor.open()
        with pytest.raises(UnrecognisedDataError, match="but only 0 packets of an EmotiBit"):
            collect(sensor, 10_000)
        sensor.close()


@pytest.mark.parametrize("address", ["127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "1.2.3.4:x"])
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(DeviceError, match="no port after the colon"):
        make_source(f"emotibit:{address}")


def test_options_that_do_not_fit() -> None:
    with pytest.raises(DeviceError, match="leave --rate out"):
        make_source("emotibit:", SourceOptions(rate_hz=4.0))
    with pytest.raises(DeviceError, match="leave --channel out"):
        make_source("emotibit:", SourceOptions(channel="EDA"))
    with pytest.raises(ValueError, match="EmotiBits alone"):
        make_source("emotibit:", SourceOptions(sensor="grove"))


def test_a_simulator_that_is_killed_leaves_the_reader_its_samples() -> None:
    host = own_address()
    with emotibit_at(host) as (player, _):
        assert isinstance(player, Player)
        sensor = make_source(f"emotibit:{host}")
        sensor.open()
        assert len(collect(sensor, 8))
        sensor.close()
        sensor.close()  # harmless
        with pytest.raises(SensorDisconnectedError, match="is not open"):
            sensor.read(0.1)
