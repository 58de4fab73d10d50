"""A hostile network against an EmotiBit's source: what crashes, what grows, what is listened to.

    python -m benchmarks.fuzz [--quick] [--output DIR]

Half of the datagrams are a board's own, the others random, wounded, or packets that claim anything.
Then another host floods the ports of a source that is connected to a simulated board. `make fuzz`
does the same to the decoders of the serial protocols.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import psutil

from benchmarks.common.hostile import Feed, mutated, real_datagrams
from benchmarks.common.report import show_table, write_result
from device.cli import RtcanCommand
from device.drivers.driver import DriverOptions
from device.drivers.emotibit import EmotibitDriver
from device.errors import RtcanError, UnrecognisedDataError
from device.sources.driven import DrivenSensor
from device.wireless.emotibit import EmotibitTransport

_DATAGRAMS = 1_000_000
_QUICK_SHARE = 50
# What strangers send to real sockets, in groups that a socket's buffer holds.
_STRANGE_SHARE = 10
_GROUP = 50
_BOARD, _STRANGER = "127.18.0.7", "127.18.0.8"
# Memory counts from here on, and is noted so many times.
_WARM_SHARE = 0.1
_LOOKS = 20


@dataclass
class Fed:
    """What became of datagrams that came from the board's own address."""

    crashes: int = 0
    refusals: int = 0
    delivered: int = 0
    seconds: float = 0.0


def rss_mb() -> float:
    """Return the resident memory of this process."""
    return float(psutil.Process().memory_info().rss / 1e6)


def feed(count: int, memory_mb: list[float]) -> Fed:
    """Give a source datagrams; note its memory from time to time."""
    rng = np.random.default_rng(18)
    frames = real_datagrams(600)
    line = Feed()
    sensor = DrivenSensor(line, EmotibitDriver(DriverOptions()))
    sensor.open()
    fed, last_s, began_s = Fed(), -1.0, time.perf_counter()
    looks = {int(at) for at in np.linspace(_WARM_SHARE * count, count - 1, _LOOKS)}
    for i in range(count):
        line.data = frames[i // 20 % len(frames)] if i % 20 < 10 else mutated(rng, frames)
        try:
            samples = sensor.read(0.0)
        except UnrecognisedDataError:
            # So it says to the user, who opens it again.
            fed.refusals += 1
            sensor.open()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            fed.crashes += 1
            click.echo(f"datagram {i}: {error!r}", err=True)
        else:
            if len(samples):
                fed.crashes += int(samples.time_s[0] <= last_s)
                last_s = float(samples.time_s[-1])
                fed.delivered += len(samples)
        if i in looks:
            memory_mb.append(rss_mb())
    fed.seconds = time.perf_counter() - began_s
    return fed


def flood(count: int, memory_mb: list[float]) -> dict[str, int]:
    """Let another host send to a connected source; return what that did."""
    board = subprocess.Popen(
        [sys.executable, "-m", "device.simulation.simulator", "--sensor", "emotibit",
         "--address", _BOARD],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    rng = np.random.default_rng(19)
    frames = real_datagrams(60)
    link = EmotibitTransport(_BOARD)
    try:
        assert board.stdout is not None
        if "waiting for a reader" not in board.stdout.readline():
            raise RtcanError(f"The simulated EmotiBit at {_BOARD} did not start")
        closed = open_ports()
        link.open()
        listening, waiting = open_ports()
        assert link._data is not None
        target, accepted, own = link._data.getsockname(), 0, 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind((_STRANGER, 0))
            strange = set()
            for i in range(0, count, _GROUP):
                lies = [mutated(rng, frames) for _ in range(_GROUP)]
                strange = {lie.rstrip(b"\n") for lie in lies if len(lie) > 12}
                for lie in lies:
                    other.sendto(lie, target)
                data = link.read(0.0)[0]
                own += len(data)
                accepted += sum(lie in data for lie in strange)
                if i % (count // _LOOKS) < _GROUP:
                    memory_mb.append(rss_mb())
        return {
            "sent": count,
            "ignored": link.foreign,
            "accepted": accepted,
            "own_bytes_meanwhile": own,
            "tcp_listening": listening - closed[0],
            "udp_open": waiting - closed[1],
        }
    finally:
        link.close()
        board.terminate()
        board.wait(20)


def open_ports() -> tuple[int, int]:
    """Return how many TCP ports of this process listen, and how many UDP ports are open."""
    connections = psutil.Process().net_connections("inet")
    tcp = sum(one.status == psutil.CONN_LISTEN for one in connections)
    return tcp, sum(one.type == socket.SOCK_DGRAM for one in connections)


@click.command(cls=RtcanCommand)
@click.option("--quick", is_flag=True, help="A fiftieth of the datagrams.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the result.")
def main(quick: bool, output: Path | None) -> None:
    """Send a million datagrams; takes about five minutes."""
    count = _DATAGRAMS // _QUICK_SHARE if quick else _DATAGRAMS
    fed_mb: list[float] = []
    flood_mb: list[float] = []
    fed = feed(count, fed_mb)
    strange = flood(count // _STRANGE_SHARE, flood_mb)
    growth_mb = {"fed": max(fed_mb) - fed_mb[0], "flooded": max(flood_mb) - flood_mb[0]}
    show_table(
        "A hostile network",
        ["", "datagrams", "crashes", "memory before", "after, MB", "growth"],
        [
            ["from the board's address", f"{count}", f"{fed.crashes}", f"{fed_mb[0]:.1f}",
             f"{fed_mb[-1]:.1f}", f"{growth_mb['fed']:.1f}"],
            ["from another host", f"{strange['sent']}", "0", f"{flood_mb[0]:.1f}",
             f"{flood_mb[-1]:.1f}", f"{growth_mb['flooded']:.1f}"],
        ],
    )  # fmt: skip
    claims: dict[str, float | None] = {
        "datagrams": float(count),
        "crashes": float(fed.crashes),
        "growth_mb": max(growth_mb.values()),
        "foreign_accepted": float(strange["accepted"]),
        "tcp_ports_listening": float(strange["tcp_listening"]),
        "udp_ports_open": float(strange["udp_open"]),
    }
    figures = {
        "fed": {**vars(fed), "memory_mb": fed_mb},
        "flooded": {**strange, "memory_mb": flood_mb},
    }
    write_result("fuzz", figures, claims, output, quick=quick)


if __name__ == "__main__":
    main()
