"""Many recordings at a time: in processes of this machine, or on a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any

from device.errors import MissingExtraError, WorkerError
from runtime.analysis.runs.one import do, kept
from runtime.analysis.runs.task import Outcome, Task


def run(tasks: Sequence[Task], jobs: int, scheduler: str | None = None) -> Iterator[Outcome]:
    """Yield what became of each recording, as they are done.

    Parameters
    ----------
    tasks : sequence of Task
        Recordings.
    jobs : int
        Processes on this machine.
    scheduler : str or None
        Address of a Dask scheduler whose workers do it instead; they see the same files.

    Raises
    ------
    WorkerError
        If the scheduler cannot be reached, or a process was killed.
    """
    left = []
    for task in tasks:
        earlier = kept(task)
        if earlier is None:
            left.append(task)
        else:
            yield earlier
    if scheduler is not None:
        yield from _on_cluster(left, scheduler)
    elif jobs == 1 or len(left) <= 1:
        yield from map(do, left)
    else:
        # Started anew: a fork of a process with threads may hang.
        with ProcessPoolExecutor(min(jobs, len(left)), get_context("spawn")) as pool:
            futures = [pool.submit(do, task) for task in left]
            try:
                for future in as_completed(futures):
                    yield future.result()
            except BrokenProcessPool as error:
                raise WorkerError(
                    "A process was killed, as systems do that run out of memory: try fewer --jobs. "
                    "What is done is kept; the same command goes on"
                ) from error
            finally:
                for future in futures:
                    future.cancel()


def _on_cluster(tasks: Sequence[Task], scheduler: str) -> Iterator[Outcome]:
    try:
        from distributed import Client
        from distributed import as_completed as completed
    except ModuleNotFoundError as error:
        raise MissingExtraError("distributed", "cluster", "--scheduler") from error
    try:
        client: Any = Client(scheduler, timeout=10, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:  # a timeout is an OSError
        raise WorkerError(
            f"No Dask scheduler answers at {scheduler}: {error or type(error).__name__}. Start one "
            "with `dask scheduler`, and workers with `dask worker ADDRESS`; or leave --scheduler "
            "out."
        ) from error
    with client:
        futures = [client.submit(do, task, pure=False) for task in tasks]
        for future in completed(futures, loop=client.loop):  # type: ignore[no-untyped-call]
            yield future.result()
