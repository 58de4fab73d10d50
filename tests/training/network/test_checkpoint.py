import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from device.errors import CheckpointError
from training.network import checkpoint


def test_round_trip(tiny_checkpoint: Path, tmp_path: Path) -> None:
    one = checkpoint.load(tiny_checkpoint)
    checkpoint.save(one, tmp_path / "deep" / "again.pt")
    two = checkpoint.load(tmp_path / "deep" / "again.pt")
    assert two.contract == one.contract
    np.testing.assert_array_equal(two.examples, one.examples)
    x = torch.from_numpy(one.examples)
    for name, network in one.networks.items():
        assert torch.equal(network(x), two.networks[name](x))
    assert sorted(p.name for p in (tmp_path / "deep").iterdir()) == ["again.pt"]


def test_it_loads_with_weights_only(tiny_checkpoint: Path) -> None:
    assert torch.load(tiny_checkpoint, weights_only=True)["format"] == "rtcan-checkpoint"


class Evil:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


def test_a_checkpoint_cannot_run_code(tmp_path: Path) -> None:
    torch.save({"format": "rtcan-checkpoint", "x": Evil(tmp_path / "owned")}, tmp_path / "a.pt")
    (tmp_path / "b.pt").write_bytes(pickle.dumps(Evil(tmp_path / "owned")))
    for name in ("a.pt", "b.pt"):
        with pytest.raises(CheckpointError, match="not an RTCAN checkpoint"):
            checkpoint.load(tmp_path / name)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("content", [b"", b"text\n", b"PK\x03\x04"])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"x\.pt"):
        checkpoint.load(path)


def test_foreign_newer_and_damaged_ones_are_refused(tmp_path: Path, tiny_checkpoint: Path) -> None:
    path = tmp_path / "x.pt"
    torch.save({"weights": torch.zeros(3)}, path)
    with pytest.raises(CheckpointError, match="not an RTCAN checkpoint"):
        checkpoint.load(path)
    data = torch.load(tiny_checkpoint, weights_only=True)
    torch.save(data | {"version": 9}, path)
    with pytest.raises(CheckpointError, match="version 9"):
        checkpoint.load(path)
    del data["networks"]["valence"]
    torch.save(data, path)
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoint.load(path)
    with pytest.raises(CheckpointError, match=r"training\.run"):
        checkpoint.load(tmp_path / "none.pt")


def test_classes_of_a_version_1_file_are_not_believed(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    data = torch.load(tiny_checkpoint, weights_only=True)
    assert data["version"] == 3
    # A network alone, as it was before version 3.
    prefix = "members.0."
    networks = {
        name: {
            "config": stored["config"],
            "state": {
                key.removeprefix(prefix): value
                for key, value in stored["state"].items()
                if key.startswith(prefix)
            },
        }
        for name, stored in data["networks"].items()
    }
    torch.save(data | {"version": 1, "networks": networks}, tmp_path / "old.pt")
    old, new = checkpoint.load(tmp_path / "old.pt"), checkpoint.load(tiny_checkpoint)
    windows = torch.from_numpy(new.examples)
    for name, network in old.networks.items():
        assert torch.equal(network(windows), new.networks[name](windows))
    assert all((truth == -1).all() for truth in old.truth.values())
    np.testing.assert_array_equal(old.examples, checkpoint.load(tiny_checkpoint).examples)
