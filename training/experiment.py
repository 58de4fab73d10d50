"""One experiment: windows, all folds, the model that is kept, and what it is worth."""

from __future__ import annotations

import dataclasses
import json
import platform
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console

from device.errors import RtcanError
from runtime.contract import Contract, Target
from training import annotation, cache, checkpoint, crossval
from training.crossval import Kept, Outcome
from training.datasets.recordings import Dataset
from training.datasets.registry import Source
from training.files import write_whole
from training.judge import judge
from training.model import RTCAN
from training.problem import Problem
from training.progress import Bar
from training.splits import Plan, Split, inner
from training.windows import Windows

# Windows that travel in the checkpoint: of people that it did not learn from, to prove exports
# with, and of the training side, to calibrate quantised ones.
_EXAMPLES = 256
_CALIBRATION = 64


@dataclass(frozen=True)
class Result:
    """What an experiment gave.

    Attributes
    ----------
    metrics : dict
        What stands in metrics.json.
    problem : Problem
        What was learnt.
    contract : Contract
        Of the model that was kept.
    """

    metrics: dict[str, Any]
    problem: Problem
    contract: Contract


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


def prepare(
    source: Source,
    contract: Contract,
    stride_s: float,
    whole_trial: bool,
    folder: Path | None,
    console: Console,
) -> tuple[Dataset, Windows]:
    """Read and decompose a data set, or take its windows from the cache; see `training.cache`."""
    bars: list[Bar] = []

    def cutting(done: int, of: int) -> None:
        if not bars:
            bars.append(Bar(console, "Decomposing", of))
            bars[0].__enter__()
        bars[0].advance()

    began_s = time.monotonic()
    try:
        found = cache.windows(
            source, contract, stride_s, whole_trial=whole_trial, folder=folder,
            reading=lambda: console.print(f"Reading [bold]{source.name}[/] ..."), cutting=cutting,
        )  # fmt: skip
    finally:
        for bar in bars:
            bar.__exit__(None, None, None)
    data, windows = found
    console.print(
        f"{len(data.recordings)} recordings of {len(data.subjects)} people, {len(windows.inputs)} "
        f"windows ({'decomposed' if bars else 'from the cache'} in "
        f"{time.monotonic() - began_s:.1f} s)"
    )
    return data, windows


def run(
    problem: Problem,
    contract: Contract,
    device: torch.device,
    output: Path,
    console: Console,
    *,
    compared: Plan | None = None,
    resume: bool = False,
    jobs: int | None = None,
    facts: dict[str, Any] | None = None,
) -> Result:
    """Test a problem on all its folds, fit the model that is kept, and write both.

    With several folds the kept model is fitted once more, on everybody but a fifth of the people
    who choose its epoch and its temperature; its figures are those of the folds, whose models were
    fitted the same way on fewer people. With one fold it is that fold's model.

    Parameters
    ----------
    problem : Problem
        What is learnt.
    contract : Contract
        All constants of the preprocessing.
    device : torch.device
        Where to compute.
    output : Path
        Folder for best.pt and metrics.json.
    console : Console
        For progress.
    compared : Plan or None
        Another protocol whose figures are wanted beside, never mixed.
    resume : bool
        Whether to go on where an interrupted run stopped.
    jobs : int or None
        Fits at a time.
    facts : dict or None
        More that stands in metrics.json.

    Raises
    ------
    DatasetError
        If the data cannot be learnt from.
    """
    started_s = time.monotonic()
    kept = Kept(output / "folds", resume)
    plans = (
        [problem] if compared is None else [problem, dataclasses.replace(problem, plan=compared)]
    )
    tasks = [[(t, split) for t in p.targets for split in p.splits(t)] for p in plans]
    single = problem.plan.folds == 1 and problem.plan.repeat == 1 and not problem.plan.leave_one_out
    last = [] if single else [(t, _final(problem, t)) for t in problem.targets]
    epochs = problem.settings.epochs * (sum(map(len, tasks)) + len(last))
    try:
        with Bar(console, "Fitting", epochs) as bar:
            outcomes = [
                crossval.run(p, own, device, kept, jobs=jobs, progress=bar.advance)
                for p, own in zip(plans, tasks, strict=True)
            ]
            finals = crossval.run(problem, last, device, kept, jobs=jobs, progress=bar.advance)
    except KeyboardInterrupt:
        console.print(f"\nInterrupted; the folds done are kept in {kept.folder}: add --resume")
        raise
    if kept.resumed:
        console.print(f"{kept.resumed} fits were taken from the interrupted run")
    judged = [
        {
            target: judge(
                p,
                target,
                [split for t, split in own if t == target],
                [outcome for outcome in found if outcome.target == target],
            )
            for target in p.targets
        }
        for p, own, found in zip(plans, tasks, outcomes, strict=True)
    ]
    chosen = {
        outcome.target: (split, outcome)
        for (_, split), outcome in zip(
            tasks[0] if single else last, outcomes[0] if single else finals, strict=True
        )
    }
    contract = _finished(contract, problem, chosen)
    report = {
        "dataset": problem.data.name,
        "trained_on": problem.data.trained_on,
        "protocol": problem.plan.describe(),
        "labels": problem.annotation.rule,
        "labels_degenerate": dict(problem.annotation.degenerate),
        "notes": list(problem.data.notes),
        "recordings": len(problem.data.recordings),
        "people": len(problem.data.subjects),
        "windows": len(problem.windows.inputs),
        "skipped": dict(problem.data.skipped),
        "refused": dict(problem.windows.refused),
        "settings": dataclasses.asdict(problem.settings),
        "network": dataclasses.asdict(problem.config),
        "not_live": contract.not_live,
        "versions": {
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "numpy": np.__version__,
            "commit": _commit(),
        },
        "targets": judged[0],
        "compared": None
        if compared is None
        else {"protocol": compared.describe(), "targets": judged[1]},
        "history": {t: chosen[t][1].history for t in problem.targets},
        "fold_history": {
            t: [o.history for o in outcomes[0] if o.target == t] for t in problem.targets
        },
        "kept_model": "the model of the one split"
        if single
        else "fitted once more on all people but a fifth, who chose its epoch and temperature; the "
        "figures are the folds'",
        **(facts or {}),
        "seconds": round(time.monotonic() - started_s, 1),
    }
    checkpoint.save(_checkpoint(problem, contract, chosen, single, report), output / "best.pt")
    write_whole(output / "metrics.json", (json.dumps(report, indent=2) + "\n").encode())
    kept.clear()
    return Result(report, problem, contract)


