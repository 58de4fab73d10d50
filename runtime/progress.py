"""The progress bar of every long step."""

from __future__ import annotations

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column

_BAR, _SHORT_BAR = 16, 6
_NARROW = 80


def progress(console: Console) -> Progress:
    """Return a bar with what is done, how long that took, how long is left, and a note.

    Where there is little room, the note is cut, never the figures. Each task needs the field
    `note`.
    """

    def whole() -> Column:
        return Column(no_wrap=True)

    return Progress(
        TextColumn("{task.description:<16}", table_column=whole()),
        BarColumn(_BAR if console.width >= _NARROW else _SHORT_BAR, table_column=whole()),
        MofNCompleteColumn(table_column=whole()),
        TimeElapsedColumn(table_column=whole()),
        TextColumn("left", table_column=whole()),
        TimeRemainingColumn(table_column=whole()),
        TextColumn(
            "{task.fields[note]}", table_column=Column(no_wrap=True, ratio=1, overflow="ellipsis")
        ),
        console=console,
        expand=True,
    )
