"""One experiment: data set to windows, split by people, fitted, tested, and kept."""

from __future__ import annotations

import dataclasses
import json
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console

from device.errors import DatasetError, RtcanError
from device.samples import FloatArray
from runtime.contract import Contract
from training import annotation, checkpoint, metrics, splits
from training.datasets.recordings import TARGETS, Dataset
from training.files import write_whole
from training.fit import Data, Epoch, fit, predict
from training.model import NetworkConfig
from training.progress import Bar
from training.settings import Settings
from training.windows import Windows, cut

# Windows that travel in the checkpoint: of held-out subjects, to prove exports with, and of the
# training side, to calibrate quantised ones.
_EXAMPLES = 256
_CALIBRATION = 64


def choose_device(name: str) -> torch.device:
    """Return the device of that name; "auto" takes cuda where it is present.

    Raises
    ------
    RtcanError
        If the device is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        place = torch.device(name)
        torch.empty(1, device=place)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise RtcanError(
            f"--device {name} cannot be used here: {reason}. Try --device cpu"
        ) from error
    return place


def run(
    data: Dataset,
    contract: Contract,
    config: NetworkConfig,
    settings: Settings,
    device: torch.device,
    output: Path,
    console: Console,
) -> dict[str, Any]:
    """Train and test both targets; write best.pt and metrics.json; return what stands in it.

    Parameters
    ----------
    data : Dataset
        Recordings.
    contract : Contract
        All constants of the preprocessing.
    config : NetworkConfig
        Shape of the networks.
    settings : Settings
        How to fit.
    device : torch.device
        Where to compute.
    output : Path
        Folder for the two files.
    console : Console
        For progress.

    Raises
    ------
    DatasetError
        If the data cannot be learnt from.
    """
    started_s = time.monotonic()
    contract = dataclasses.replace(contract, trained_on=data.trained_on)
    with Bar(console, "Decomposing", len(data.recordings)) as bar:
        windows = cut(data, contract, settings.stride_s, progress=lambda _: bar.advance())
    subjects = [recording.subject for recording in data.recordings]
    split = splits.hold_out_subjects(subjects, settings.seed)
    console.print(
        f"{len(data.recordings)} recordings of {len(data.subjects)} people, "
        f"{len(windows.inputs)} windows of {contract.window_s:g} s; training on {device}"
    )
    networks, results, losses = {}, {}, {}
    for target in TARGETS:
        truth = annotation.classes(data, target)
        train, validation, test = (
            _select(windows, truth, side) for side in (split.train, split.validation, split.test)
        )
        _require_both_classes(target, train.truth, data.name)
        with Bar(console, f"Fitting {target}", settings.epochs) as bar:
            network, history = fit(config, train, validation, settings, device, _advancing(bar))
        networks[target] = network
        losses[target] = [dataclasses.asdict(epoch) for epoch in history]
        probability = torch.softmax(predict(network, test.inputs, device), dim=1).numpy()
        network.cpu()
        results[target] = _figures(
            probability.astype(np.float64), windows, truth, train, test, subjects, settings.seed
        )
    report = {
        "dataset": data.name,
        "trained_on": data.trained_on,
        "protocol": splits.PROTOCOL,
        "labels": annotation.DESCRIPTION,
        "recordings": len(data.recordings),
        "windows": len(windows.inputs),
        "skipped": dict(data.skipped),
        "refused": dict(windows.refused),
        "settings": dataclasses.asdict(settings),
        "network": dataclasses.asdict(config),
        "versions": {
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "numpy": np.__version__,
        },
        "targets": results,
        "history": losses,
        "seconds": round(time.monotonic() - started_s, 1),
    }
    held_out = _spread(np.isin(windows.recording, split.test), _EXAMPLES)
    of_training = _spread(np.isin(windows.recording, split.train), _CALIBRATION)
    kept = checkpoint.Checkpoint(
        contract,
        networks,
        examples=windows.inputs[held_out],
        truth={t: annotation.classes(data, t)[windows.recording[held_out]] for t in TARGETS},
        calibration=windows.inputs[of_training],
        metrics=report,
    )
    checkpoint.save(kept, output / "best.pt")
    write_whole(output / "metrics.json", (json.dumps(report, indent=2) + "\n").encode())
    return report


def _spread(mask: NDArray[np.bool_], most: int) -> NDArray[np.int64]:
    """Return at most `most` indices of true values, evenly spread."""
    index = np.flatnonzero(mask).astype(np.int64)
    return index[np.linspace(0, index.size - 1, min(most, index.size)).round().astype(np.int64)]


def _advancing(bar: Bar) -> Any:
    def told(epoch: Epoch) -> None:
        best = " (best)" if epoch.best else ""
        bar.advance(f"loss {epoch.train_loss:.3f}, validation {epoch.validation_loss:.3f}{best}")

    return told


def _select(windows: Windows, truth: metrics.Labels, side: metrics.Labels) -> Data:
    keep = np.isin(windows.recording, side)
    if not keep.any():
        raise DatasetError(
            "The people of one side of the split have no usable window at all; see what was "
            f"refused: {dict(windows.refused)}"
        )
    recording = windows.recording[keep]
    return Data(windows.inputs[keep], recording, truth[recording])


def _require_both_classes(target: str, truth: metrics.Labels, name: str) -> None:
    if np.unique(truth).size < 2:
        kind = "high" if truth[0] else "low"
        raise DatasetError(
            f"All training recordings of {name} have {kind} {target}; two classes are needed"
        )


def _figures(
    probability: FloatArray,
    windows: Windows,
    truth: metrics.Labels,
    train: Data,
    test: Data,
    subjects: list[str],
    seed: int,
) -> dict[str, Any]:
    """Figures per recording on the held-out people: ours, logistic regression, majority."""
    fitted_on, order = np.unique(train.recording), np.unique(test.recording)
    mean = metrics.per_recording(probability, test.recording, order)
    plain_train, plain_test = (
        metrics.per_recording(windows.features, windows.recording, side)
        for side in (fitted_on, order)
    )
    predictions = {
        "rtcan": mean.argmax(axis=1).astype(np.int64),
        "logistic_regression": metrics.logistic_regression(
            plain_train, truth[fitted_on], plain_test, seed
        ),
        "majority": metrics.majority(truth[fitted_on], truth[order]),
    }
    who = [subjects[r] for r in order]
    return {
        name: metrics.evaluate(truth[order], predicted, who, seed)
        for name, predicted in predictions.items()
    } | {"high_share": float(truth[order].mean())}
