"""Several checkpoints, each for targets of its own, in one model."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device.errors import ExportError
from runtime.preprocessing.contract import Contract
from training.labels.annotation import UNKNOWN
from training.network.checkpoint import Checkpoint

# What may differ: it belongs to a target, or is told for each.
_OWN = ("targets", "labels", "trained_on")
# A key with thousands of values is named, not shown.
_LONGEST = 60


def join(stored: Mapping[str, Checkpoint]) -> Checkpoint:
    """Return one checkpoint with the networks of several, whose preprocessing must agree.

    Parameters
    ----------
    stored : mapping of str to Checkpoint
        By the file's name; at least one.

    Returns
    -------
    Checkpoint
        Targets in the order of the files. Every example stays, and counts for the targets of its
        own file. `metrics` has those of each file under "parts".

    Raises
    ------
    ExportError
        If two files have the same target, or their contracts differ in a key that says how samples
        become network input.
    """
    files, all_of_them = list(stored), list(stored.values())
    if len(files) == 1:
        return all_of_them[0]
    for first, second in itertools.combinations(files, 2):
        _check(first, stored[first], second, stored[second])
    contract = _contract([one.contract for one in all_of_them])
    with_music = bool(contract.music_mean)
    return Checkpoint(
        contract,
        {name: network for one in all_of_them for name, network in one.networks.items()},
        examples=np.concatenate([one.examples for one in all_of_them]),
        truth={
            target.name: np.concatenate(
                [
                    one.truth.get(target.name, np.full(len(one.examples), UNKNOWN, dtype=np.int64))
                    for one in all_of_them
                ]
            )
            for target in contract.targets
        },
        calibration=np.concatenate([one.calibration for one in all_of_them]),
        metrics={"parts": [one.metrics for one in all_of_them]},
        music=_beside([one.music for one in all_of_them]) if with_music else None,
        calibration_music=_beside([one.calibration_music for one in all_of_them])
        if with_music
        else None,
        features=_beside([one.features for one in all_of_them]),
        calibration_features=_beside([one.calibration_features for one in all_of_them]),
        golden=all_of_them[0].golden,
        priors={name: prior for one in all_of_them for name, prior in one.priors.items()},
    )


def _check(first: str, one: Checkpoint, second: str, other: Checkpoint) -> None:
    shared = sorted(set(one.networks) & set(other.networks))
    if shared:
        raise ExportError(
            f"{first} and {second} both have a network for {' and '.join(shared)}; give one "
            "checkpoint for each target"
        )
    theirs = dict(_flat(dataclasses.asdict(other.contract)))
    for key, value in _flat(dataclasses.asdict(one.contract)):
        if key.partition(".")[0] not in _OWN and theirs[key] != value:
            raise ExportError(
                f"{first} and {second} cannot be one model: their contracts differ in '{key}' "
                f"({_short(value)} and {_short(theirs[key])}). Train both with the same "
                "preprocessing, or export them apart."
            )


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (key, value) of a nested mapping, keys with dots."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{len(value)} values"


def _contract(contracts: list[Contract]) -> Contract:
    targets = tuple(
        dataclasses.replace(target, trained_on=target.trained_on or contract.trained_on)
        for contract in contracts
        for target in contract.targets
    )
    return dataclasses.replace(
        contracts[0],
        targets=targets,
        labels=_told(contracts, "labels"),
        trained_on=_told(contracts, "trained_on"),
    )


def _told(contracts: list[Contract], key: str) -> str:
    """Return what all say, or what each says for its targets."""
    said = [getattr(contract, key) for contract in contracts]
    if len(set(said)) == 1:
        return str(said[0])
    names = [" and ".join(target.name for target in contract.targets) for contract in contracts]
    return "; ".join(f"{name}: {words}" for name, words in zip(names, said, strict=True))


def _beside(parts: list[NDArray[np.float32] | None]) -> NDArray[np.float32] | None:
    """Return the rows of all parts; None where one of them has none (older files)."""
    known = [part for part in parts if part is not None]
    return np.concatenate(known) if len(known) == len(parts) else None
