"""Pseudo-terminals of a size, as `termios.tcsetwinsize` makes them from Python 3.11 on."""

import fcntl
import struct
import termios


def resize(number: int, rows: int, columns: int) -> None:
    """Give the terminal behind a file descriptor so many rows and columns."""
    fcntl.ioctl(number, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
