"""`rtcan`: one command for all of it, and `rtcan-live` and the others, which are parts of it.

A subcommand is imported when it is used: `rtcan --help` answers at once, and on the edge, where the
training side is not installed, everything else works.
"""

from __future__ import annotations

from importlib import import_module

import click

# Name of the subcommand: where it is, and what it is for.
_COMMANDS = {
    "live": ("runtime.live.command:main", "Read a sensor and show arousal and valence."),
    "analyse": (
        "runtime.analysis.command:main",
        "Find responses and features in recordings, and draw them.",
    ),
    "sim": ("device.simulation.simulator:main", "Simulate a sensor on a pseudo-terminal."),
    "devices": ("device.devices:main", "List the sensors that can be read, wired and wireless."),
    "convert": ("runtime.replay.convert:main", "Write any recording as a BIDS data set."),
    "record": ("runtime.recording.command:main", "Repair, list and verify recordings."),
    "profile": ("runtime.live.profiles:main", "Show, reset and delete what is known of a person."),
    "service": ("runtime.live.service:main", "Print a systemd unit, or a udev rule."),
    "train": ("training.run:main", "Train networks on a data set and test them."),
    "export": ("export.onnx:main", "Turn a checkpoint into an ONNX file."),
    "doctor": ("runtime.live.doctor:main", "Check what is installed and plugged in."),
}


def _command(name: str) -> click.Command:
    module, _, attribute = _COMMANDS[name][0].partition(":")
    # By the name below `rtcan`, where nothing else can stand in its way: see rtcan._siblings.
    command = getattr(import_module(f"rtcan.{module}"), attribute)
    assert isinstance(command, click.Command)
    return command


class _Subcommands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _command(cmd_name) if cmd_name in _COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, purpose) for name, (_, purpose) in _COMMANDS.items()])


@click.group(cls=_Subcommands)
@click.version_option(package_name="rtcan", prog_name="rtcan")
def main() -> None:
    """Emotion from skin conductance, from training to the edge.

    `rtcan live --demo` shows it without a sensor; `rtcan COMMAND --help` says more.
    """


def live() -> None:
    """`rtcan-live`."""
    _command("live")()


def sim() -> None:
    """`rtcan-sim`."""
    _command("sim")()


def devices() -> None:
    """`rtcan-devices`."""
    _command("devices")()


def record() -> None:
    """`rtcan-record`."""
    _command("record")()
