"""What training says at its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

_MODELS = {
    "rtcan": "RTCAN-1D",
    "logistic_regression": "log. regression",
    "majority": "majority",
}


def show(results: dict[str, Any], output: Path, console: Console) -> None:
    """Print the figures beside their baselines, what was left out, and what to do next."""
    table = Table(title=f"{results['dataset']}: people held out, figures per recording")
    for name in ("", "model", "n", "bal. accuracy [95 %]", "macro F1 [95 %]"):
        table.add_column(name, no_wrap=True)
    for target, figures in results["targets"].items():
        for model, words in _MODELS.items():
            table.add_row(
                target if model == "rtcan" else "",
                words,
                str(figures[model]["n"]),
                _with_interval(figures[model], "balanced_accuracy"),
                _with_interval(figures[model], "macro_f1"),
                end_section=model == "majority",
            )
    console.print(table)
    for reason, count in {**results["skipped"], **results["refused"]}.items():
        console.print(f"left out: {count} x {reason}")
    console.print(
        f"Trained on {results['trained_on']}. Skin conductance tells little about valence: expect "
        "chance there."
    )
    console.print(
        f"Wrote {output / 'best.pt'} and {output / 'metrics.json'} in {results['seconds']:.0f} s. "
        f"Next: python -m export.onnx {output / 'best.pt'}"
    )


def _with_interval(figures: dict[str, Any], name: str) -> str:
    interval = figures[f"{name}_95"]
    ends = f" [{interval[0]:.2f}, {interval[1]:.2f}]" if interval else ""
    return f"{figures[name]:.2f}{ends}"
