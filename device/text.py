"""Text that others wrote, made fit to be shown and stored."""

from __future__ import annotations

from collections.abc import Sequence

_SHOWN = 8
_REPLACEMENT = "\ufffd"  # by its number: by its name, compiling this loads the table of names
# Control characters, with one of which every escape sequence begins. Unicode promises that its
# general category Cc never changes, https://www.unicode.org/policies/stability_policy.html, and
# Python's table of all characters is 1 MB.
_CONTROL = {*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0))}
# What turns the direction of writing around: https://www.unicode.org/reports/tr9/.
_TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNFIT = _CONTROL | _TURNING


def clean(text: str) -> str:
    """Return text on one line, without what a terminal would obey or UTF-8 cannot hold.

    Stretches of white space become one space. Control characters, lone surrogates and characters
    that turn the direction of writing become U+FFFD, so that what was there does not vanish.

    Parameters
    ----------
    text : str
        From a person, a device, a file name or another program.
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    return "".join(_fit(character) for character in " ".join(joined(text).split()))


def clean_lines(text: str) -> str:
    """Return text of several lines, each without what `clean` takes out; white space stays."""
    lines = joined(text).splitlines()
    return "\n".join("".join(map(_fit, line.expandtabs())) for line in lines)


def joined(text: str) -> str:
    """Return text whose halves of surrogate pairs are joined, or U+FFFD where one is alone."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def listed(things: Sequence[str]) -> str:
    """Return the first few of several things, and how many more there are, for a message."""
    more = len(things) - _SHOWN
    return "; ".join([*things[:_SHOWN], *([f"and {more} more"] if more > 0 else [])])


def utf8(text: str) -> bytes:
    r"""Return any text as UTF-8: what it cannot hold stands as \udc80, which JSON reads back."""
    return text.encode("utf-8", "backslashreplace")


def is_number(text: str) -> bool:
    """Return whether text is a number as Python writes it, such as 1.5, -2e3 or nan."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _fit(character: str) -> str:
    return _REPLACEMENT if character in _UNFIT else character
