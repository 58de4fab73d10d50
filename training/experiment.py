"""One experiment: windows, all folds, the model that is kept, and what it is worth."""

from __future__ import annotations

import dataclasses
import hashlib
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
from training.crossval import Fit
from training.datasets.recordings import Dataset
from training.datasets.registry import Source
from training.files import write_whole
from training.journal import Journal, Outcome
from training.judge import decide, judge, table
from training.model import RTCAN
from training.problem import Problem
from training.progress import Bar
from training.splits import Plan, Split, inner
from training.tracking import Tracker
from training.windows import Windows
from training.workers import Workers

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
    already : bool
        Whether it was there before, from the very same run, and nothing was done.
    """

    metrics: dict[str, Any]
    problem: Problem
    contract: Contract
    already: bool = False


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
    workers: Workers | None = None,
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
            source, contract, stride_s, whole_trial=whole_trial, folder=folder, workers=workers,
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
    workers: Workers | None = None,
    stack: int | None = None,
    compared: Plan | None = None,
    resume: bool = False,
    again: bool = False,
    tensorboard: bool = False,
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
    workers : Workers or None
        What fits run on; None for the cores of this machine.
    stack : int or None
        How many fits are one program, see `training.crossval.run`.
    compared : Plan or None
        Another protocol whose figures are wanted beside, never mixed.
    resume : bool
        Whether to go on where an interrupted run stopped.
    again : bool
        Whether to do anew what is done already.
    tensorboard : bool
        Whether to write event files.
    facts : dict or None
        More that stands in metrics.json.

    Raises
    ------
    DatasetError
        If the data cannot be learnt from.
    """
    started_s = time.monotonic()
    plans = (
        [problem] if compared is None else [problem, dataclasses.replace(problem, plan=compared)]
    )
    single = problem.plan.folds == 1 and problem.plan.repeat == 1 and not problem.plan.leave_one_out
    key = identity(plans, contract)
    there = None if again else done(output / "metrics.json", key)
    if there is not None and (output / "best.pt").is_file():
        finished = Contract.from_json(there["contract"])
        return Result(there, problem, finished, already=True)
    tasks = [[(t, split) for t in p.targets for split in p.splits(t)] for p in plans]
    last = [] if single else [(t, _final(problem, t)) for t in problem.targets]
    fits = [
        Fit(p, t, split, "pairs: " if p is not problem else "")
        for p, own in zip([*plans, problem], [*tasks, last], strict=True)
        for t, split in own
    ]
    journal = Journal(output / "folds", resume)
    try:
        with (
            Bar(console, "Fitting", problem.settings.epochs * len(fits)) as bar,
            Tracker(
                output, tensorboard=tensorboard, advance=bar.advance, note=console.print
            ) as tracker,
        ):
            found = iter(
                crossval.run(
                    fits, device, journal, workers or Workers(), stack=stack, listener=tracker
                )
            )
    except KeyboardInterrupt:
        console.print(f"\nInterrupted; the folds done are kept in {journal.folder}: add --resume")
        raise
    outcomes = [[next(found) for _ in own] for own in tasks]
    finals = list(found)
    for told in journal.told():
        console.print(told)
    judged, decided = [], []
    for p, own, theirs in zip(plans, tasks, outcomes, strict=True):
        sides = {
            t: (
                [split for target, split in own if target == t],
                [outcome for outcome in theirs if outcome.target == t],
            )
            for t in p.targets
        }
        decided.append({t: decide(p, t, *side) for t, side in sides.items()})
        judged.append({t: judge(p, t, *side, decided[-1][t]) for t, side in sides.items()})
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
        "contract": contract.to_json(),
        "identity": key,
        "seconds": round(time.monotonic() - started_s, 1),
    }
    checkpoint.save(_checkpoint(problem, contract, chosen, single, report), output / "best.pt")
    write_whole(output / "metrics.json", (json.dumps(report, indent=2) + "\n").encode())
    write_whole(output / "predictions.csv", table(problem, decided[0]).encode())
    journal.clear()
    return Result(report, problem, contract)


def identity(problems: list[Problem], contract: Contract) -> str:
    """Return a key of everything that a run's results depend on, 16 hexadecimal digits."""
    parts = [*(crossval.identity(p) for p in problems), contract.to_json()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def done(path: Path, key: str) -> dict[str, Any] | None:
    """Return what stands in a file of results, if it is of the run of that identity."""
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return told if told.get("identity") == key else None


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

    def songs(windows: NDArray[np.int64]) -> NDArray[np.float32] | None:
        if not problem.config.music:
            return None
        heard = [problem.data.recordings[i].stimulus for i in recording[windows]]
        return np.stack([problem.data.music[song] for song in heard])

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
        music=songs(strangers),
        calibration_music=songs(learnt),
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
