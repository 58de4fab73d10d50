"""`rtcan-devices`: which ports there are, and what answers on them."""

from __future__ import annotations

import click

from device.cli import RtcanCommand
from device.drivers.registry import make_driver
from device.errors import DeviceError, PortBusyError, PortNotFoundError, PortPermissionError
from device.serial.detect import detect
from device.serial.ports import PortInfo, ports_present
from device.serial.transport import SerialTransport
from device.simulation.announce import Simulated, simulated_ports
from device.text import clean


def look_at(port: str, baud: int | None = None) -> str:
    """Return what is on a port, in words.

    Parameters
    ----------
    port : str
        Path, URL or USB id.
    baud : int or None
        The speed, where it is known.
    """
    transport = SerialTransport(port, baud or 115200)
    try:
        transport.open()
        found = detect(transport, baud)
    except PortBusyError:
        return "in use by another program"
    except PortPermissionError:
        return "not allowed for this user (join the group dialout)"
    except PortNotFoundError:
        return "not there any more"
    except DeviceError:
        return "nothing that is known answers"
    finally:
        transport.close()
    return f"{make_driver(found.key).name}: --sensor {found.key} --baud {found.baud}"


def _announced(simulated: Simulated) -> str:
    """Return what a simulated port says of itself; opening it would use up what it plays."""
    driver = make_driver(simulated.sensor)
    return f"{driver.name}: --sensor {driver.key} --baud {driver.baud}"


@click.command(cls=RtcanCommand)
@click.option("--port", "named", multiple=True, help="Look at this port; may be given repeatedly.")
@click.option("--baud", type=click.IntRange(min=1), help="Try this speed only.")
@click.option("--list", "list_only", is_flag=True, help="List the ports without opening any.")
@click.version_option(package_name="rtcan", prog_name="rtcan-devices")
def main(named: tuple[str, ...], baud: int | None, list_only: bool) -> None:
    """List serial ports, and what answers on them; and the ports of simulators (rtcan-sim).

    A port is opened, listened to for a few seconds and, where it stays silent, asked; most Arduino
    boards are reset by that. Simulated ports say by themselves what they are.
    """
    ports = [PortInfo(name, "", None) for name in named] or ports_present()
    simulated = [] if named else simulated_ports()
    if not ports and not simulated:
        click.echo("No serial port is connected to this machine: is the sensor plugged in?")
    for port in ports:
        about = "  ".join(part for part in (port.description, str(port.usb or "")) if part)
        click.echo(clean(f"{port.device}  {about}"))
        if not list_only:
            click.echo(f"    {look_at(port.device, baud)}")
    for one in simulated:
        click.echo(f"{one.port}  simulated by rtcan-sim: {one.what}")
        if not list_only:
            click.echo(f"    {_announced(one)}")


if __name__ == "__main__":
    main()
