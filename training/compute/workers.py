"""Where tasks that do not depend on each other run: this machine's cores, or a Dask cluster.

Nothing else knows which. A task that a lost worker of a cluster had is given to another one.
"""

from __future__ import annotations

import functools
import os
import platform
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any

from joblib import Parallel, delayed, parallel_config

from runtime import cluster

Numbered = tuple[int, tuple[Any, ...]]

# Of the small tasks that are left, a worker's next share is this part of its equal part; the last
# shares are small, so that all workers end together, but not smaller than so many tasks.
_SHARE = 1 / 2
_LEAST = 4


class Workers:
    """Cores of this machine, or of a cluster, as a context manager.

    `jobs` says how many tasks it takes at a time, `chosen` whether somebody asked for that number.

    Parameters
    ----------
    jobs : int or None
        Tasks at a time on this machine; None for one a core. A cluster takes one per worker thread.
    scheduler : str or None
        Address of a Dask scheduler, such as "tcp://host:8786"; None for this machine.

    Raises
    ------
    WorkerError
        On entering, if the scheduler cannot be reached, has no worker within half a minute, or has
        workers with other versions than ours.
    MissingExtraError
        If `distributed` is not installed.
    """

    def __init__(self, jobs: int | None = None, scheduler: str | None = None) -> None:
        self.chosen = jobs is not None
        self.jobs = jobs or cores()
        self.scheduler = scheduler
        self._client: Any = None

    def __enter__(self) -> Workers:
        if self.scheduler is not None:
            self._client = cluster.connect(self.scheduler, _ask)
            self.jobs = sum(self._client.nthreads().values())
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    @property
    def local(self) -> bool:
        """Whether tasks run on this machine, and may be told of progress while they do."""
        return self.scheduler is None

    def run(
        self,
        function: Callable[..., Any],
        tasks: Sequence[tuple[Any, ...]],
        *,
        shared: Sequence[Any] = (),
        threads: bool = False,
        abreast: int | None = None,
    ) -> Iterator[tuple[int, Any]]:
        """Call `function(*shared, *task)` for every task; yield its number and result when done.

        Parameters
        ----------
        function : callable
            Of a module, so that other processes find it.
        tasks : sequence of tuple
            Arguments of each call.
        shared : sequence
            Arguments that all calls have first; sent to each worker once.
        threads : bool
            Whether tasks are large and let others run meanwhile: threads do them on this machine.
        abreast : int or None
            At most so many at a time on this machine.

        Raises
        ------
        WorkerError
            If a worker has other versions, or too many workers were lost.
        """
        if self._client is not None:
            # Small tasks go in shares; large ones one by one, so that a lost worker costs no more.
            numbered = list(enumerate(tasks))
            shares = [[task] for task in numbered] if threads else _shares(numbered, self.jobs)
            yield from self._on_cluster(function, shares, shared)
        elif tasks:
            calls = (
                delayed(_call)(function, [(number, task)], shared)
                for number, task in enumerate(tasks)
            )
            jobs = max(1, min(self.jobs, len(tasks), abreast or len(tasks)))
            batch: Any = 1 if threads else "auto"
            with parallel_config("threading" if threads else "loky"):
                for found in Parallel(
                    n_jobs=jobs, return_as="generator_unordered", batch_size=batch
                )(calls):
                    yield from found

    def _on_cluster(
        self,
        function: Callable[..., Any],
        shares: Iterable[Sequence[Numbered]],
        shared: Sequence[Any],
    ) -> Iterator[tuple[int, Any]]:
        # What is shared is a task's result. Of what is scattered a cluster keeps one copy after
        # some seconds, and it cannot make that anew when the worker that has it is lost.
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sending large graph")
            there = [self._client.submit(_kept, one, pure=False) for one in shared]
        futures = [
            self._client.submit(_checked, versions(), function, share, there, pure=False)
            for share in shares
        ]
        advice = "what is done is kept: add --resume."
        scheduler = self.scheduler or ""
        with closing(cluster.results(self._client, scheduler, futures, advice)) as done:
            for found in done:
                yield from found


def _kept(one: Any) -> Any:
    return one


def _shares(tasks: Sequence[Numbered], jobs: int) -> Iterator[Sequence[Numbered]]:
    """Deal small tasks out: large shares first, because sending costs, and small ones last."""
    start = 0
    while start < len(tasks):
        size = max(_LEAST, int((len(tasks) - start) * _SHARE / jobs))
        yield tasks[start : start + size]
        start += size


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@functools.cache
def versions() -> cluster.Versions:
    """Return what must be the same wherever a part of one result is computed."""
    return cluster.same_program(("device", "runtime", "training"), ("numpy", "scipy", "torch"))


def _ask() -> cluster.Versions:
    """Return `versions` of a worker; that function itself remembers, and cannot be sent."""
    return versions()


def _call(
    function: Callable[..., Any],
    tasks: Sequence[Numbered],
    shared: Sequence[Any],
) -> list[tuple[int, Any]]:
    return [(number, function(*shared, *task)) for number, task in tasks]


def _checked(
    facts: cluster.Versions,
    function: Callable[..., Any],
    tasks: Sequence[Numbered],
    shared: Sequence[Any],
) -> list[tuple[int, Any]]:
    # A worker that joined later was not asked at the beginning.
    cluster.refuse_difference(facts, {platform.node(): versions()})
    return _call(function, tasks, shared)


def in_order(results: Iterable[tuple[int, Any]], told: Callable[[int], None]) -> list[Any]:
    """Return what `Workers.run` yields in the order of the tasks, telling how many are done."""
    found: dict[int, Any] = {}
    for number, result in results:
        found[number] = result
        told(len(found))
    return [found[number] for number in sorted(found)]
