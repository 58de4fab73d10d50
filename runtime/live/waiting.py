"""What is shown while outputs finish after a run: nothing for a moment, then how far they are."""

from __future__ import annotations

import sys
import time
from typing import TextIO

# Most outputs are done sooner.
_QUIET_S = 1.0
_HINT = "Ctrl-C leaves that for later"


class WaitingLine:
    """Show on a terminal, or say once elsewhere, which output is waited for.

    Parameters
    ----------
    stream : TextIO or None
        Where to; None for standard error.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._since_s: float | None = None
        self._shown = ""

    def __call__(self, name: str, progress: float | None) -> None:
        """Take that `name` has not ended yet; `progress` is the share done, where it is known."""
        now_s = time.monotonic()
        if self._since_s is None:
            self._since_s = now_s
        if self._stream is None or now_s - self._since_s < _QUIET_S:
            return
        live = self._stream.isatty()
        share = f", {100 * progress:.0f} %" if progress is not None and live else ""
        text = f"Finishing {name}{share} ({_HINT})"
        if text != self._shown and (live or not self._shown):
            self._stream.write(f"\r\x1b[K{text}" if live else text + "\n")
            self._stream.flush()
            self._shown = text

    def end(self) -> None:
        """Take the line away again."""
        if self._shown and self._stream.isatty():
            self._stream.write("\r\x1b[K")
            self._stream.flush()
