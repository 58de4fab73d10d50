"""The report's pictures, each an SVG that stands inside the page."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from device.samples import FloatArray
from training.folds.problem import Problem
from training.report.order import natural
from training.report.theme import BLUE, FAINT, GRID, INK, ORANGE, PAPER, RED, themed

# Bins of a reliability diagram with fewer windows say nothing and are not drawn.
FEW_WINDOWS = 20
_STYLE: Any = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GRID,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.edgecolor": FAINT,
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "axes.axisbelow": True,
    "axes.titlesize": 11,
    "legend.frameon": False,
}


@contextmanager
def _figure(width: float, height: float, rows: int, columns: int) -> Iterator[tuple[Any, Any]]:
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(figure)
        yield figure, figure.subplots(rows, columns, squeeze=False)


def _svg(figure: Any) -> str:
    text = io.StringIO()
    with mpl.rc_context(_STYLE):
        figure.savefig(text, format="svg", metadata={"Date": None})
    drawn = text.getvalue()
    return themed(drawn[drawn.index("<svg") :])


def _legend_below(figure: Any, axis: Any, columns: int) -> None:
    """Explain the lines beside the picture, where the explanation covers none of them."""
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, fontsize=8)


def learning_curves(results: dict[str, Any]) -> str:
    """Draw the losses of all folds and of the final model by epoch."""
    targets = list(results["targets"])
    with _figure(5 * len(targets), 3.2, 1, len(targets)) as (figure, axes):
        for axis, target in zip(axes[0], targets, strict=True):
            for fold, history in enumerate(results["fold_history"][target]):
                number = [epoch["number"] for epoch in history]
                loss = [epoch["validation_loss"] for epoch in history]
                label = "folds, validation" if fold == 0 else None
                axis.plot(number, loss, color=FAINT, lw=0.8, alpha=0.7, label=label)
            history = results["history"][target]
            number = [epoch["number"] for epoch in history]
            for key, colour, name in (("train_loss", ORANGE, "training"),
                                      ("validation_loss", BLUE, "validation")):  # fmt: skip
                loss = [epoch[key] for epoch in history]
                axis.plot(number, loss, color=colour, lw=2, label=f"final model, {name}")
            best = [epoch for epoch in history if epoch["best"]][-1:]
            for epoch in best:
                axis.plot(epoch["number"], epoch["validation_loss"], "o", color=BLUE, ms=7)
            axis.axhline(np.log(2), color=INK, lw=0.8, ls=":")
            axis.set(title=target, xlabel="epoch", ylabel="cross-entropy")
            axis.xaxis.get_major_locator().set_params(integer=True)
        _legend_below(figure, axes[0][0], 3)
        return _svg(figure)


def confusions(results: dict[str, Any]) -> str:
    """Draw the confusion matrices over all folds."""
    targets = list(results["targets"])
    with _figure(3.4 * len(targets), 3.2, 1, len(targets)) as (figure, axes):
        for axis, target in zip(axes[0], targets, strict=True):
            counts = np.array(results["targets"][target]["rtcan"]["confusion"])
            share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
            for row in range(2):
                for column in range(2):
                    axis.add_patch(
                        Rectangle(
                            (column - 0.5, row - 0.5), 1, 1, facecolor=BLUE, edgecolor=GRID,
                            alpha=float(share[row, column]),
                        )
                    )  # fmt: skip
                    axis.text(
                        column, row, f"{counts[row, column]}\n{share[row, column]:.0%}",
                        ha="center", va="center",
                        color=PAPER if share[row, column] > 0.55 else INK,
                    )  # fmt: skip
            axis.grid(visible=False)
            axis.set(
                title=target, xlabel="predicted", ylabel="rated", aspect="equal",
                xlim=(-0.5, 1.5), ylim=(1.5, -0.5),
            )  # fmt: skip
            axis.set_xticks([0, 1], ["low", "high"])
            axis.set_yticks([0, 1], ["low", "high"])
        return _svg(figure)


def roc_curves(results: dict[str, Any]) -> str:
    """Draw the receiver operating characteristics per trial."""
    with _figure(4.2, 4.4, 1, 1) as (figure, axes):
        axis = axes[0][0]
        for (target, figures), colour in zip(
            results["targets"].items(), (BLUE, ORANGE), strict=False
        ):
            roc = figures["roc"]
            if roc is not None:
                name = f"{target}, area {roc['auc']:.2f}"
                axis.plot(roc["false"], roc["true"], color=colour, lw=2, label=name)
        axis.plot([0, 1], [0, 1], color=INK, lw=0.8, ls=":", label="chance, area 0.50")
        axis.set(xlabel="low called high", ylabel="high called high", xlim=(0, 1), ylim=(0, 1))
        _legend_below(figure, axis, 1)
        return _svg(figure)


def reliabilities(results: dict[str, Any]) -> str:
    """Draw how often windows were high against what was said, before and after calibration.

    A row for each target: at the classes' own shares, and with both classes weighing the same.
    """
    targets = list(results["targets"])
    with _figure(8.4, 3.6 * len(targets), len(targets), 2) as (figure, axes):
        for row, target in zip(axes, targets, strict=True):
            told = results["targets"][target]["calibration"]
            odds = _odds_when_alike(told)
            for axis, kind, words in zip(
                row, ("", "balanced_"), ("own shares", "both classes alike"), strict=True
            ):
                axis.plot([0, 1], [0, 1], color=INK, lw=0.8, ls=":")
                for key, colour, name in (("before", ORANGE, "as fitted"),
                                          ("after", BLUE, "calibrated")):  # fmt: skip
                    kept = [n for n, b in enumerate(told[key]) if b[2] >= FEW_WINDOWS]
                    at, share = (np.array([told[kind + key][n][i] for n in kept]) for i in (0, 1))
                    natural, count = (np.array([told[key][n][i] for n in kept]) for i in (1, 2))
                    ends = wilson(natural, count)
                    if kind:
                        ends = _with_odds(ends[0], odds), _with_odds(ends[1], odds)
                    bars = [np.maximum(share - ends[0], 0), np.maximum(ends[1] - share, 0)]
                    axis.errorbar(
                        at, share, yerr=bars, color=colour, fmt="o-", lw=1.5, ms=4, elinewidth=1,
                        label=f"{name}: ECE {told[f'{kind}error_{key}']:.3f}",
                    )  # fmt: skip
                axis.set(
                    title=f"{target}, {words}", xlabel="probability of high",
                    ylabel="share that was high", xlim=(0, 1), ylim=(0, 1),
                )  # fmt: skip
                axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=2, fontsize=8)
        return _svg(figure)


def _odds_when_alike(told: dict[str, Any]) -> float:
    """Return by what odds of high are multiplied where both classes weigh the same."""
    high = sum(share * count for _, share, count in told["after"])
    low = sum((1 - share) * count for _, share, count in told["after"])
    return low / high if high > 0 and low > 0 else 1.0


def _with_odds(share: FloatArray, factor: float) -> FloatArray:
    """Return shares whose odds are so many times as high."""
    return np.asarray(share * factor / (share * factor + 1 - share))


def wilson(share: FloatArray, count: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the 95 % Wilson interval of shares (n,) of so many draws; two arrays (n,).

    Windows overlap and a person's are alike, so the truth is wider still.
    """
    z2 = 1.96**2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = np.sqrt(z2 * (share * (1 - share) / count + z2 / (4 * count**2))) / (1 + z2 / count)
    # The share itself lies within, but for rounding at 0 and 1.
    return np.minimum(middle - half, share), np.maximum(middle + half, share)


