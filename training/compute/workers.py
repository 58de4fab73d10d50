"""Where tasks that do not depend on each other run: this machine's cores, or a Dask cluster.

Nothing else knows which. A task that a lost worker of a cluster had is given to another one.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from importlib import metadata
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed, parallel_config

from device.errors import MissingExtraError, WorkerError

Numbered = tuple[int, tuple[Any, ...]]

_ROOT = Path(__file__).resolve().parents[2]
_PATIENCE_S = 30
_REACH_S = 2
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
            self._client = _connect(self.scheduler)
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
        from distributed import as_completed

        # Every worker has all that is shared, so that none loses it for the others.
        there: list[Any] = []
        if shared:
            there = self._client.scatter(list(shared), direct=False, broadcast=True, hash=False)
        futures = [
            self._client.submit(_checked, versions(), function, share, there, pure=False)
            for share in shares
        ]
        try:
            done: Iterable[Any] = as_completed(  # type: ignore[no-untyped-call]
                futures, with_results=True, loop=self._client.loop
            )
            for _, found in done:
                yield from found
        except Exception as error:
            if not type(error).__module__.startswith("distributed"):
                raise
            raise WorkerError(
                f"The cluster at {self.scheduler} gave up on a task: {error}. Look into its "
                "workers' logs; what is done is kept: add --resume."
            ) from error
        finally:
            # A client that was closed meanwhile, after an error, has let go of them itself.
            if self._client is not None:
                self._client.cancel(futures)


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
def versions() -> dict[str, str]:
    """Return what must be the same wherever a part of one result is computed."""
    digest = hashlib.sha256()
    for package in ("device", "runtime", "training"):
        for path in sorted((_ROOT / package).rglob("*.py")):
            digest.update(path.relative_to(_ROOT).as_posix().encode() + path.read_bytes())
    return {
        "rtcan": digest.hexdigest()[:12],
        "python": ".".join(platform.python_version_tuple()[:2]),
        **{name: metadata.version(name) for name in ("numpy", "scipy", "torch")},
    }


def _ask() -> dict[str, str]:
    """Return `versions` of a worker; that function itself remembers, and cannot be sent."""
    return versions()


def _call(
    function: Callable[..., Any],
    tasks: Sequence[Numbered],
    shared: Sequence[Any],
) -> list[tuple[int, Any]]:
    return [(number, function(*shared, *task)) for number, task in tasks]


def _checked(
    facts: dict[str, str],
    function: Callable[..., Any],
    tasks: Sequence[Numbered],
    shared: Sequence[Any],
) -> list[tuple[int, Any]]:
    # A worker that joined later was not asked at the beginning.
    refuse_difference(facts, {platform.node(): versions()})
    return _call(function, tasks, shared)


def refuse_difference(ours: dict[str, str], theirs: dict[str, dict[str, str]]) -> None:
    """Raise `WorkerError` if a worker has other versions than `ours`."""
    found = [
        f"{worker} has {name} {own.get(name)}, not {ours[name]}"
        for worker, own in theirs.items()
        for name in ours
        if own.get(name) != ours[name]
    ]
    if found:
        more = f" and {len(found) - 4} more" if len(found) > 4 else ""
        raise WorkerError(
            f"Workers differ from this machine, so that a table would mix two programs: "
            f"{'; '.join(found[:4])}{more}. Install the same on all of them, and restart them."
        )


def _connect(scheduler: str) -> Any:
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise MissingExtraError("distributed", "cluster", "--scheduler") from error
    try:
        client: Any = Client(  # type: ignore[no-untyped-call]
            scheduler, timeout=_PATIENCE_S / 3, set_as_default=False
        )
    except (OSError, ValueError) as error:  # a timeout is an OSError
        raise WorkerError(
            f"No Dask scheduler answers at {scheduler}: {error or type(error).__name__}. Start one "
            "with `dask scheduler`, and workers with `dask worker ADDRESS`; or leave --scheduler "
            "out."
        ) from error
    with ExitStack() as refused:
        refused.callback(client.close)
        try:
            client.wait_for_workers(1, timeout=_PATIENCE_S)
            refuse_difference(versions(), client.run(_ask))
        except TimeoutError as error:
            raise WorkerError(
                f"The scheduler at {scheduler} has no worker. Start some: dask worker {scheduler}"
            ) from error
        except ModuleNotFoundError as error:
            raise WorkerError(
                f"A worker of {scheduler} cannot import {error.name}: install rtcan[train,cluster] "
                "where the workers run, the same version as here."
            ) from error
        refused.pop_all()
    # What workers answer then does not pass through the scheduler.
    client.direct_to_workers = client.sync(_reached, client, list(client.nthreads()))
    return client


async def _reached(client: Any, workers: Sequence[str]) -> bool:
    """Return whether this machine can talk to all workers, as it may not to those behind a gate."""
    from distributed.comm.core import connect

    try:
        for address in workers:
            comm = await connect(  # type: ignore[no-untyped-call]
                address, timeout=_REACH_S, **client.connection_args
            )
            await comm.close()
    except OSError:
        return False
    return True


def in_order(results: Iterable[tuple[int, Any]], told: Callable[[int], None]) -> list[Any]:
    """Return what `Workers.run` yields in the order of the tasks, telling how many are done."""
    found: dict[int, Any] = {}
    for number, result in results:
        found[number] = result
        told(len(found))
    return [found[number] for number in sorted(found)]
