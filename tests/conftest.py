"""Fixtures that several packages' tests use."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
from hypothesis import settings

from runtime.preprocessing.contract import Contract
from tests import tiny

# How long an example takes tells how busy the machine is; times belong to the benchmarks.
settings.register_profile("rtcan", deadline=None)
settings.load_profile("rtcan")

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_runtest_logstart() -> None:
    """Keep pytest from listening to torch's trace, which torch then takes for wanted.

    pytest listens to every logger that does not propagate; with a listener, torch describes in JSON
    all that an export does, which makes it a tenth longer.
    """
    logging.getLogger("torch.__trace").propagate = True


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings, for those who have it."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real recordings (../shared/data) is not here")
    return folder


@pytest.fixture(scope="session")
def tiny_contract() -> Contract:
    """A contract whose windows are short, so that tests are."""
    return tiny.CONTRACT


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of small random networks with real windows beside them."""
    path = tmp_path_factory.mktemp("tiny") / "best.pt"
    tiny.write_checkpoint(path)
    return path


@pytest.fixture(scope="session")
def tiny_model(request: pytest.FixtureRequest) -> Path:
    """The same as an exported model."""
    if "RTCAN_TINY_MODEL" in os.environ:
        return Path(os.environ["RTCAN_TINY_MODEL"])
    checkpoint: Path = request.getfixturevalue("tiny_checkpoint")
    path = checkpoint.with_suffix(".onnx")
    tiny.write_model(checkpoint, path)
    return path


# Files take their turns by how long they take, the longest first: otherwise the last of them keeps
# one core busy, or waits for a download, while the other has nothing left to do.
LONG = (
    "tests/training/evaluation/test_resume.py",
    "tests/test_edge.py",
    "tests/training/test_run.py",
    "tests/training/fitting/test_fit.py",
    "tests/export/test_lowest_onnxruntime.py",
    "tests/test_docs_commands.py",
    "tests/export/test_variants.py",
    "tests/training/windows/test_cache.py",
    "tests/training/test_one_target.py",
    "tests/training/compute/test_cluster.py",
    "tests/export/test_parity.py",
    "tests/training/test_music.py",
    "tests/training/evaluation/test_transfer.py",
    "tests/export/test_wide_and_deep.py",
    "tests/runtime/dashboard/test_page.py",
    "tests/export/test_export.py",
    "tests/rtcan/test_siblings.py",
    "tests/device/test_commands.py",
    "tests/test_chain.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the long files begin."""
    place = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(LONG)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return one worker more than there are cores: many tests wait for a process or the network."""
    return (os.cpu_count() or 1) + 1
