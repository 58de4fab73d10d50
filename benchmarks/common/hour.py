"""A held-out hour as a picture: tasks shaded, and the probability given for each minute."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from training.measures.ranking import auc


def middle_person(rows: list[dict[str, str]]) -> str:
    """Return the person whose own AUC is the median: neither the best nor the worst."""
    own = {}
    for name in sorted({row["subject"] for row in rows}):
        mine = [row for row in rows if row["subject"] == name]
        truth = np.array([int(row["truth"]) for row in mine])
        own[name] = auc(truth, np.array([float(row["probability_high"]) for row in mine]))
    ranked = sorted((value, name) for name, value in own.items() if np.isfinite(value))
    return ranked[len(ranked) // 2][1]


def draw(table: Path, picture: Path) -> str:
    """Draw the median person of a table of windows (windows.csv), and return who it is."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    with table.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    person = middle_person(rows)
    mine = sorted(
        (row for row in rows if row["subject"] == person), key=lambda r: float(r["time_s"])
    )
    # A window answers at its end.
    minutes = np.array([float(row["time_s"]) for row in mine]) / 60 + 1
    high = np.array([float(row["probability_high"]) for row in mine])
    truth = np.array([int(row["truth"]) for row in mine])
    value = auc(truth, high)
    figure, axes = plt.subplots(figsize=(9, 3), layout="constrained")
    for n, is_task in enumerate(truth):
        if is_task:
            axes.axvspan(minutes[n] - 1, minutes[n], color="#f2b98a", linewidth=0)
    breaks = np.flatnonzero(np.diff(minutes) > 0.5) + 1
    for piece in np.split(np.arange(minutes.size), breaks):
        axes.plot(minutes[piece], high[piece], color="#1f4e79", linewidth=1.5)
    axes.axhline(0.5, color="#777777", linewidth=0.8, linestyle=":")
    axes.set(
        xlabel="minutes since the recording began", ylabel="probability of a task", ylim=(0, 1),
        xlim=(minutes[0] - 1, minutes[-1]),
        title=f"Person {person} (the median of all), held out; tasks shaded; AUC {value:.2f}",
    )  # fmt: skip
    figure.savefig(picture, metadata={"Date": None})
    plt.close(figure)
    return person
