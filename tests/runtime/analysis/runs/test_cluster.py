"""`rtcan analyse --scheduler`: a real Dask scheduler and workers, as processes on loopback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from runtime.analysis.command import main
from tests.runtime.analysis.runs.calls import write

pytest.importorskip("distributed")
from benchmarks.common import cluster
from benchmarks.common.cluster import worker


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    """Address of a scheduler without workers."""
    before = dict(os.environ)
    with cluster.scheduler(tmp_path) as address:
        yield address
    os.environ.clear()
    os.environ.update(before)


def analyse(*arguments: object) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)])


def test_a_cluster_gives_the_same_tables_wherever_its_workers_were_started(
    tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    for name in ("p1", "p2"):
        write(home / "in" / f"{name}.csv")
    with worker(scheduler, tmp_path / "worker.log"):  # in the folder of the tests
        monkeypatch.chdir(home)
        assert analyse("in", "--out", "here", "--jobs", 1).exit_code == 0
        there = analyse("in", "--out", "there", "--scheduler", scheduler)
    assert there.exit_code == 0, there.output
    assert not (Path(__file__).parents[4] / "there").exists()
    for name in ("scr.tsv", "features.tsv", "eda.tsv.gz"):
        for person in ("p1", "p2"):
            place = Path(f"sub-{person}/beh/sub-{person}_{name}")
            assert (home / "here" / place).read_bytes() == (home / "there" / place).read_bytes()
    # Either goes on where the other stopped.
    again = analyse("in", "--out", "there", "--jobs", 1)
    assert "2 analysed, 2 of them earlier" in again.output


@pytest.mark.timeout(60)
def test_a_scheduler_without_workers_is_named(
    tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.cluster._PATIENCE_S", 1)
    result = analyse(write(tmp_path / "p.csv"), "--out", tmp_path / "o", "--scheduler", scheduler)
    assert result.exit_code == 1
    assert "has no worker. Start some" in result.output.replace("\n", " ")