def _final(problem: Problem, target: str) -> Split:
    """Return the split of the kept model: nobody tests, a fifth chooses."""
    truth = problem.annotation.classes[target]
    usable = np.flatnonzero(truth >= 0).astype(np.int64)
    # The same draw for both targets, so that the same people chose both.
    rng = np.random.default_rng(np.random.SeedSequence((problem.plan.seed, 1_000_000)))
    train, validation = inner(problem.plan, problem.subjects, problem.stimuli, truth, usable, rng)
    return Split("kept model", train, validation, np.empty(0, dtype=np.int64))


def _finished(
    contract: Contract, problem: Problem, chosen: dict[str, tuple[Split, Outcome]]
) -> Contract:
    scale = chosen[problem.targets[0]][1].scale
    return dataclasses.replace(
        contract,
        targets=tuple(
            Target(name=t, temperature=chosen[t][1].temperature) for t in problem.targets
        ),
        labels=problem.annotation.rule,
        trained_on=problem.data.trained_on,
        music_mean=scale.mean,
        music_std=scale.std,
    )


def _checkpoint(
    problem: Problem,
    contract: Contract,
    chosen: dict[str, tuple[Split, Outcome]],
    single: bool,
    report: dict[str, Any],
) -> checkpoint.Checkpoint:
    networks = {}
    for target in problem.targets:
        network = RTCAN(problem.config)
        network.load_state_dict(chosen[target][1].state)
        networks[target] = network.eval()
    split = chosen[problem.targets[0]][0]
    recording = problem.windows.recording
    strangers = _spread(np.isin(recording, split.test if single else split.validation), _EXAMPLES)
    learnt = _spread(np.isin(recording, split.train), _CALIBRATION)
    music = None
    if problem.config.music:
        songs = [problem.data.recordings[i].stimulus for i in recording[strangers]]
        music = np.stack([problem.data.music[song] for song in songs])
    return checkpoint.Checkpoint(
        contract,
        networks,
        examples=problem.windows.inputs[strangers],
        truth={
            t: np.maximum(problem.annotation.classes[t][recording[strangers]], 0)
            for t in problem.targets
        },
        calibration=problem.windows.inputs[learnt],
        metrics=report,
        music=music,
    )


def _spread(mask: NDArray[np.bool_], most: int) -> NDArray[np.int64]:
    """Return at most `most` indices of true values, evenly spread."""
    index = np.flatnonzero(mask).astype(np.int64)
    return index[np.linspace(0, index.size - 1, min(most, index.size)).round().astype(np.int64)]


def _commit() -> str:
    """Return the commit of this source tree, or "" outside of one."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],
            cwd=Path(__file__).parent, capture_output=True, text=True, check=False, timeout=10,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def annotated(data: Dataset, labels: str, console: Console) -> annotation.Annotation:
    """Give recordings their classes and say where the rule could not be applied."""
    made = annotation.annotate(data, labels)
    for reason, count in made.degenerate.items():
        console.print(
            f"labels: {count} of {len(made.lines)} subjects have {reason}: for them the middle of "
            "the scale is the line"
        )
    return made
