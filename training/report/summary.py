"""What training says at its end, in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from training.evaluation.experiment import WRITTEN, Result
from training.measures.control_names import PRIOR_BELOW_HALF, SHORT
from training.measures.figures import MODELS
from training.report.tables import shown
from training.report.verdict import verdicts, with_interval

VALENCE = " Skin conductance tells little about valence: expect chance there."
# Points of balanced accuracy by which figures of pairs may beat those of people unremarked.
LEAK_POINTS = 0.10


def show(result: Result, output: Path, console: Console) -> None:
    """Print the figures beside their baselines, what was left out, and what to do next."""
    results = result.metrics
    console.print(_table(results["targets"], f"{results['dataset']}: {results['protocol']}"))
    compared = results["compared"]
    if compared is not None:
        console.print(_table(compared["targets"], f"{results['dataset']}: {compared['protocol']}"))
    for target, figures in results["targets"].items():
        console.print(_controls(figures, f"{results['dataset']}: {target} and controls"))
    moved = results["transfer"]
    if moved is not None:
        console.print(_table(moved["targets"], f"Tested on {moved['dataset']}"))
        for target, figures in moved["targets"].items():
            title = f"Tested on {moved['dataset']}: {target} and controls"
            console.print(_controls(figures, title))
        for note in moved["notes"]:
            console.print(f"{moved['dataset']}: {note}")
    for sentence in verdicts(results):
        console.print(sentence)
    for warning in leaks(results):
        console.print(f"[bold red]{warning}[/]")
    for note in results["notes"]:
        console.print(f"note: {note}")
    for reason, count in {**results["skipped"], **results["refused"]}.items():
        console.print(f"left out: {count} x {reason}")
    console.print(
        f"Trained on {results['trained_on']}."
        + (VALENCE if "valence" in results["targets"] else "")
    )
    if results["not_live"]:
        console.print(f"[yellow]Not for live use: {results['not_live']}.[/]")
    if result.already:
        console.print(
            f"[bold]Nothing to do:[/] {output} holds the results of this very run. --again does "
            "it anew."
        )
    else:
        console.print(
            f"Wrote {', '.join(WRITTEN)}, epochs.csv and report.html to {output} in "
            f"{results['seconds']:.0f} s."
        )
    console.print(
        f"Look at {output / 'report.html'}. Next: python -m export.onnx {output / 'best.pt'}"
    )


def leaks(results: dict[str, Any]) -> list[str]:
    """Return a warning for each target on which pairs are far easier than people."""
    compared = results["compared"]
    if compared is None:
        return []
    pairs, people = compared["targets"], results["targets"]
    if results["protocol"].startswith("paper"):
        pairs, people = people, pairs
    found = []
    for target in people:
        low = people[target]["rtcan"]["balanced_accuracy"]
        high = pairs[target]["rtcan"]["balanced_accuracy"]
        if high - low > LEAK_POINTS:
            found.append(
                f"Leak: {target} is at {high:.2f} where the same people stand on both sides, but "
                f"at {low:.2f} for people not seen before. The difference is recognition of "
                "people and stimuli, not of feelings; quote the second figure."
            )
    return found


def _controls(figures: dict[str, Any], title: str) -> Table:
    table = Table(title=f"{title}; figures per window [95 %]", caption_justify="left")
    for name in ("answer by", "AUC", "AUC within a person", "balanced accuracy"):
        table.add_column(name)
    models = figures["windows"]["models"]
    for name in shown(models):
        own = (with_interval(models[name], n) for n in ("auc", "auc_within", "balanced_accuracy"))
        table.add_row(SHORT[name], *own)
    prior = models.get("personal_prior", {})
    known = [prior.get(name) for name in ("auc", "auc_within")]
    if any(figure is not None and figure < 0.5 for figure in known):
        table.caption = PRIOR_BELOW_HALF
    return table


def _table(targets: dict[str, Any], title: str) -> Table:
    table = Table(title=f"{title}; figures per trial")
    for name in ("", "model", "n", "bal. accuracy [95 %]", "macro F1 [95 %]"):
        table.add_column(name, no_wrap=True)
    for target, figures in targets.items():
        for model, words in MODELS.items():
            table.add_row(
                target if model == "rtcan" else "",
                words,
                str(figures[model]["n"]),
                with_interval(figures[model], "balanced_accuracy"),
                with_interval(figures[model], "macro_f1"),
                end_section=model == "majority",
            )
    return table
