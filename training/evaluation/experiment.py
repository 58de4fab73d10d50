"""One experiment: all folds, the final model, and its figures."""

from __future__ import annotations

import dataclasses
import json
import math
import platform
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from runtime.files import write_together
from runtime.preprocessing.contract import Contract
from training.evaluation import final_model, people, transfer
from training.evaluation.runner import Runner, identity
from training.evaluation.tracking import LOG
from training.folds.assembly import Assembled, assemble, members
from training.folds.cross_validation import Fit
from training.folds.journal import Outcome
from training.folds.problem import Problem
from training.folds.splits import Plan, Split, shares
from training.measures import controls, wording
from training.measures.figures import Trials, decide, evaluate, table
from training.network import checkpoint

_ROOT = Path(__file__).resolve().parents[2]
# Files of a run that is done, the last of which says so.
WRITTEN = ("best.pt", "predictions.csv", "windows.csv", "metrics.json")
# Before the last, where another data set is tested.
TRANSFER = "transfer_windows.csv"
# What else a run leaves, later, or another run left.
_DERIVED = (LOG, "report.html", TRANSFER)


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
        Of the final model.
    already : bool
        Whether it was there before, from the very same run, and nothing was done.
    """

    metrics: dict[str, Any]
    problem: Problem
    contract: Contract
    already: bool = False


def run(
    problem: Problem,
    contract: Contract,
    runner: Runner,
    *,
    compared: Plan | None = None,
    tested: Problem | None = None,
    facts: dict[str, Any] | None = None,
) -> Result:
    """Test a problem on all its folds, fit the final model, and write both.

    With several folds the final model is fitted once more; its figures are those of the folds,
    whose models were fitted the same way on less. With one fold it is that fold's model.

    Parameters
    ----------
    problem : Problem
        What is learnt.
    contract : Contract
        All constants of the preprocessing.
    runner : Runner
        Its folder receives best.pt, metrics.json, predictions.csv and epochs.csv.
    compared : Plan or None
        Another protocol whose figures are wanted beside, never mixed.
    tested : Problem or None
        Another data set that the final model is tested on, see `training.evaluation.transfer`; the
        windows of that stand in transfer_windows.csv.
    facts : dict or None
        More that stands in metrics.json.

    Raises
    ------
    DatasetError
        If the data cannot be learnt from.
    """
    started_s = time.monotonic()
    plans = [problem]
    if compared is not None:
        plans.append(dataclasses.replace(problem, plan=compared))
    key = identity(plans if tested is None else [*plans, tested], contract)
    output = runner.output
    told = runner.already(output / "metrics.json", key)
    written = (*WRITTEN[:-1], *([TRANSFER] if tested is not None else []), WRITTEN[-1])
    if told is not None and all((output / name).is_file() for name in written):
        return Result(told, problem, Contract.from_json(told["contract"]), already=True)
    folds = [{t: p.splits(t) for t in p.targets} for p in plans]
    last = (
        {} if problem.plan.single else {t: [final_model.split(problem, t)] for t in problem.targets}
    )
    fits = [
        Fit(p, t, member, "pairs: " if p is not problem else "")
        for p, splits in zip([*plans, problem], [*folds, last], strict=True)
        for t in splits
        for split in splits[t]
        for member in members(p, t, split)
    ]
    with runner.outcomes("Fitting", fits) as found:
        rest = iter(found)
        *outcomes, final = (
            {t: [_assembled(p, t, split, rest) for split in splits[t]] for t in splits}
            for p, splits in zip([*plans, problem], [*folds, last], strict=True)
        )
        chosen = {t: (final.get(t) or outcomes[0][t])[0] for t in problem.targets}
        evaluated = [_evaluated(*each) for each in zip(plans, folds, outcomes, strict=True)]
        own = {t: found[0] for t, found in (last or folds[0]).items()}
        guesses = {
            t: wording.guess(problem.plan, own, problem.data.trained_on)
            for t, own in evaluated[0][1].items()
        }
        contract = final_model.finished(contract, problem, chosen, guesses)
        differ = people.priors(problem, contract, outcomes[0])
        moved, rows = None, ""
        if tested is not None:
            moved, rows = transfer.evaluate(problem, tested, chosen, own, runner.device)
        report = {
            **_described(problem),
            "shares": _shares(problem, folds[0]),
            "notes": [
                *problem.data.notes,
                *_apart(problem, folds[0]),
                *wording.same_answers({t: one.combination for t, one in chosen.items()}),
            ],
            "device": str(runner.device),
            "not_live": contract.not_live,
            "targets": evaluated[0][1],
            "compared": None
            if compared is None
            else {"protocol": compared.describe(), "targets": evaluated[1][1]},
            "transfer": moved,
            "differences": people.described(differ),
            "history": {t: chosen[t].history for t in problem.targets},
            "fold_history": {t: [o.history for o in outcomes[0][t]] for t in problem.targets},
            "kept_model": wording.final_model(
                problem.plan,
                own,
                problem.subjects,
                networks=max(len(one.states) for one in chosen.values()),
                wide=problem.wide,
            ),
            **(facts or {}),
            "contract": contract.to_json(),
            "identity": key,
            "seconds": round(time.monotonic() - started_s, 1),
        }
        report = strict(report)
        best = final_model.checkpoint(problem, contract, chosen, own, report, differ)
        contents = (
            checkpoint.to_bytes(best),
            table(problem, evaluated[0][0]).encode(),
            controls.table(problem, outcomes[0]).encode(),
            *([rows.encode()] if tested is not None else []),
            (json.dumps(report, indent=2, allow_nan=False) + "\n").encode(),
        )
        write_together(output, dict(zip(written, contents, strict=True)), stale=_DERIVED)
    return Result(report, problem, contract)


def strict(value: Any) -> Any:
    """Return what JSON has for this: null where a number is none, such as a loss that diverged."""
    if isinstance(value, dict):
        return {name: strict(own) for name, own in value.items()}
    if isinstance(value, (list, tuple)):
        return [strict(own) for own in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _evaluated(
    problem: Problem, folds: dict[str, list[Split]], outcomes: dict[str, list[Assembled]]
) -> tuple[dict[str, Trials], dict[str, Any]]:
    """Return what was decided about every trial, and the figures of it, by target."""
    trials = {t: decide(problem, t, folds[t], outcomes[t]) for t in folds}
    return trials, {t: evaluate(problem, t, folds[t], outcomes[t], trials[t]) for t in folds}


def _assembled(problem: Problem, target: str, split: Split, fits: Iterator[Outcome]) -> Assembled:
    """Put the next fits together that are of this fold."""
    own = [next(fits) for _ in members(problem, target, split)]
    return assemble(problem, target, split, own)


def _shares(problem: Problem, folds: dict[str, list[Split]]) -> dict[str, dict[str, float]]:
    """Return by target which share of the recordings is tested, and learnt from in a fold."""
    found = {}
    for target, own in folds.items():
        usable = int((problem.annotation.classes[target] >= 0).sum())
        tested, learnt = shares(own, usable)
        found[target] = {"tested": round(tested, 4), "learnt": round(learnt, 4)}
    return found


def _apart(problem: Problem, folds: dict[str, list[Split]]) -> list[str]:
    """Return what a reader must know of folds that keep people and stimuli apart."""
    if not problem.plan.stimuli_apart:
        return []
    return [
        f"People and stimuli are both held out: {own['tested']:.0%} of the recordings for {target} "
        f"are tested, and a fold learns from {own['learnt']:.0%} of them. The others share a "
        "person or a stimulus with the test."
        for target, own in _shares(problem, folds).items()
    ]


def _described(problem: Problem) -> dict[str, Any]:
    """Return what was learnt, from what, and with what."""
    return {
        "dataset": problem.data.name,
        "trained_on": problem.data.trained_on,
        "protocol": problem.plan.describe(),
        "tested_on": wording.measured_on(problem.plan),
        "calibrated_on": wording.calibrated_on(problem.plan),
        "labels": problem.annotation.rule,
        "labels_degenerate": dict(problem.annotation.degenerate),
        "recordings": len(problem.data.recordings),
        "people": len(problem.data.subjects),
        "windows": int(np.count_nonzero(~problem.windows.short)),
        "windows_of_short_past": int(np.count_nonzero(problem.windows.short)),
        "skipped": dict(problem.data.skipped),
        "refused": dict(problem.windows.refused),
        "settings": dataclasses.asdict(problem.settings),
        "network": dataclasses.asdict(problem.config),
        "ensemble": problem.ensemble,
        "wide": problem.wide,
        "versions": {
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "numpy": np.__version__,
            "commit": commit(),
        },
    }


def commit(root: Path = _ROOT) -> str:
    """Return the commit of a source tree, or "" outside of one.

    A repository that the tree lies in somewhere, such as that of the user's own project, has
    commits that say nothing about it.
    """
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--show-toplevel", "--short", "HEAD"],
            cwd=root, capture_output=True, text=True, check=False, timeout=10,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    top, _, found = done.stdout.strip().partition("\n")
    return found if done.returncode == 0 and Path(top).resolve() == root.resolve() else ""
