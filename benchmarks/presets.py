"""How much better our preset is than the released hyper-parameters, on the same people.

python -m benchmarks.presets --dataset eevr --data-root PATH [--preset paper-deap] [--output DIR]

Both are fitted on the same folds of people (`--protocol subject`) and decide about the same trials;
the difference of their balanced accuracies has a 95 % interval from a bootstrap over people. The
released presets take hundreds of epochs of inputs five times as long: expect an hour and more of
processor time.
"""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np

from benchmarks.common.report import show_table, write_result
from device.cli import RtcanCommand
from training import choice, options, run
from training.compute.workers import cores
from training.evaluation.runner import Runner
from training.folds.assembly import assemble
from training.folds.cross_validation import Fit
from training.folds.problem import Problem
from training.measures import metrics
from training.measures.figures import Trials, decide, evaluate
from training.presets import PRESETS

_RESAMPLES = 1000


def asked(arguments: list[str]) -> dict[str, Any]:
    """Return the options that `training.run` would make of these arguments."""
    return run.main.make_context("training.run", list(arguments)).params


def chosen(arguments: list[str], runner: Runner) -> choice.Choice:
    """Return what `training.run` would make of these arguments."""
    return choice.choose(
        runner, music=False, temporal_attention=True, channel_attention=True, o=asked(arguments)
    )


def difference(
    ours: Trials, theirs: Trials, subjects: list[str], seed: int = 0
) -> tuple[float, list[float]]:
    """Return by how much our balanced accuracy is higher, and its 95 % interval over people."""
    names = np.array(subjects)
    pairs = []
    for name in np.unique(names):
        own = names == name
        pairs.append(
            [metrics.confusion(t.truth[own], t.predicted["rtcan"][own]) for t in (ours, theirs)]
        )
    each = np.array(pairs)  # (people, 2, 2, 2)
    draws = np.random.default_rng(seed).integers(0, len(each), (_RESAMPLES, len(each)))
    drawn = metrics.balanced_accuracy(each[draws].sum(axis=1))  # (resamples, 2)
    all_ = metrics.balanced_accuracy(each.sum(axis=0))
    interval = np.percentile(drawn[:, 0] - drawn[:, 1], [2.5, 97.5])
    return float(all_[0] - all_[1]), interval.tolist()


def common(problems: list[Problem]) -> list[Problem]:
    """Leave each problem the trials that all of them have windows of: a preset refuses some."""
    keys = [list(zip(p.subjects, p.stimuli, strict=True)) for p in problems]
    both = set(keys[0]).intersection(*keys[1:])
    return [
        _only(problem, np.array([n for n, key in enumerate(own) if key in both]))
        for problem, own in zip(problems, keys, strict=True)
    ]


def _only(problem: Problem, kept: metrics.Labels) -> Problem:
    windows, mine = problem.windows, np.isin(problem.windows.recording, kept)
    made = problem.annotation
    return dataclasses.replace(
        problem,
        data=dataclasses.replace(
            problem.data, recordings=[problem.data.recordings[n] for n in kept]
        ),
        windows=dataclasses.replace(
            windows,
            inputs=windows.inputs[mine],
            features=windows.features[mine],
            recording=np.searchsorted(kept, windows.recording[mine]),
            time_s=windows.time_s[mine],
            past_s=windows.past_s[mine],
            short=windows.short[mine],
        ),
        annotation=dataclasses.replace(
            made, classes={target: own[kept] for target, own in made.classes.items()}
        ),
    )


@click.command(cls=RtcanCommand)
@click.option("--dataset", default="eevr", show_default=True)
@click.option("--data-root", type=click.Path(path_type=Path, exists=True))
@click.option("--preset", type=click.Choice(PRESETS[1:]), default="paper-deap", show_default=True)
@click.option("--target", type=click.Choice(["arousal", "valence"]), default="arousal")
@click.option("--folds", type=click.IntRange(min=2), default=2, show_default=True)
@click.option("--quick", is_flag=True, help="Two epochs each: shows that it runs, and no more.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the result.")
def main(
    dataset: str,
    data_root: Path | None,
    preset: str,
    target: str,
    folds: int,
    quick: bool,
    output: Path | None,
) -> None:
    """Fit both presets on the same folds and compare them."""
    arguments = ["--dataset", dataset, "--target", target, "--folds", str(folds)]
    arguments += ["--protocol", "subject", *(["--epochs", "2"] if quick else [])]
    arguments += [] if data_root is None else ["--data-root", str(data_root)]
    trials: dict[str, Trials] = {}
    figures: dict[str, Any] = {
        "dataset": dataset, "target": target, "preset": preset, "folds": folds
    }  # fmt: skip
    rows = []
    with TemporaryDirectory() as folder, options.runner(Path(folder), asked(arguments)) as runner:
        presets = ("ours", preset)
        choices = [chosen([*arguments, "--preset", name], runner) for name in presets]
        problems = common([one.problem for one in choices])
        for name, one, problem in zip(presets, choices, problems, strict=True):
            splits = problem.splits(target)
            fits = [Fit(problem, target, split) for split in splits]
            began_s = time.perf_counter()
            with runner.outcomes(name, fits) as fitted:
                outcomes = [
                    assemble(problem, target, split, [fit])
                    for split, fit in zip(splits, fitted, strict=True)
                ]
                trials[name] = decide(problem, target, splits, outcomes)
                found = evaluate(problem, target, splits, outcomes, trials[name])
            took_s = time.perf_counter() - began_s
            figures[name] = {
                "seconds": took_s,
                "normalisation": one.contract.normalisation,
                "settings": dataclasses.asdict(problem.settings),
                **{model: found[model] for model in ("rtcan", "logistic_regression")},
            }
            low, high = found["rtcan"]["balanced_accuracy_95"]
            rows.append(
                [
                    name,
                    f"{found['rtcan']['n']}",
                    f"{found['rtcan']['balanced_accuracy']:.3f} [{low:.2f}, {high:.2f}]",
                    f"{took_s:.0f}",
                ]
            )
    subjects = [problems[0].subjects[i] for i in trials["ours"].recording]
    better, interval = difference(trials["ours"], trials[preset], subjects)
    figures["difference"] = {"balanced_accuracy": better, "interval_95": interval}
    show_table(
        f"{dataset}, {target}: {problems[0].plan.describe()}",
        ["preset", "trials", "bal. accuracy [95 %]", "s"],
        rows,
    )
    runner.console.print(
        f"ours minus {preset}: {better:+.3f} [{interval[0]:+.3f}, {interval[1]:+.3f}]"
    )
    claims = {"balanced_accuracy_gain": better, "gain_low": interval[0], "gain_high": interval[1]}
    write_result(f"presets_{dataset}", figures, claims, output, threads=cores(), quick=quick)


if __name__ == "__main__":
    main()
