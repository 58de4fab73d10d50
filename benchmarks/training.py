"""Training speed: ours against a plain loop over batches, as published, and a cluster of two.

python -m benchmarks.training [--quick] [--output DIR]

One problem of DEAP's size (32 people, 40 trials, a window each; noise, since the time does not
depend on what is learnt), the same network, the same optimiser, the same batch of 300:

plain         a network per fold, one after another, its batches from a DataLoader
sequential    `training.fitting.fit`, one fold after another
side by side  `training.fitting.fit`, a fold per core; what `training.run` does on a CPU
stacked       `training.fitting.fit`, all folds as one program; what `training.run` does on a GPU

once with the published batch of 300 and once with our preset's of 32.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.common.cluster import preprocessing_speedup
from benchmarks.common.report import show_table, write_result
from benchmarks.peers.published_network import published
from device.cli import RtcanCommand
from device.samples import Samples
from training.compute.workers import Workers, cores
from training.datasets.recordings import Dataset, Recording
from training.fitting.fit import Task, batch_size, fit, steps_in_epoch
from training.fitting.settings import Settings
from training.folds import cross_validation
from training.folds.cross_validation import Fit
from training.folds.journal import Journal
from training.folds.problem import MusicScale, Problem
from training.folds.splits import Plan
from training.labels import annotation
from training.network.model import RTCAN, NetworkConfig
from training.windows.cut import Windows

_PEOPLE, _TRIALS, _FOLDS, _EPOCHS = 32, 40, 10, 300
# What the plain loop does too: no early end, and windows as they are.
_SAME = Settings(patience=_EPOCHS, least_slice=1.0)
# Folds that are timed: more of them cost as much each.
_TIMED = 6
_BATCH = 300
_WAYS = ("plain", "sequential", "side by side", "stacked")
# Dense bf16 products of one H200 (NVIDIA's data sheet), floating-point operations a second.
_H200_BF16 = 989e12


def deap_size(input_length: int, settings: Settings, seed: int = 0) -> Problem:
    """Return a problem of DEAP's size, of noise and random labels."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 2, (_PEOPLE * _TRIALS, 2)).tolist()
    recordings = [
        Recording(
            subject=f"s{n // _TRIALS:02}",
            stimulus=f"{n % _TRIALS:02}",
            ratings={},
            classes={"arousal": arousal, "valence": valence},
            samples=Samples.empty(),
        )
        for n, (arousal, valence) in enumerate(classes)
    ]
    data = Dataset(name="noise", trained_on="noise", recordings=recordings, rating_range=(1, 9))
    number = len(recordings)
    inputs = rng.normal(size=(number, 3, input_length)).astype(np.float32)
    return Problem(
        data=data,
        windows=Windows(
            inputs,
            np.zeros((number, 5)),
            np.arange(number),
            np.zeros(number),
            np.zeros(number),
            np.zeros(number, dtype=np.bool_),
            Counter(),
        ),
        annotation=annotation.annotate(data, "fixed:5"),
        targets=("arousal", "valence"),
        config=NetworkConfig(input_length=input_length),
        settings=settings,
        plan=Plan(folds=_FOLDS),
    )


def plain(config: NetworkConfig, task: Task, settings: Settings, device: torch.device) -> None:
    """Fit one network the usual way: batches from a loader, a look at the others each epoch."""
    sides = [
        TensorDataset(torch.from_numpy(side.inputs[side.window]), torch.from_numpy(side.truth))
        for side in (task.train, task.validation)
    ]
    if device.type != "cpu":  # the data is there already, as the issue of a fair peer has it
        sides = [TensorDataset(*(t.to(device) for t in side.tensors)) for side in sides]
    train = DataLoader(sides[0], settings.batch_size, shuffle=True)
    validation = DataLoader(sides[1], settings.batch_size)
    network = published(RTCAN(config)).to(device)
    optimiser = torch.optim.AdamW(network.parameters(), settings.learning_rate)
    for _ in range(settings.epochs):
        network.train()
        for eda, truth in train:
            optimiser.zero_grad()
            functional.cross_entropy(network(eda), truth).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        network.eval()
        with torch.no_grad():
            for eda, truth in validation:
                functional.cross_entropy(network(eda), truth).item()


def fit_all(how: str, problem: Problem, folds: int, device: torch.device) -> float:
    """Fit the first folds in one of the ways of `_WAYS`; return the seconds it took."""
    tasks = [
        Task(*(problem.select("arousal", side, MusicScale()) for side in (s.train, s.validation)))
        for s in problem.splits("arousal")[:folds]
    ]
    config, settings = problem.config, problem.settings
    each = 1 if how == "side by side" else cores()
    with cross_validation.threads(each):
        began_s = time.perf_counter()
        if how == "plain":
            for task in tasks:
                plain(config, task, settings, device)
        elif how == "sequential":
            for task in tasks:
                fit(config, [task], settings, device)
        elif how == "stacked":
            # Folds whose steps differ in size are stacks of their own, as in cross-validation.
            alike: dict[int, list[Task]] = {}
            for task in tasks:
                size = batch_size(task.train.recordings, settings)
                alike.setdefault(size, []).append(task)
            for own in alike.values():
                fit(config, own, settings, device)
        else:
            with Workers() as workers:
                calls = [(config, [task], settings, device) for task in tasks]
                list(workers.run(fit, calls, threads=True))
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - began_s


