"""`rtcan-devices`: which sensors could be read: serial ports, networks, Bluetooth."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from device.cli import RtcanCommand
from device.serial.ports import PortInfo, ports_present
from device.simulation.announce import simulated_ports
from device.sources.registry import KINDS
from device.sources.search import (
    LONG_TIMEOUT_S,
    TIMEOUT_S,
    Device,
    NotSearched,
    announced,
    search,
)
from device.text import clean

_NO_PORT = "No serial port is connected to this machine: is the sensor plugged in?"


@click.command(cls=RtcanCommand)
@click.option("--port", "named", multiple=True, help="Look at this port; may be given repeatedly.")
@click.option("--baud", type=click.IntRange(min=1), help="Try this speed only.")
@click.option("--list", "list_only", is_flag=True, help="List serial ports without opening any.")
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0.1),
    help=f"Seconds to look for sensors [default: {TIMEOUT_S:g}; at a --port {LONG_TIMEOUT_S:g}].",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.version_option(package_name="rtcan", prog_name="rtcan-devices")
def main(
    named: tuple[str, ...],
    baud: int | None,
    list_only: bool,
    timeout_s: float | None,
    as_json: bool,
) -> None:
    """List the sensors that --port could be given.

    Serial ports, and what answers on them; LSL streams, EmotiBits and Bluetooth sensors that are
    there; boards that BrainFlow knows by name; the ports of simulators (rtcan-sim).

    A serial port is opened, listened to for a few seconds and, where it stays silent, asked; most
    Arduino boards are reset by that. Simulated ports say by themselves what they are.
    """
    ports = [PortInfo(name, "", None) for name in named] or ports_present()
    kinds = [] if named else list(KINDS.values())
    timeout_s = timeout_s or (LONG_TIMEOUT_S if named else TIMEOUT_S)
    devices, missed = search(ports, baud=baud, ask=not list_only, kinds=kinds, timeout_s=timeout_s)
    simulated = [] if named else [announced(one) for one in simulated_ports()]
    devices[len(ports) : len(ports)] = simulated
    if as_json:
        told = {
            "devices": [asdict(device) for device in devices],
            "not_searched": [asdict(one) for one in missed],
        }
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    if not ports and not simulated:
        click.echo(_NO_PORT)
    for device in devices:
        click.echo(f"{clean(device.port)}  {clean(device.description)}".rstrip())
        if device.answer is not None and not list_only:
            click.echo(f"    {device.answer}")
    _tell_rest(devices, missed, [kind.scheme for kind in kinds])


def _tell_rest(devices: list[Device], missed: list[NotSearched], asked: list[str]) -> None:
    """Say what was looked for in vain, and what could not be looked for."""
    there = {device.kind for device in devices} | {one.kind for one in missed}
    if absent := [KINDS[scheme].title for scheme in asked if scheme not in there]:
        click.echo(f"None there: {', '.join(absent)}.")
    if extras := [one for one in missed if one.extra is not None]:
        titles = ", ".join(one.title for one in extras)
        names = ",".join(str(one.extra) for one in extras)
        click.echo(f"Not looked for: {titles}. To find them: pip install 'rtcan[{names}]'")
    for one in missed:
        if one.extra is None:
            click.echo(clean(f"Not looked for: {one.title}. {one.reason}"))


if __name__ == "__main__":
    main()
