"""`report.html`: all of a run on one page that needs nothing else."""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path
from typing import Any

from runtime.files import write_whole
from training.evaluation.experiment import Result
from training.measures.control_names import EXPLAINED
from training.report import plots, tables
from training.report.annotation_figure import figure
from training.report.order import natural
from training.report.summary import VALENCE, leaks
from training.report.theme import CSS
from training.report.verdict import verdicts

# Wider pictures are not shrunk to the width of a phone.
_WIDE_PT = 400


def write(result: Result, path: Path) -> None:
    """Write the page, completely or not at all."""
    write_whole(path, build(result).encode())


def build(result: Result) -> str:
    """Return the page as HTML."""
    told = result.metrics
    channels = result.contract.channels
    units = "in personal units" if result.contract.personal else "z-scored"
    first = result.problem.targets[0]
    body = [
        f"<h1>RTCAN on {escape(told['dataset'])}</h1>",
        f"<p>Protocol: {escape(told['protocol'])}</p>",
        '<div class="verdict">' + "".join(f"<p>{escape(v)}</p>" for v in verdicts(told)) + "</div>",
        *(f'<p class="warning">{escape(text)}</p>' for text in leaks(told)),
        *_marks(told),
        "<h2>Results</h2>",
        tables.results(told["targets"]),
        "" if told["compared"] is None else
        f"<h3>Beside it: {escape(told['compared']['protocol'])}</h3>"
        + tables.results(told["compared"]["targets"]),
        "<p>Figures are per trial: a trial's probability is the mean over its windows. Intervals "
        f"are 95 %, from a bootstrap over {told['targets'][first]['rtcan']['interval_over']}. "
        "0.50 balanced accuracy is chance."
        + (VALENCE if "valence" in told["targets"] else "") + "</p>",
        "<h2>Per window, beside controls</h2>",
        tables.controls(told["targets"]),
        f"<p>{escape(EXPLAINED)}</p>",
        f"<p>{escape(told['tested_on'])}. Intervals are 95 %, from a bootstrap over people; 0.50 "
        "is chance in all columns.</p>",
        _transfer(told),
        "<h2>What was run</h2>",
        _facts(told),
        "<h2>What was left out</h2>",
        tables.left_out(told),
        "<h2>Learning curves</h2>",
        _picture(plots.learning_curves(told), "Loss by epoch"
                 + (" of each ensemble's first network" if told["ensemble"] > 1 else "") +
                 ". Dotted: guessing. The dot is the best epoch, chosen on the validation side."),
        "<h2>Confusion matrices</h2>",
        _picture(plots.confusions(told), "Trials of all test folds, and their share of a row."),
        "<h2>ROC</h2>",
        _picture(plots.roc_curves(told), "Trials of all test folds."),
        "<h2>Are the probabilities true?</h2>",
        tables.calibration(told["targets"]),
        _picture(plots.reliabilities(told), "Windows of all test folds, by what was said of them, "
                 f"in bins of at least {plots.FEW_WINDOWS}; bars are 95 % intervals. Left: at the "
                 "classes' own shares. Right: with both classes weighing the same, for which what "
                 f"calibrates is fitted. {told['calibrated_on']}."),
        "<h2>Subjects</h2>",
        _picture(plots.per_subject(told), "Accuracy over each subject's trials when held out." if
                 told["protocol"].startswith("subject") else "Accuracy over each subject's trials; "
                 "other trials of the same subject were learnt from."),
        "<h2>Windows as the network sees them</h2>",
        _picture(plots.example_windows(result.problem, first, channels, units),
                 f"Origin, tonic and phasic of two trials of low and two of high {first}."),
        _annotation(result),
        "<h2>Contract and settings</h2>",
        _json(result),
    ]  # fmt: skip
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>RTCAN on {escape(told['dataset'])}</title><style>{CSS}</style></head><body>"
        + "\n".join(body)
        + "</body></html>\n"
    )