def per_subject(results: dict[str, Any]) -> str:
    """Draw each subject's accuracy, sorted."""
    targets = list(results["targets"])
    with _figure(10, 2.4 * len(targets), len(targets), 1) as (figure, axes):
        for axis, target in zip(axes[:, 0], targets, strict=True):
            told = results["targets"][target]["subjects"]
            order = sorted(told, key=lambda name: (-told[name][0], natural(name)))
            values = [told[name][0] for name in order]
            colours = [BLUE if value >= 0.5 else RED for value in values]
            axis.bar(np.arange(len(order)), values, color=colours, width=0.8)
            axis.axhline(0.5, color=INK, lw=0.8, ls=":")
            axis.set(title=target, ylabel="accuracy", ylim=(0, 1), xlim=(-0.8, len(order) - 0.2))
            axis.grid(visible=False, axis="x")
            if len(order) <= 60:
                axis.set_xticks(np.arange(len(order)), order, rotation=90, fontsize=7)
            else:
                axis.set_xticks([])
            axis.set_xlabel("subject")
        return _svg(figure)


def example_windows(
    problem: Problem, target: str, channels: tuple[str, ...], units: str = "z-scored"
) -> str:
    """Draw two windows that were rated low and two that were rated high."""
    truth = problem.annotation.classes[target]
    recording = problem.windows.recording
    picked = []
    for label in (0, 1):
        of_label = problem.windows.of(np.flatnonzero(truth == label))
        if of_label.size:
            picked += [int(of_label[k]) for k in {of_label.size // 3, 2 * of_label.size // 3}]
    with _figure(10, 4.6, 2, max(len(picked), 1)) as (figure, axes):
        for column, index in enumerate(picked):
            own = problem.data.recordings[recording[index]]
            values = dict(zip(channels, problem.windows.inputs[index], strict=True))
            at = np.linspace(0, 100, values["origin"].size)
            upper, lower = axes[0][column], axes[1][column]
            upper.plot(at, values["origin"], color=FAINT, lw=1, label="origin")
            upper.plot(at, values["tonic"], color=ORANGE, lw=1.8, label="tonic")
            lower.plot(at, values["phasic"], color=BLUE, lw=1.2, label="phasic")
            rated = "high" if truth[recording[index]] else "low"
            name = textwrap.shorten(own.stimulus, 24, placeholder="…")
            upper.set_title(f"{own.subject}: {rated}\n{name}", fontsize=9)
            lower.set_xlabel("% of window")
            lower.set_ylim(min(-0.1, float(values["phasic"].min())),
                           max(1.0, 1.05 * float(values["phasic"].max())))  # fmt: skip
            if column == 0:
                upper.set_ylabel(units)
                lower.set_ylabel(units)
        handles = [line for axis in axes[:, 0] for line in axis.get_lines()]
        figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=8)
        return _svg(figure)
