"""The tables of docs/training.md, of `benchmarks/results/presets_*.json` and `training.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DATA = {
    "deap": "stand-in DEAP (simulated)",
    "amigos": "stand-in AMIGOS (simulated)",
    "pmemo": "stand-in PMEmo (simulated)",
    "eevr": "EEVR (real people)",
}
_WAYS = {
    "plain": "a plain loop, as published",
    "sequential": "one fit after the other",
    "side by side": "a fit per core (default on a CPU)",
    "stacked": "all fits as one program (default on a GPU)",
}


def presets(results: Mapping[str, Any]) -> str:
    """Return the balanced accuracy of both presets and of the regression, by data set."""
    head = (
        "data | people | trials | against | ours | theirs | difference [95 %] | regression | time"
    )
    lines = [f"| {head} |", "|---|---|---|---|---|---|---|---|---|"]
    for name, words in _DATA.items():
        result = results.get(f"presets_{name}")
        if result is not None:
            lines.append(f"| {words} | {_preset(result['figures'])} |")
    return "\n".join(lines)


def _preset(figures: Mapping[str, Any]) -> str:
    against = figures["preset"]
    ours, theirs = figures["ours"], figures[against]
    better, (low, high) = figures["difference"].values()
    cells = [
        f"{ours['rtcan']['subjects']}",
        f"{ours['rtcan']['n']}",
        f"`{against}`",
        f"{ours['rtcan']['balanced_accuracy']:.2f}",
        f"{theirs['rtcan']['balanced_accuracy']:.2f}",
        f"{better:+.2f} [{low:+.2f}, {high:+.2f}]",
        f"{ours['logistic_regression']['balanced_accuracy']:.2f}",
        f"1/{theirs['seconds'] / ours['seconds']:.0f}",
    ]
    return " | ".join(cells)


def speed(results: Mapping[str, Any]) -> str:
    """Return windows fitted a second by each way and size of the batch, and a cluster's gain."""
    result = results["training"]
    figures, machine = result["figures"], result["machine"]
    batches = [figures["batch"], 32]
    lines = [
        f"| windows a second | {' | '.join(f'batch of {n} | times' for n in batches)} |",
        "|---|" + "---|---|" * len(batches),
    ]
    for way, words in _WAYS.items():
        timed = [figures[f"cpu_batch_{n}"][way] for n in batches]
        cells = [f"{own['windows_per_s']:.0f} | {own['speedup']:.1f}" for own in timed]
        lines.append(f"| {words} | {' | '.join(cells)} |")
    dask = figures["dask"]
    gpu = result["claims"]["gpu_speedup"]
    lines += [
        "",
        f"On {machine['cpu']} with {machine['threads']} threads, inputs of "
        f"{figures['input_length']} samples. Two workers of a cluster decompose "
        f"{dask['dataset'].upper()} {dask['speedup']:.1f} times as fast as one. On a GPU: "
        + ("not measured." if gpu is None else f"{gpu:.1f} times the plain loop on the same GPU."),
    ]
    return "\n".join(lines)