def _marks(told: dict[str, Any]) -> list[str]:
    if not told["not_live"]:
        return _notes(told)
    live = f"The model is not for live use: {told['not_live']}."
    return [*_notes(told), f'<p class="note">{escape(live)}</p>']


def _facts(told: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {v}" for name, v in told["versions"].items() if v)
    shares = ", ".join(f"{t} {f['high_share']:.0%}" for t, f in told["targets"].items())
    rows = {
        "Command": told.get("command", ""),
        "Data": f"{told['trained_on']}: {told['recordings']} trials of {told['people']} people, "
        f"{told['windows']} windows",
        "Labels": f"{told['labels']} (high: {shares})",
        "Final model": told["kept_model"],
        "Preset": told.get("preset", ""),
        "Seed": told["settings"]["seed"],
        "Device": told.get("device", ""),
        "Versions": versions,
        "Time": f"{told['seconds']:.0f} s for fitting and testing",
    }
    return tables.facts(rows)


def _transfer(told: dict[str, Any]) -> str:
    """Return what the final model is worth on another data set, where it was tested on one."""
    moved = told["transfer"]
    if moved is None:
        return ""
    shares = ", ".join(f"{t} {f['high_share']:.0%}" for t, f in moved["targets"].items())
    rows = {
        "Model": f"the final model, learnt from {told['trained_on']}: {told['kept_model']}",
        "Tested on": f"{moved['data']}: {moved['recordings']} trials of {moved['people']} people, "
        f"{moved['windows']} windows; nothing is fitted or chosen on them",
        "Labels": f"{moved['labels']} (high: {shares})",
    }
    name = escape(moved["dataset"])
    return "\n".join([
        f"<h2>Tested on another data set: {name}</h2>",
        *_notes(moved),
        tables.facts(rows),
        "<h3>Per trial</h3>", tables.results(moved["targets"]),
        "<h3>Per window, beside controls</h3>",
        tables.controls(moved["targets"]),
        "<p>Here the regression, the clock and the majority learnt where the model did; the priors "
        f"are of the people of {name}.</p>",
        "<h3>Are the probabilities true there?</h3>",
        tables.calibration(moved["targets"]),
        _picture(plots.reliabilities(moved), f"Windows of {moved['dataset']}."),
        f"<h3>What was left out of {name}</h3>", tables.left_out(moved),
    ])  # fmt: skip


def _notes(told: dict[str, Any]) -> list[str]:
    notes = list(told["notes"])
    for reason, count in told["labels_degenerate"].items():
        notes.append(f"Labels: {count} subjects have {reason}; for them the middle of the scale "
                     "is the line between low and high.")  # fmt: skip
    return [f'<p class="note">{escape(note)}</p>' for note in notes]


def _annotation(result: Result) -> str:
    made = result.problem.annotation
    if not made.lines:
        return f"<h2>Labels</h2><p>{escape(made.rule)}.</p>"
    data = result.problem.data
    found = any(line.centres is not None for line in made.lines.values())
    clusters = "the two clusters and their centres, the midpoint of the centres, " if found else ""
    parts = []
    for number, (subject, line) in enumerate(
        sorted(made.lines.items(), key=lambda item: natural(item[0]))
    ):
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
        f"with the middle of the scale, {clusters}and the classes that come of it.</p>"
        + "".join(parts)
    )


def _picture(svg: str, caption: str) -> str:
    wide = re.match(r'<svg[^>]* width="(\d+)', svg)
    kind = ' class="wide"' if wide and int(wide[1]) > _WIDE_PT else ""
    return f"<figure{kind}>{svg}<figcaption>{escape(caption)}</figcaption></figure>"


def _json(result: Result) -> str:
    contract = json.loads(result.contract.to_json())
    for name in ("music_mean", "music_std"):
        contract[name] = f"{len(contract[name])} values"
    shown = {name: result.metrics[name] for name in ("settings", "network")}
    text = json.dumps({"contract": contract, **shown}, indent=2)
    return f"<details><summary>as JSON</summary><pre>{escape(text)}</pre></details>"
