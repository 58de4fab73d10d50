"""Checkpoints: one file with the contract, the networks, their figures and some real windows."""

from __future__ import annotations

import dataclasses
import io
import json
import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from device.errors import CheckpointError, ModelError
from runtime.files import write_whole
from runtime.inference import golden
from runtime.inference.golden import Golden
from runtime.inference.prior import Prior, learnt_priors, priors_to_json
from runtime.preprocessing.contract import Contract
from training.network.model import RTCAN, NetworkConfig
from training.network.wide_and_deep import WideAndDeep

_FORMAT = "rtcan-checkpoint"
_VERSION = 3
# In version 1, classes of examples were partly invented: they are not taken over. Up to version 2 a
# target had one network and no linear path.
_READABLE = (1, 2, 3)


@dataclass(frozen=True)
class Checkpoint:
    """What training leaves behind.

    Attributes
    ----------
    contract : Contract
        All constants that the networks were trained with.
    networks : dict of str to WideAndDeep
        One per target, in eval mode, in the order of the contract's targets.
    examples : float32 (n, 3, input_length)
        Real windows, with which an export is proven.
    truth : dict of str to int64 (n,)
        Per target, the class of each example, by which a smaller variant is evaluated; -1 where the
        example has no class for this target, or this target's network learnt from it.
    calibration : float32 (m, 3, input_length)
        Windows of the training side, by which a quantised variant finds its ranges.
    metrics : dict
        What stands in metrics.json.
    music : float32 (n, features) or None
        Music features of each example, as computed, where the networks take them.
    calibration_music : float32 (m, features) or None
        The same of each window in `calibration`.
    features, calibration_features : float32 (n, k), (m, k) or None
        Plain features of each example and of each window in `calibration`, in the person's own
        units, where the networks take them.
    golden : Golden or None
        Raw samples and the network input that they were when it was trained; made when it is saved,
        None in older files.
    priors : dict of str to Prior
        How people differ, by target; none where that was not learnt, as in older files.
    """

    contract: Contract
    networks: Mapping[str, WideAndDeep]
    examples: NDArray[np.float32]
    truth: Mapping[str, NDArray[np.int64]]
    calibration: NDArray[np.float32]
    metrics: dict[str, Any]
    music: NDArray[np.float32] | None = None
    calibration_music: NDArray[np.float32] | None = None
    features: NDArray[np.float32] | None = None
    calibration_features: NDArray[np.float32] | None = None
    golden: Golden | None = None
    priors: Mapping[str, Prior] = field(default_factory=dict)


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint; the file appears complete or not at all."""
    write_whole(path, to_bytes(checkpoint))


def to_bytes(checkpoint: Checkpoint) -> bytes:
    """Return what a checkpoint's file holds."""
    data = {
        "format": _FORMAT,
        "version": _VERSION,
        "contract": checkpoint.contract.to_json(),
        "networks": {
            name: {
                "config": dataclasses.asdict(network.config),
                "members": len(network.members),
                "features": network.features,
                "state": network.state_dict(),
            }
            for name, network in checkpoint.networks.items()
        },
        "examples": torch.from_numpy(checkpoint.examples),
        "truth": {name: torch.from_numpy(truth) for name, truth in checkpoint.truth.items()},
        "calibration": torch.from_numpy(checkpoint.calibration),
        "metrics": json.dumps(checkpoint.metrics),
        "music": _tensor(checkpoint.music),
        "calibration_music": _tensor(checkpoint.calibration_music),
        "features": _tensor(checkpoint.features),
        "calibration_features": _tensor(checkpoint.calibration_features),
        "golden": (checkpoint.golden or golden.make(checkpoint.contract)).to_json(),
        "priors": priors_to_json(checkpoint.priors),
    }
    file = io.BytesIO()
    torch.save(data, file)
    return file.getvalue()


def load(path: Path) -> Checkpoint:
    """Read a checkpoint; nothing in the file is executed (`weights_only`).

    Raises
    ------
    CheckpointError
        If there is no such file, or it is not an RTCAN checkpoint of a version known here.
    device.errors.ContractError
        If its contract is refused.
    """
    if not path.is_file():
        raise CheckpointError(
            f"There is no {path}. Train one with: python -m training.run --dataset synthetic"
        )
    refusal = CheckpointError(
        f"{path} is not an RTCAN checkpoint: it is no torch file, is cut short, or holds more than "
        "weights and numbers, which is not loaded because it could run code. Expected: the "
        "save/best.pt that python -m training.run writes."
    )
    if not zipfile.is_zipfile(path):
        raise refusal
    try:
        data = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, LookupError) as error:
        raise refusal from error
    if not isinstance(data, dict) or data.get("format") != _FORMAT:
        raise CheckpointError(
            f"{path} is a torch file, but not an RTCAN checkpoint. Expected: the save/best.pt that "
            "python -m training.run writes."
        )
    if data.get("version") not in _READABLE:
        raise CheckpointError(
            f"{path} is a checkpoint of version {data.get('version')!r}; this RTCAN reads versions "
            f"{_READABLE[0]} to {_VERSION}. Install the RTCAN that wrote it, or train again."
        )
    contract = Contract.from_json(data["contract"])
    networks = {}
    try:
        for target in contract.targets:
            networks[target.name] = _network(data["networks"][target.name])
        examples = np.asarray(data["examples"].numpy(), dtype=np.float32)
        truth = {name: np.asarray(t.numpy(), dtype=np.int64) for name, t in data["truth"].items()}
        if data["version"] == 1:
            truth = {name: np.full_like(one, -1) for name, one in truth.items()}
        calibration = np.asarray(data["calibration"].numpy(), dtype=np.float32)
        metrics = json.loads(data["metrics"])
        music = _array(data["music"])
        # Older files have none.
        calibration_music = _array(data.get("calibration_music"))
        features = _array(data.get("features"))
        calibration_features = _array(data.get("calibration_features"))
        stretch = Golden.from_json(data["golden"]) if "golden" in data else None
        priors = learnt_priors(data.get("priors"), contract)
    except (KeyError, TypeError, AttributeError, RuntimeError, ModelError) as error:
        raise CheckpointError(f"{path} is damaged: {error}. Train again.") from error
    return Checkpoint(
        contract, networks, examples, truth, calibration, metrics, music, calibration_music,
        features, calibration_features, stretch, priors,
    )  # fmt: skip


def _network(stored: Mapping[str, Any]) -> WideAndDeep:
    config = NetworkConfig(**stored["config"])
    members = [RTCAN(config) for _ in range(stored.get("members", 1))]
    network = WideAndDeep(members, stored.get("features", 0))
    if "members" in stored:
        network.load_state_dict(stored["state"])
    else:
        members[0].load_state_dict(stored["state"])
    return network.eval()


def _tensor(values: NDArray[np.float32] | None) -> torch.Tensor | None:
    return None if values is None else torch.from_numpy(values)


def _array(values: torch.Tensor | None) -> NDArray[np.float32] | None:
    return None if values is None else np.asarray(values.numpy(), dtype=np.float32)
