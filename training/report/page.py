"""`report.html`: all of a run on one page that needs nothing else."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

from training.compute.files import write_whole
from training.evaluation.experiment import Result
from training.evaluation.figures import MODELS
from training.report import plots
from training.report.annotation_figure import figure
from training.report.summary import leaks, with_interval

_CSS = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1c2127; max-width: 1040px;
       margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.7em; margin-bottom: .2em }
h2 { font-size: 1.25em; margin-top: 2em; border-bottom: 1px solid #d5dae0 }
table { border-collapse: collapse; margin: .6em 0 }
td, th { padding: .25em .8em; border-bottom: 1px solid #e4e7eb; text-align: left;
         vertical-align: top }
td.n { text-align: right; font-variant-numeric: tabular-nums }
tr.ours td { font-weight: 600 }
.warning { background: #fbe9e7; border-left: 4px solid #b3262d; padding: .6em 1em }
.note { background: #f3f5f8; border-left: 4px solid #8a8f98; padding: .4em 1em }
svg { max-width: 100%; height: auto }
figure { margin: 1em 0 }
figcaption { color: #4b5560; font-size: .92em }
summary { cursor: pointer }
pre { background: #f3f5f8; padding: .8em; overflow: auto; font-size: .85em }
"""


def write(result: Result, path: Path) -> None:
    """Write the page, completely or not at all."""
    write_whole(path, build(result).encode())


def build(result: Result) -> str:
    """Return the page as HTML."""
    told = result.metrics
    channels = result.contract.channels
    first = result.problem.targets[0]
    body = [
        f"<h1>RTCAN on {escape(told['dataset'])}</h1>",
        f"<p>{escape(told['protocol'])}</p>",
        *(f'<p class="warning">{escape(text)}</p>' for text in leaks(told)),
        *_marks(told),
        "<h2>Results</h2>",
        _results(told["targets"], told["protocol"]),
        "" if told["compared"] is None else _results(
            told["compared"]["targets"], told["compared"]["protocol"]
        ),
        "<p>Figures are per trial: a trial's probability is the mean over its windows. Intervals "
        "are 95 %, from a bootstrap over subjects. 0.50 balanced accuracy is chance. Skin "
        "conductance follows arousal; it tells little about valence, and figures near chance there "
        "are what to expect.</p>",
        "<h2>What was run</h2>",
        _facts(told),
        "<h2>What was left out</h2>",
        _left_out(told),
        "<h2>Learning curves</h2>",
        _picture(plots.learning_curves(told), "Loss by epoch. Dotted: guessing. The dot is the "
                 "epoch that was kept, chosen on the validation side."),
        "<h2>Confusion matrices</h2>",
        _picture(plots.confusions(told), "Trials of all test folds, and their share of a row."),
        "<h2>ROC</h2>",
        _picture(plots.roc_curves(told), "Trials of all test folds."),
        "<h2>Are the probabilities true?</h2>",
        _picture(plots.reliabilities(told), "Windows of all test folds, by what the network said. "
                 "ECE: expected calibration error. The temperature is chosen on validation data."),
        "<h2>Subjects</h2>",
        _picture(plots.per_subject(told), "Accuracy over each subject's trials when held out." if
                 told["protocol"].startswith("subject") else "Accuracy over each subject's trials; "
                 "other trials of the same subject were learnt from."),
        "<h2>Windows as the network sees them</h2>",
        _picture(plots.example_windows(result.problem, first, channels),
                 f"Origin, tonic and phasic of two trials of low and two of high {first}."),
        _annotation(result),
        "<h2>Contract and settings</h2>",
        _json(result),
    ]  # fmt: skip
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>RTCAN on {escape(told['dataset'])}</title><style>{_CSS}</style></head><body>"
        + "\n".join(body)
        + "</body></html>\n"
    )


def _marks(told: dict[str, Any]) -> list[str]:
    notes = list(told["notes"])
    if told["not_live"]:
        notes.append(f"The model is not for live use: {told['not_live']}.")
    if told["protocol"].startswith("paper"):
        notes.append(
            "Under this protocol the same people stand on both sides of every fold. The figures "
            "say nothing about people not seen before; --protocol subject does."
        )
    for reason, count in told["labels_degenerate"].items():
        notes.append(f"Labels: {count} subjects have {reason}; for them the middle of the scale "
                     "is the line between low and high.")  # fmt: skip
    return [f'<p class="note">{escape(note)}</p>' for note in notes]


