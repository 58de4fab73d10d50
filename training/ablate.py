"""`python -m training.ablate`: music x channel attention x temporal attention x target.

The paper's table with our figures: every variant on the same folds, beside the majority and a
logistic regression on plain features, with 95 % intervals over subjects.
"""

from __future__ import annotations

import dataclasses
import json
from itertools import product
from pathlib import Path
from typing import Any

import click

from device.cli import RtcanCommand
from runtime.files import write_whole
from training import choice, options

_PARTS = {"music": "music", "channel": "SCA", "temporal": "RNTA"}


@click.command(cls=RtcanCommand)
@options.shared
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("save/ablation"),
    show_default=True,
    help="Folder for ablation.json.",
)
def main(output: Path, **o: Any) -> None:
    """Fit every variant of the network on the same folds and print the table."""
    options.require_packages()
    from training.evaluation.runner import identity

    song = o["dataset"] == "pmemo"
    path = output / "ablation.json"
    with options.runner(output, o) as runner:
        chosen = choice.choose(
            runner, music=song, temporal_attention=True, channel_attention=True, o=o
        )
        full = chosen.problem
        variants = product((False, True) if song else (False,), (False, True), (False, True))
        problems = {v: dataclasses.replace(full, config=_config(full, *v)) for v in variants}
        key = identity(list(problems.values()), chosen.contract)
        told = runner.already(path, key)
        said = f"[bold]Nothing to do:[/] {path} is of this very run. --again does it anew."
        if told is None:
            told = _ablated(problems, runner, path, key)
            said = f"Wrote {path}"
    _show(told, runner.console)
    runner.console.print(said)


def _ablated(
    problems: dict[tuple[bool, bool, bool], Any], runner: Any, path: Path, key: str
) -> dict[str, Any]:
    """Fit every variant on every fold, evaluate them, and write the table."""
    from training.folds.assembly import assemble, members
    from training.folds.cross_validation import Fit
    from training.measures.figures import decide, evaluate

    full = next(iter(problems.values()))
    folds = {target: full.splits(target) for target in full.targets}
    groups = [(variant, target) for variant in problems for target in folds]
    fits = [
        Fit(problems[variant], target, member, f"{_words(variant)}: ")
        for variant, target in groups
        for split in folds[target]
        for member in members(problems[variant], target, split)
    ]
    with runner.outcomes("Ablating", fits) as outcomes:
        rest, rows = iter(outcomes), []
        for variant, target in groups:
            one = problems[variant]
            made = [
                assemble(one, target, s, [next(rest) for _ in members(one, target, s)])
                for s in folds[target]
            ]
            of = (one, target, folds[target], made)
            rows.append(
                {
                    **dict(zip(_PARTS, variant, strict=True)),
                    "target": target,
                    "figures": evaluate(*of, decide(*of)),
                }
            )
        told = {
            "dataset": full.data.name,
            "trained_on": full.data.trained_on,
            "protocol": full.plan.describe(),
            "labels": full.annotation.rule,
            "notes": list(full.data.notes),
            "settings": dataclasses.asdict(full.settings),
            "ensemble": full.ensemble,
            "wide": full.wide,
            "rows": rows,
            "identity": key,
        }
        write_whole(path, (json.dumps(told, indent=2) + "\n").encode())
    return told


def _words(variant: tuple[bool, bool, bool]) -> str:
    return "+".join(w for w, on in zip(_PARTS.values(), variant, strict=True) if on) or "neither"


def _config(problem: Any, music: bool, channel: bool, temporal: bool) -> Any:
    config = problem.config
    return dataclasses.replace(
        config,
        music=config.music if music else 0,
        channel_attention=channel,
        temporal_attention=temporal,
        unit_attention=config.unit_attention and channel,
        head="relu" if config.head == "softmax" and not music else config.head,
    )


def _show(told: dict[str, Any], console: Any) -> None:
    from rich.table import Table

    from training.measures.figures import MODELS
    from training.report.verdict import with_interval

    table = Table(title=f"{told['dataset']}: {told['protocol']}; figures per trial")
    for name in ("", "variant", "n", "bal. accuracy [95 %]", "macro F1 [95 %]"):
        table.add_column(name, no_wrap=True)
    for target in dict.fromkeys(row["target"] for row in told["rows"]):
        own = [row for row in told["rows"] if row["target"] == target]
        for row in own:
            figures = row["figures"]["rtcan"]
            table.add_row(
                target if row is own[0] else "",
                _words(tuple(row[name] for name in _PARTS)),
                *_cells(figures, with_interval),
            )
        for model in ("logistic_regression", "majority"):
            figures = own[0]["figures"][model]
            table.add_row("", MODELS[model], *_cells(figures, with_interval),
                          end_section=model == "majority")  # fmt: skip
    console.print(table)
    console.print("SCA: channel attention. RNTA: temporal attention.")
    for note in told["notes"]:
        console.print(f"note: {note}")


def _cells(figures: dict[str, Any], shown: Any) -> list[str]:
    return [
        str(figures["n"]), shown(figures, "balanced_accuracy"), shown(figures, "macro_f1")
    ]  # fmt: skip


if __name__ == "__main__":
    main()