def measure(
    input_length: int, settings: Settings, folds: int, turns: int, device: torch.device
) -> dict[str, dict[str, float]]:
    """Time all ways in turn, each in a process of its own, and return their figures."""
    ways = [w for w in _WAYS if device.type == "cpu" or w != "side by side"]
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(turns):
        for way in ways:
            # What one way tells the C library about memory must not serve the next.
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as own:
                problem = deap_size(input_length, settings)
                seconds[way].append(own.submit(fit_all, way, problem, folds, device).result())
    shown = sum(
        steps_in_epoch(len(s.train), settings) * batch_size(len(s.train), settings)
        for s in deap_size(input_length, settings).splits("arousal")[:folds]
    ) * settings.epochs  # fmt: skip
    whole = 2 * _FOLDS * _EPOCHS / (folds * settings.epochs)
    plain_s = np.array(seconds["plain"])
    return {
        way: {
            "windows_per_s": float(shown / np.median(took)),
            "epoch_s": float(np.median(took) / folds / settings.epochs),
            "full_run_s_estimated": float(np.median(took) * whole),
            "speedup": float(np.median(plain_s / np.array(took))),
        }
        for way, took in seconds.items()
    }


def full_run(problem: Problem, device: torch.device) -> dict[str, float]:
    """Fit all folds of both targets for all epochs; return the time and what of it is products."""
    fits = [Fit(problem, t, split) for t in problem.targets for split in problem.splits(t)]
    began_s = time.perf_counter()
    cross_validation.run(fits, device, Journal(None), Workers())
    torch.cuda.synchronize()
    seconds = time.perf_counter() - began_s
    shown = sum(
        steps_in_epoch(len(f.split.train), problem.settings) * _BATCH for f in fits
    ) * _EPOCHS  # fmt: skip
    operations = shown * operations_per_window(problem.config)
    return {
        "seconds": seconds,
        "share_of_bf16_rate": operations / seconds / _H200_BF16,
    }


def operations_per_window(config: NetworkConfig) -> float:
    """Return floating-point operations of one window's step, forwards and backwards."""
    network, number = RTCAN(config), 4
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(number, 3, config.input_length)).sum().backward()
    return float(counter.get_total_flops()) / number


@click.command(cls=RtcanCommand)
@click.option("--quick", is_flag=True, help="Two folds instead of six, once; no cluster.")
@click.option("--input-length", default=500, show_default=True, help="Samples per channel.")
@click.option(
    "--eevr", type=click.Path(path_type=Path, exists=True), help="EEVR's folder, for the cluster."
)
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the result.")
def main(quick: bool, input_length: int, eevr: Path | None, output: Path | None) -> None:
    """Measure training on the CPU, on a GPU where there is one, and on two local workers."""
    figures: dict[str, Any] = {"input_length": input_length, "batch": _BATCH}
    claims: dict[str, float | None] = dict.fromkeys(
        ("cpu_speedup", "gpu_full_run_s", "gpu_speedup", "dask_speedup")
    )
    cpu = torch.device("cpu")
    folds = 2 if quick else _TIMED
    for batch, turns in ((_BATCH, 1 if quick else 3), (Settings().batch_size, 1)):
        settings = dataclasses.replace(_SAME, epochs=1, batch_size=batch)
        found = measure(input_length, settings, folds, turns, cpu)
        figures[f"cpu_batch_{batch}"] = found
        _show(f"CPU, {cores()} cores, input of {input_length}, batch {batch}", found)
        if batch == _BATCH:
            # What training.run does with such a problem on these cores.
            each = cross_validation.threads_of(deap_size(input_length, settings))
            way = "side by side" if each == 1 else "sequential"
            figures["cpu_way"] = way
            claims["cpu_speedup"] = found[way]["speedup"]
    if torch.cuda.is_available():
        place = torch.device("cuda")
        half = dataclasses.replace(_SAME, epochs=10, batch_size=_BATCH, precision="bf16")
        found = measure(input_length, half, _FOLDS, 3, place)
        figures["gpu"] = {"name": torch.cuda.get_device_name(), **found}
        claims["gpu_speedup"] = found["stacked"]["speedup"]
        _show(torch.cuda.get_device_name(), found)
        long = dataclasses.replace(half, epochs=_EPOCHS)
        figures["gpu_full_run"] = full_run(deap_size(input_length, long), place)
        claims["gpu_full_run_s"] = figures["gpu_full_run"]["seconds"]
    if not quick:
        figures["dask"] = preprocessing_speedup(eevr)
        claims["dask_speedup"] = figures["dask"]["speedup"]
    write_result("training", figures, claims, output, threads=cores(), quick=quick)


def _show(title: str, found: dict[str, dict[str, float]]) -> None:
    show_table(
        title,
        ["", "windows/s", "epoch of a fold, s", "full run, h (estimated)", "times plain"],
        [
            [
                name,
                f"{one['windows_per_s']:.0f}",
                f"{one['epoch_s']:.2f}",
                f"{one['full_run_s_estimated'] / 3600:.2f}",
                f"{one['speedup']:.2f}",
            ]
            for name, one in found.items()
        ],
    )


if __name__ == "__main__":
    main()
