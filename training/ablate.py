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
from training import options

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
@click.option("--resume", is_flag=True, help="Go on where an interrupted run stopped.")
def main(output: Path, resume: bool, **o: Any) -> None:
    """Fit every variant of the network on the same folds and print the table."""
    options.require_packages()
    from rich.console import Console

    from training import crossval, experiment
    from training.crossval import Kept
    from training.files import write_whole
    from training.judge import judge
    from training.progress import Bar

    console = Console()
    place = experiment.choose_device(o["device"])
    song = o["dataset"] == "pmemo"
    choice = options.choose(
        console, music=song, temporal_attention=True, channel_attention=True, o=o
    )
    full = choice.problem
    variants = list(product((False, True) if song else (False,), (False, True), (False, True)))
    # The folds of earlier variants must stay when the next one begins.
    kept = Kept(output / "folds", resume)
    rows: list[dict[str, Any]] = []
    folds = {target: full.splits(target) for target in full.targets}
    epochs = full.settings.epochs * sum(map(len, folds.values())) * len(variants)
    try:
        with Bar(console, "Ablating", epochs) as bar:
            for music, channel, temporal in variants:
                problem = dataclasses.replace(full, config=_config(full, music, channel, temporal))
                for target, own in folds.items():
                    outcomes = crossval.run(
                        problem, [(target, split) for split in own], place, kept,
                        jobs=o["jobs"], progress=bar.advance,
                    )  # fmt: skip
                    figures = judge(problem, target, own, outcomes)
                    rows.append(
                        {
                            "music": music,
                            "channel": channel,
                            "temporal": temporal,
                            "target": target,
                            "figures": figures,
                        }
                    )
    except KeyboardInterrupt:
        console.print(f"\nInterrupted; the folds done are kept in {kept.folder}: add --resume")
        raise
    told = {
        "dataset": full.data.name,
        "trained_on": full.data.trained_on,
        "protocol": full.plan.describe(),
        "labels": full.annotation.rule,
        "notes": list(full.data.notes),
        "settings": dataclasses.asdict(full.settings),
        "rows": rows,
    }
    write_whole(output / "ablation.json", (json.dumps(told, indent=2) + "\n").encode())
    kept.clear()
    _show(told, console)
    console.print(f"Wrote {output / 'ablation.json'}")


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

    from training.judge import MODELS
    from training.report import with_interval

    table = Table(title=f"{told['dataset']}: {told['protocol']}; figures per trial")
    for name in ("", "variant", "n", "bal. accuracy [95 %]", "macro F1 [95 %]"):
        table.add_column(name, no_wrap=True)
    for target in dict.fromkeys(row["target"] for row in told["rows"]):
        own = [row for row in told["rows"] if row["target"] == target]
        for row in own:
            parts = [words for name, words in _PARTS.items() if row[name]]
            figures = row["figures"]["rtcan"]
            table.add_row(
                target if row is own[0] else "",
                "+".join(parts) or "neither",
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
