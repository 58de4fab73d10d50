"""What all tests of training need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from training.datasets.standins import pmemo


@pytest.fixture(autouse=True, scope="session")
def not_the_user_s_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One cache of windows for all tests, which none shares with a user."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTCAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("RTCAN_DATA", raising=False)
        yield


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, for a test of it."""
    folder = tmp_path / "own-cache"
    folder.mkdir()
    monkeypatch.setenv("RTCAN_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PMEmo of 2019: 10 people, 20 songs."""
    folder = tmp_path_factory.mktemp("pmemo")
    pmemo.write(folder, 10, 20, seed=2)
    return folder


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """A small network on a busy machine is slowed down by a second thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
