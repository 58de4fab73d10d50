"""The page of the command line, made from the click commands themselves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module

import click

import rtcan.command

# Commands that are no part of `rtcan`, but that the pages name.
_MODULES = (
    "training.datasets.standin",
    "training.ablate",
    "training.music",
    "training.import_weights",
    "export.card",
)


def page() -> str:
    """Return the sections of all commands, as Markdown."""
    parts: list[str] = []
    for command, context in _below(rtcan.command.main, click.Context(rtcan.command.main)):
        parts += _section(context.command_path, command, context)
    for module in _MODULES:
        command = import_module(module).main
        name = f"python -m {module}"
        parts += _section(name, command, click.Context(command, info_name=name))
    return "\n".join(parts)


def _below(
    group: click.Group, context: click.Context
) -> Iterator[tuple[click.Command, click.Context]]:
    context.info_name = context.info_name or "rtcan"
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, parent=context, info_name=name)
        yield command, inner
        if isinstance(command, click.Group):
            yield from _below(command, inner)


def _section(name: str, command: click.Command, context: click.Context) -> list[str]:
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    level = "###" if name.startswith("rtcan ") and name.count(" ") > 1 else "##"
    text = inspect.cleandoc(command.help or "").replace("\b", "")
    lines = ["", f"{level} {name}", "", _plain(text), "", f"    {usage}", ""]
    options = [one.get_help_record(context) for one in command.get_params(context)]
    shown = [one for one in options if one and one[1] and not one[0].startswith("--help")]
    if shown:
        lines += ["| option | meaning |", "|---|---|"]
        lines += [f"| `{_cell(names)}` | {_cell(_plain(said))} |" for names, said in shown]
    return lines


def _plain(text: str) -> str:
    """Return text in which only code means anything to Markdown, options being code."""
    pieces = re.sub(r"(?<![\w`-])--[a-z][a-z-]*(?![^`\n]*`)", r"`\g<0>`", text).split("`")
    for index in range(0, len(pieces), 2):
        for mark in "\\*_<[$":
            pieces[index] = pieces[index].replace(mark, f"\\{mark}")
    return "`".join(pieces)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
