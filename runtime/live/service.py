"""`rtcan service`: print a systemd unit that runs `rtcan live` for good, or a udev rule."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from device.cli import RtcanCommand
from device.errors import ArgumentError
from runtime.sinks.broker import without_password

# USB chips of the boards on docs/wiring.md: Arduino, CH340, FTDI FT232R, Silicon Labs CP210x.
_CHIPS = (("2341", "*"), ("2a03", "*"), ("1a86", "7523"), ("0403", "6001"), ("10c4", "ea60"))
_SECRETS = "/etc/rtcan.env"


@click.command(cls=RtcanCommand, context_settings={"ignore_unknown_options": True})
@click.option("--udev", is_flag=True, help="Print the udev rule that names the sensor /dev/gsr.")
@click.option("--user", default="rtcan", show_default=True, help="Who runs it.")
@click.argument("arguments", nargs=-1, metavar="[-- OPTIONS OF rtcan live]")
def main(udev: bool, user: str, arguments: tuple[str, ...]) -> None:
    r"""Print a systemd unit that runs `rtcan live` from boot on; nothing is installed.

    \b
    rtcan service -- --port /dev/gsr --record rec | sudo tee /etc/systemd/system/rtcan.service
    rtcan service --udev | sudo tee /etc/udev/rules.d/70-rtcan.rules

    Recordings and profiles are kept in /var/lib/rtcan. Passwords belong in /etc/rtcan.env
    (RTCAN_MQTT_PASSWORD=..., RTCAN_TOKEN=...), which root alone can read: everybody can read a
    unit.
    """
    if udev:
        click.echo(udev_rule(), nl=False)
    else:
        click.echo(systemd_unit(arguments or ("--port", "/dev/gsr"), user), nl=False)


def systemd_unit(
    arguments: tuple[str, ...], user: str = "rtcan", python: Path = Path(sys.executable)
) -> str:
    """Return a unit file that runs `rtcan live` with these arguments.

    Raises
    ------
    ArgumentError
        If an argument contains a password, a token or a line end.
    """
    for option, value in _options(arguments):
        if option == "--token":
            raise ArgumentError(
                "The page's token is a secret, and everybody can read a unit. Leave --token out "
                f"and put RTCAN_TOKEN=... into {_SECRETS}"
            )
        if option == "--mqtt" and without_password(value) != value:
            raise ArgumentError(
                "The address of the broker contains a password, and everybody can read a unit. "
                f"Leave it out (mqtt://USER@HOST/TOPIC) and put RTCAN_MQTT_PASSWORD=... into "
                f"{_SECRETS}"
            )
    for argument in arguments:
        if not argument.isprintable():
            raise ArgumentError(f"{argument!r} contains a character that no unit may contain")
    if not re.fullmatch(r"[a-z_][a-z0-9_-]{0,30}", user):
        raise ArgumentError(f"{user!r} is no user name; expected were letters a to z, digits, - _")
    command = " ".join(map(_quoted, (str(python), "-I", "-m", "rtcan", "live", *arguments)))
    # %S is /var/lib. SIGTERM ends a run in order; the files of a long recording take a while.
    return f"""\
[Unit]
Description=RTCAN: skin conductance, live
Documentation=man:systemd.service(5)
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
ExecStart={command}
User={user}
SupplementaryGroups=dialout
StateDirectory=rtcan
StateDirectoryMode=0700
WorkingDirectory=%S/rtcan
Environment=XDG_DATA_HOME=%S/rtcan
EnvironmentFile=-{_SECRETS}
Restart=always
RestartSec=10
TimeoutStopSec=120
NoNewPrivileges=yes
PrivateTmp=yes
ProtectHome=read-only
ProtectSystem=strict
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictSUIDSGID=yes
CapabilityBoundingSet=

[Install]
WantedBy=multi-user.target
"""


def udev_rule() -> str:
    """Return rules that name the sensor's board /dev/gsr and let the group dialout open it."""
    lines = ["# Boards with these chips are called /dev/gsr. If there are several, name the port."]
    for vendor, product in _CHIPS:
        lines.append(
            f'SUBSYSTEM=="tty", ATTRS{{idVendor}}=="{vendor}", ATTRS{{idProduct}}=="{product}", '
            'SYMLINK+="gsr", GROUP="dialout", MODE="0660"'
        )
    return "\n".join(lines) + "\n"


def _options(arguments: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Return every argument that may be an option, with what may be its value."""
    for place, argument in enumerate(arguments):
        option, joined, value = argument.partition("=")
        yield option, value if joined else next(iter(arguments[place + 1 :]), "")


def _quoted(word: str) -> str:
    """Return a word as systemd reads it back: systemd.service(5), "Command lines"."""
    escaped = word.replace("%", "%%").replace("$", "$$")
    if re.fullmatch(r"[\w@%+=:,./$-]+", escaped, re.ASCII):
        return escaped
    return '"' + escaped.replace("\\", "\\\\").replace('"', '\\"') + '"'


if __name__ == "__main__":
    main()
