"""What a model is worth: the figures that travel with it, and the card's tables of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.measures.control_names import EXPLAINED, WORDS

_FIGURES = ("n", "subjects", "balanced_accuracy", "macro_f1", "interval_over")
_WINDOWS = ("n", "people", "high_share", "models", "network_adds")
_ECE = ("error_before", "error_after", "balanced_error_before", "balanced_error_after")
MODELS = {
    "rtcan": "RTCAN-1D",
    "logistic_regression": "logistic regression on plain features",
    "majority": "always the majority",
}


def kept(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a target's figures in metrics.json travels in the model."""
    found = {
        model: {
            name: value
            for name, value in figures[model].items()
            if name.removesuffix("_95") in _FIGURES
        }
        for model in MODELS
        if model in figures
    }
    for part, names in (("windows", _WINDOWS), ("calibration", _ECE)):
        if part in figures:
            found[part] = {name: figures[part][name] for name in names if name in figures[part]}
    return found


def per_recording(known: Mapping[str, Any]) -> list[str]:
    """Return the figures per recording as Markdown."""
    if not known.get("targets"):
        return ["No figures are recorded."]
    over = {
        figures["rtcan"].get("interval_over", "subjects").replace("subjects", "people")
        for figures in known["targets"].values()
        if "rtcan" in figures
    }
    lines = [
        # Files of before this was recorded say what they were tested on by their protocol alone.
        f"{known.get('tested_on', 'On what the protocol above held out')}. Per recording; in "
        f"brackets the 95 % interval of a bootstrap over {max(over, default='people', key=len)}. "
        "0.50 is chance.",
        "",
        "| target | model | n | balanced accuracy | macro F1 |",
        "|---|---|---|---|---|",
    ]
    for target, figures in known["targets"].items():
        for model, words in MODELS.items():
            if model in figures:
                one = figures[model]
                lines.append(
                    f"| {target} | {words} | {one['n']} | {_value(one, 'balanced_accuracy')} | "
                    f"{_value(one, 'macro_f1')} |"
                )
    return lines


def per_window(known: Mapping[str, Any]) -> list[str]:
    """Return the figures per window beside the controls; files of before have none."""
    found = {t: f["windows"] for t, f in known.get("targets", {}).items() if "windows" in f}
    if not found:
        return []
    lines = [
        f"Per window, beside controls. {EXPLAINED}",
        "",
        "| target | answer by | AUC | AUC within a person | balanced accuracy |",
        "|---|---|---|---|---|",
    ]
    for target, figures in found.items():
        for name, words in WORDS.items():
            if name in figures["models"]:
                own = figures["models"][name]
                cells = (_value(own, key) for key in ("auc", "auc_within", "balanced_accuracy"))
                lines.append(f"| {target} | {words} | {' | '.join(cells)} |")
    lines += [
        "",
        *(
            f"* {target}: {own['n']} windows of {own['people']} people, {own['high_share']:.0%} of "
            "them high"
            for target, own in found.items()
        ),
        "",
    ]
    return lines


def calibration(known: Mapping[str, Any]) -> list[str]:
    """Return the calibration errors before and after."""
    found = {t: f.get("calibration", {}) for t, f in known.get("targets", {}).items()}
    found = {t: own for t, own in found.items() if all(name in own for name in _ECE)}
    if not found:
        return []
    lines = [
        " ".join(["Expected calibration error, as fitted and calibrated."]
                 + [f"{told}." for told in [known.get("calibrated_on")] if told]),
        "",
        "| target | at the classes' own shares | both classes weighing the same |",
        "|---|---|---|",
    ]  # fmt: skip
    for target, own in found.items():
        values = [f"{own[name]:.3f}" for name in _ECE]
        lines.append(f"| {target} | {', '.join(values[:2])} | {', '.join(values[2:])} |")
    return [*lines, ""]


def _value(figures: Mapping[str, Any], name: str) -> str:
    if figures[name] is None:
        return "–"
    interval = figures.get(f"{name}_95")
    ends = f" [{interval[0]:.2f}, {interval[1]:.2f}]" if interval else ""
    return f"{figures[name]:.2f}{ends}"
