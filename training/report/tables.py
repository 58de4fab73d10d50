"""The report's tables, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from training.measures.control_names import WORDS
from training.measures.figures import MODELS
from training.report.verdict import with_interval

# The model and its paths stand above the controls.
_PATHS = ("rtcan", "network_alone", "regression_alone")


def table(rows: str) -> str:
    """Return rows as a table that is scrolled where the page is narrow."""
    return f'<div class="scroll"><table>{rows}</table></div>'


def facts(rows: dict[str, Any]) -> str:
    """Return names and what is known of each, where anything is."""
    return table(
        "".join(
            f"<tr><th>{name}</th><td>{escape(str(value))}</td></tr>"
            for name, value in rows.items()
            if value != ""
        )
    )


def results(targets: dict[str, Any]) -> str:
    """Return the figures per trial of each target."""
    rows = []
    for target, figures in targets.items():
        for model, words in MODELS.items():
            own = figures[model]
            auc = figures["roc"]["auc"] if model == "rtcan" and figures["roc"] else None
            rows.append((
                escape(target) if model == "rtcan" else "", words, str(own["n"]),
                with_interval(own, "balanced_accuracy"), with_interval(own, "macro_f1"),
                f"{own['accuracy']:.2f}", "" if auc is None else f"{auc:.2f}",
            ))  # fmt: skip
    head = ("", "model", "n", "balanced accuracy", "macro F1", "accuracy", "ROC area")
    return _numbers(head, rows)


def controls(targets: dict[str, Any]) -> str:
    """Return the figures per window of the model, its paths and the controls."""
    rows = []
    for target, figures in targets.items():
        found = figures["windows"]["models"]
        for name in shown(found):
            own = found[name]
            rows.append((
                escape(target) if name == "rtcan" else "",
                WORDS[name] if name in _PATHS else f"<i>control:</i> {WORDS[name]}",
                *(with_interval(own, key) for key in ("auc", "auc_within", "balanced_accuracy")),
            ))  # fmt: skip
    head = ("", "answer by", "AUC", "AUC within a person", "balanced accuracy")
    return _numbers(head, rows) + "".join(f"<p>{escape(s)}</p>" for s in _said(targets))


def shown(models: dict[str, Any]) -> list[str]:
    """Return which answers are shown; a network without a regression beside it is the model."""
    return [
        n for n in WORDS if n in models and (n != "network_alone" or "regression_alone" in models)
    ]


def calibration(targets: dict[str, Any]) -> str:
    """Return the calibration errors before and after."""
    rows = []
    for target, figures in targets.items():
        own = figures["calibration"]
        for kind, words in (
            ("", "at the classes' own shares"),
            ("balanced_", "both classes alike"),
        ):
            before, after = (own[f"{kind}error_{when}"] for when in ("before", "after"))
            rows.append(
                (escape(target) if not kind else "", words, f"{before:.3f}", f"{after:.3f}")
            )
    return _numbers(("", "expected calibration error", "as fitted", "calibrated"), rows)


def left_out(told: dict[str, Any]) -> str:
    """Return what was skipped and refused, by reason."""
    reasons = {**told["skipped"], **told["refused"]}
    if not reasons:
        return "<p>Nothing.</p>"
    rows = "".join(
        f'<tr><td class="n">{count}</td><td>{escape(reason)}</td></tr>'
        for reason, count in reasons.items()
    )
    return table(f"<tr><th class=n>count</th><th>reason</th></tr>{rows}")


def _said(targets: dict[str, Any]) -> list[str]:
    said = []
    for target, figures in targets.items():
        own = figures["windows"]
        told = f"{target.capitalize()}: {own['n']} windows of {own['people']} people, " \
               f"{own['high_share']:.0%} high."  # fmt: skip
        adds = own.get("network_adds")
        if adds and adds["auc"] is not None:
            ends = adds["auc_95"]
            between = f" [{ends[0]:+.3f}, {ends[1]:+.3f}]" if ends else ""
            change = f"{adds['auc']:+.3f}{between}".replace("-", "−")
            told += f" Beside the regression the model changes the AUC by {change}."
        if "regression_alone" not in own["models"]:
            told += " A regression in running units needs --normalisation personal."
        said.append(told)
    return said


def _numbers(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of two columns of words and more of numbers; cells are HTML."""
    lines = [
        "".join(f"<{tag}{' class=n' if i > 1 else ''}>{cell}</{tag}>" for i, cell in enumerate(row))
        for tag, row in (("th", head), *(("td", row) for row in rows))
    ]
    return table("".join(f"<tr>{line}</tr>" for line in lines))
