"""A Dask scheduler and workers, as separate processes on loopback."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.common import cluster
from benchmarks.common.cluster import worker
from device.errors import WorkerError
from tests.training.runs import call
from training.compute import workers
from training.compute.workers import Workers

pytest.importorskip("distributed")


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """Address of a scheduler without workers."""
    with cluster.scheduler(tmp_path) as address:
        yield address


@pytest.fixture(scope="module")
def staffed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a scheduler with a worker."""
    folder = tmp_path_factory.mktemp("cluster")
    log = folder / "worker.log"
    with cluster.scheduler(folder) as address, worker(address, log):
        cluster.registered(log)
        yield address


def test_a_cluster_gives_the_same_even_if_a_worker_is_lost(
    tree: Path, tmp_path: Path, scheduler: str
) -> None:
    options = ("--target", "arousal", "--epochs", "1", "--folds", "3")
    assert call(tree, tmp_path / "here", *options).exit_code == 0
    with ExitStack() as open_:
        logs = [tmp_path / f"worker{n}.log" for n in range(2)]
        running = {w.pid: w for w in [open_.enter_context(worker(scheduler, log)) for log in logs]}
        for log in logs:
            cluster.registered(log)
        killed = []
        save = workers.Workers.run

        def run(self: Workers, function: object, *more: object, **named: object) -> object:
            pids = self._client.run(os.getpid)
            for result in save(self, function, *more, **named):  # type: ignore[arg-type]
                if function.__name__ == "fit_bundle" and not killed:  # type: ignore[attr-defined]
                    # The first fold is done; the others are under way.
                    busy = [pids[w] for w, tasks in self._client.processing().items() if tasks]
                    killed.append(running.pop(busy[0]))
                    killed[0].kill()
                yield result

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(workers.Workers, "run", run)
            result = call(
                tree, tmp_path / "there", *options, "--scheduler", scheduler, "--no-cache"
            )
        assert result.exit_code == 0, result.output
        [left] = running.values()
        assert killed and left.poll() is None
    here, there = (
        json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("here", "there")
    )
    assert here["targets"] == there["targets"]
    assert here["identity"] == there["identity"]
    rows = [
        sorted((tmp_path / name / "epochs.csv").read_text().splitlines())
        for name in ("here", "there")
    ]
    assert rows[0] == rows[1]


def test_a_scheduler_that_nobody_answers_at_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.cluster._ANSWER_S", 1)
    with pytest.raises(WorkerError, match=r"No Dask scheduler answers at tcp://127.0.0.1:9"):
        Workers(scheduler="tcp://127.0.0.1:9").__enter__()


def test_a_scheduler_without_workers_is_named(
    scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.cluster._PATIENCE_S", 2)
    with pytest.raises(WorkerError, match="has no worker"):
        Workers(scheduler=scheduler).__enter__()


def test_workers_of_other_versions_are_refused(
    staffed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = workers.versions() | {"torch": "1.1.0"}
    monkeypatch.setattr(workers, "versions", lambda: ours)
    with pytest.raises(WorkerError, match=r"has torch \S+, not 1\.1\.0"):
        Workers(scheduler=staffed).__enter__()
    # One that came later is found out by the task itself.
    monkeypatch.setattr("runtime.cluster.refuse_difference", lambda ours, theirs: None)
    with (
        pytest.raises(WorkerError, match=r"has torch \S+, not 1\.1\.0"),
        Workers(scheduler=staffed) as cluster,
    ):
        list(cluster.run(len, [("abc",)]))


def test_the_error_of_a_task_arrives_as_it_is(staffed: str) -> None:
    with Workers(scheduler=staffed) as cluster:
        assert sorted(cluster.run(len, [("abc",), ("",)])) == [(0, 3), (1, 0)]
        with pytest.raises(ValueError, match="invalid literal"):
            list(cluster.run(int, [("three",)]))


def _slowly(shared: bytes, number: int) -> int:
    time.sleep(6 * number)
    return number + len(shared)


def test_what_is_shared_outlives_the_worker_that_has_it(tmp_path: Path, scheduler: str) -> None:
    with ExitStack() as open_:
        logs = [tmp_path / f"worker{n}.log" for n in range(2)]
        running = {w.pid: w for w in [open_.enter_context(worker(scheduler, log)) for log in logs]}
        for log in logs:
            cluster.registered(log)
        with Workers(scheduler=scheduler) as own:
            found = own.run(_slowly, [(0,), (1,)], shared=(b"four",), threads=True)
            assert next(found) == (0, 4)
            time.sleep(4)  # every two seconds a cluster drops the copies that no task waits for
            pids = own._client.run(os.getpid)
            [busy] = [pids[w] for w, tasks in own._client.processing().items() if tasks]
            running[busy].kill()
            assert list(found) == [(1, 5)]
