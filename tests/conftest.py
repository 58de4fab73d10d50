"""Fixtures that several packages' tests use."""

from __future__ import annotations

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