def _results(targets: dict[str, Any], protocol: str) -> str:
    rows = []
    for target, figures in targets.items():
        for model, words in MODELS.items():
            own = figures[model]
            auc = figures["roc"]["auc"] if model == "rtcan" and figures["roc"] else None
            cells = (
                escape(target) if model == "rtcan" else "", words, str(own["n"]),
                with_interval(own, "balanced_accuracy"), with_interval(own, "macro_f1"),
                f"{own['accuracy']:.2f}", "" if auc is None else f"{auc:.2f}",
            )  # fmt: skip
            mark = ' class="ours"' if model == "rtcan" else ""
            joined = "".join(
                f"<td{' class=n' if i > 1 else ''}>{cell}</td>" for i, cell in enumerate(cells)
            )
            rows.append(f"<tr{mark}>{joined}</tr>")
    head = "".join(
        f"<th>{name}</th>"
        for name in ("", "model", "n", "balanced accuracy", "macro F1", "accuracy", "ROC area")
    )
    return f"<h3>{escape(protocol)}</h3><table><tr>{head}</tr>{''.join(rows)}</table>"


def _facts(told: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {v}" for name, v in told["versions"].items() if v)
    shares = ", ".join(f"{t} {f['high_share']:.0%}" for t, f in told["targets"].items())
    rows = {
        "Command": told.get("command", ""),
        "Data": f"{told['trained_on']}: {told['recordings']} trials of {told['people']} people, "
        f"{told['windows']} windows",
        "Protocol": told["protocol"],
        "Labels": f"{told['labels']} (high: {shares})",
        "Kept model": told["kept_model"],
        "Preset": told.get("preset", ""),
        "Seed": told["settings"]["seed"],
        "Device": told.get("device", ""),
        "Versions": versions,
        "Time": f"{told['seconds']:.0f} s for fitting and testing",
    }
    return "<table>" + "".join(
        f"<tr><th>{name}</th><td>{escape(str(value))}</td></tr>"
        for name, value in rows.items() if value != ""
    ) + "</table>"  # fmt: skip


def _left_out(told: dict[str, Any]) -> str:
    reasons = {**told["skipped"], **told["refused"]}
    if not reasons:
        return "<p>Nothing.</p>"
    rows = "".join(
        f'<tr><td class="n">{count}</td><td>{escape(reason)}</td></tr>'
        for reason, count in reasons.items()
    )
    return f"<table><tr><th>count</th><th>reason</th></tr>{rows}</table>"


def _annotation(result: Result) -> str:
    made = result.problem.annotation
    if not made.lines:
        return f"<h2>Labels</h2><p>{escape(made.rule)}.</p>"
    data = result.problem.data
    parts = []
    for number, (subject, line) in enumerate(made.lines.items()):
        if not len(line.points):
            continue
        why = f" ({line.degenerate}: middle of the scale)" if line.degenerate else ""
        opened = " open" if number == 0 else ""
        drawn = figure(line, data.rating_range)
        parts.append(
            f"<details{opened}><summary>{escape(subject)}: {len(line.points)} trials{escape(why)}"
            f"</summary>{drawn}</details>"
        )
    return (
        f"<h2>Labels, subject by subject</h2><p>{escape(made.rule)}. Left to right: the ratings "
        "with the middle of the scale, the two clusters and their centres, the midpoint of the "
        "centres, and the classes that come of it.</p>" + "".join(parts)
    )


def _picture(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"


def _json(result: Result) -> str:
    contract = json.loads(result.contract.to_json())
    for name in ("music_mean", "music_std"):
        contract[name] = f"{len(contract[name])} values"
    shown = {name: result.metrics[name] for name in ("settings", "network")}
    text = json.dumps({"contract": contract, **shown}, indent=2)
    return f"<details><summary>as JSON</summary><pre>{escape(text)}</pre></details>"
