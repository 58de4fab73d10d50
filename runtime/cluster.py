"""A Dask cluster: reached or refused with a reason, and never a mix of two programs.

Analysis and training both have tasks that do not depend on each other; this is how either of them
meets workers. Which tasks, and how they are dealt out, is theirs.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from device.digest import source_digest
from device.errors import MissingExtraError, WorkerError
from device.versions import installed

Versions = dict[str, str]

_ROOT = Path(__file__).resolve().parents[1]
_ANSWER_S = 10
_PATIENCE_S = 30
_REACH_S = 2


def connect(scheduler: str, versions: Callable[[], Versions]) -> Any:
    """Return a client of a scheduler that has workers of our own versions.

    Parameters
    ----------
    scheduler : str
        Address, such as "tcp://host:8786".
    versions : callable
        Says what must be the same here and on every worker; a plain function of a module, so that
        workers can call it.

    Returns
    -------
    distributed.Client

    Raises
    ------
    WorkerError
        If the scheduler cannot be reached, has no worker within half a minute, or has workers that
        lack RTCAN or have other versions of it.
    MissingExtraError
        If `distributed` is not installed.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise MissingExtraError("distributed", "cluster", "--scheduler") from error
    try:
        client: Any = Client(scheduler, timeout=_ANSWER_S, set_as_default=False)  # type: ignore[no-untyped-call]
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
            refuse_difference(versions(), client.run(versions))
        except TimeoutError as error:
            raise WorkerError(
                f"The scheduler at {scheduler} has no worker. Start some: dask worker {scheduler}"
            ) from error
        except ModuleNotFoundError as error:
            raise WorkerError(
                f"A worker of {scheduler} cannot import {error.name}: install RTCAN with the same "
                "extras where the workers run, the same version as here."
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


def results(
    client: Any, scheduler: str, futures: Sequence[Any], advice: str
) -> Generator[Any, None, None]:
    """Yield what tasks return, as they are done; whatever happens, none goes on afterwards.

    Raises
    ------
    WorkerError
        If the cluster gives up on a task, as it does when too many workers were lost with it;
        `advice` is its last sentence. What a task itself raises arrives as it is.
    """
    from distributed import CancelledError, as_completed

    try:
        done: Iterable[Any] = as_completed(  # type: ignore[no-untyped-call]
            futures, with_results=True, loop=client.loop
        )
        for _, found in done:
            if isinstance(found, CancelledError):  # it is handed out like a result
                raise found
            yield found
    except Exception as error:
        if not type(error).__module__.startswith("distributed"):
            raise
        raise WorkerError(
            f"The cluster at {scheduler} gave up on a task: {error}. Look into its workers' logs; "
            f"{advice}"
        ) from error
    finally:
        # After an error a client may be closed already, and has let go of them itself.
        if client.status == "running":
            client.cancel(list(futures))


def same_program(packages: Sequence[str], distributions: Sequence[str]) -> Versions:
    """Return what tells one program from another: our source, Python, and what it stands on.

    Parameters
    ----------
    packages : sequence of str
        Packages of ours, such as "runtime".
    distributions : sequence of str
        Names on PyPI; one that is not installed is told as such.
    """
    return {
        "rtcan": source_digest(*(_ROOT / package for package in packages))[:12],
        "python": ".".join(platform.python_version_tuple()[:2]),
        **dict.fromkeys(distributions, "none"),
        **installed(distributions),
    }


def refuse_difference(ours: Versions, theirs: Mapping[str, Versions]) -> None:
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
