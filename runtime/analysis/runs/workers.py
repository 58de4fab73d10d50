"""Many recordings at a time: in processes of this machine, or on a Dask cluster."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import replace
from multiprocessing import get_context

from device.errors import WorkerError
from runtime import cluster
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
        If the scheduler cannot be reached, has no worker or one of another version, or a process
        was killed.
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
    with cluster.connect(scheduler, _versions) as client:
        ours = _versions()
        futures = [
            # Workers were started in other folders.
            client.submit(_checked, ours, number, task.absolute(), pure=False)
            for number, task in enumerate(tasks)
        ]
        advice = "what is done is kept; the same command goes on."
        with closing(cluster.results(client, scheduler, futures, advice)) as done:
            for number, outcome in done:
                yield replace(outcome, path=tasks[number].path)


def _versions() -> cluster.Versions:
    return cluster.same_program(("device", "runtime"), ("numpy", "scipy"))


def _checked(facts: cluster.Versions, number: int, task: Task) -> tuple[int, Outcome]:
    # A worker that joined later was not asked at the beginning.
    cluster.refuse_difference(facts, {platform.node(): _versions()})
    return number, do(task)
