"""Keys pressed in a terminal while a view has it: one character at a time, nothing echoed."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable

try:
    import select
    import termios
    import tty
except ImportError:  # Windows
    termios = None  # type: ignore[assignment]

_POLL_S = 0.2


class Keys(threading.Thread):
    """Hand on what is typed, until `stop`; Ctrl-C and Ctrl-Z do what they always do.

    Parameters
    ----------
    press : callable
        Takes one character.
    """

    def __init__(self, press: Callable[[str], object]) -> None:
        super().__init__(name="rtcan-keys", daemon=True)
        self._press = press
        self._stopping = threading.Event()

    def run(self) -> None:
        """Read; called by `start`."""
        if termios is None:
            self._read_windows()
            return
        with contextlib.suppress(OSError, termios.error, ValueError):  # the terminal went away
            number = sys.stdin.fileno()
            if not _is_ours(number):
                return
            before = termios.tcgetattr(number)
            tty.setcbreak(number)
            try:
                self._read(number)
            finally:
                # In the background the shell has made it its own again, and would stop us.
                if _is_ours(number):
                    termios.tcsetattr(number, termios.TCSADRAIN, before)

    def stop(self) -> None:
        """End, and leave the terminal as it was."""
        self._stopping.set()
        if self.is_alive():
            self.join(timeout=2.0)

    def _read(self, number: int) -> None:
        while not self._stopping.is_set():
            ready, _, _ = select.select([number], [], [], _POLL_S)
            if not ready or not _is_ours(number):
                continue
            data = os.read(number, 64)
            if not data:
                return
            for character in data.decode(errors="ignore"):
                self._press(character)

    def _read_windows(self) -> None:
        import msvcrt

        waits = getattr(msvcrt, "kbhit")  # noqa: B009 - unknown to a type checker elsewhere
        read = getattr(msvcrt, "getwch")  # noqa: B009
        while not self._stopping.wait(_POLL_S):
            while waits():
                self._press(read())


def _is_ours(number: int) -> bool:
    """Return whether this process has the terminal; one in the background would be stopped."""
    return os.isatty(number) and os.tcgetpgrp(number) == os.getpgrp()


# What Shift makes of the digits 1 to 5 on the keyboards of many countries.
_SHIFTED = {"!": 1, "@": 2, '"': 2, "#": 3, "§": 3, "£": 3, "·": 3, "$": 4, "¤": 4, "%": 5}
# What a key says; see `runtime.person.said`.
_SAYS = {"c": "calm", "t": "tense", "n": "skip", "r": "restart", "q": "stop"}


class Typed:
    """Turn keys into words: 1 to 5 for arousal; with Shift, or after v, for valence.

    Parameters
    ----------
    say, mark : callable
        Take words, and the text of a marker.
    """

    def __init__(self, say: Callable[[str], object], mark: Callable[[str], None]) -> None:
        self._say = say
        self._mark = mark
        self._target = "arousal"
        self._marks = 0

    def press(self, character: str) -> None:
        """Take one character."""
        target, self._target = self._target, "arousal"
        key = character.lower()
        if key == "v":
            self._target = "valence"
        elif key in "12345":
            self._say(f"{target} {key}")
        elif key in _SHIFTED:
            self._say(f"valence {_SHIFTED[key]}")
        elif key == "m":
            self._marks += 1
            self._mark(f"mark {self._marks}")
        elif key in _SAYS:
            self._say(_SAYS[key])
