"""Memory that is freed and asked for again in every step of training."""

from __future__ import annotations

import ctypes
import functools
import sys

# glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_LARGEST = 2**30


@functools.cache
def keep_freed() -> bool:
    """Have the C library keep what is freed instead of giving it back to the system.

    A step's tensors are tens of megabytes, which glibc fetches from the system and returns each
    time; clearing their pages anew took a fifth of the processor time of two fits side by side. Of
    the whole process, until its end.

    Returns
    -------
    bool
        Whether this system's C library could be told.
    """
    if sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library than glibc
        return False
    # One arena for all threads: those of other threads than the first hold 64 MB at most.
    return all(
        mallopt(*pair)
        for pair in (
            (_M_ARENA_MAX, 1),
            (_M_MMAP_THRESHOLD, _LARGEST),
            (_M_TRIM_THRESHOLD, 2**31 - 1),
        )
    )
