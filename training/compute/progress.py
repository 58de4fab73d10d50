"""The progress bar of every long step."""

from __future__ import annotations

from rich.console import Console

from runtime.progress import progress


class Bar:
    """A progress bar with a note, as a context manager.

    Parameters
    ----------
    console : Console
        Where to.
    text : str
        What is done.
    total : int
        How many steps it has.
    """

    def __init__(self, console: Console, text: str, total: int) -> None:
        self._progress = progress(console)
        self._task = self._progress.add_task(text, total=total, note="")

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def advance(self, note: str = "", steps: int = 1) -> None:
        """Count steps that are done."""
        self._progress.update(self._task, advance=steps, note=note)
