"""Things that may take long, or for ever, done at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable


def run_together(jobs: Iterable[Callable[[], object]], timeout_s: float) -> None:
    """Run jobs in threads of their own; return when all are done, or the time is over.

    A job that is late goes on, but keeps no program from ending. What jobs raise ends their
    threads alone: each must keep its result, and its errors, itself.

    Parameters
    ----------
    jobs : iterable of callable
        Called without arguments.
    timeout_s : float
        For all of them together.
    """
    until_s = time.monotonic() + timeout_s
    threads = [threading.Thread(target=job, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(until_s - time.monotonic(), 0.0))
