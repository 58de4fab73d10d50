"""`python -m export.card save/best.onnx`: what a model is, is worth, and is not for."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from device.cli import RtcanCommand
from device.errors import MissingExtraError, ModelError
from export import worth
from runtime.preprocessing.contract import METADATA_KEY, Contract, Target
from runtime.sinks.words import guesses

# Key under which the facts for the card stand in an ONNX file's metadata.
CARD_KEY = "rtcan_card"
_FACTS = (
    "dataset",
    "protocol",
    "tested_on",
    "calibrated_on",
    "labels",
    "recordings",
    "people",
    "windows",
    "skipped",
    "refused",
    "notes",
    "kept_model",
    "targets",
    "versions",
)


def facts(metrics: Mapping[str, Any]) -> str:
    """Return what a model card needs of a training's metrics, as JSON text.

    Metrics of a joined model have those of each training under "parts" (`export.join`).
    """
    if "parts" in metrics:
        parts = [json.loads(facts(part)) for part in metrics["parts"]]
        return json.dumps({"parts": parts}, sort_keys=True)
    kept = {name: metrics[name] for name in _FACTS if name in metrics}
    kept["targets"] = {
        target: worth.kept(figures) for target, figures in metrics.get("targets", {}).items()
    }
    return json.dumps(kept, sort_keys=True)


def read(path: Path) -> tuple[Contract, dict[str, Any]]:
    """Return the contract and the facts in an exported model.

    Raises
    ------
    ModelError
        If it is no model of ours.
    device.errors.ContractError
        If its contract is refused.
    """
    import onnx
    from google.protobuf.message import DecodeError

    if not path.is_file():
        raise ModelError(f"There is no {path}. Export one with: python -m export.onnx save/best.pt")
    try:
        model = onnx.load(path)
    except DecodeError as error:
        raise ModelError(
            f"{path} is not an ONNX model. Expected: the save/best.onnx that python -m export.onnx "
            "writes."
        ) from error
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    if METADATA_KEY not in metadata:
        raise ModelError(f"{path} is an ONNX model without RTCAN's contract")
    return Contract.from_json(metadata[METADATA_KEY]), json.loads(metadata.get(CARD_KEY, "{}"))


def markdown(name: str, contract: Contract, known: Mapping[str, Any]) -> str:
    """Return the card as Markdown."""
    targets = " and ".join(target.name for target in contract.targets)
    valence = " It tells little about valence: take that output as a guess."
    told = guesses(contract)
    units = "in the person's own units" if contract.personal else "z-scored"
    if "valence" not in targets or told:
        valence = ""
    lines = [
        f"# Model card: {name}",
        "",
        f"Predicts low or high {targets} from skin conductance (EDA/GSR), once every "
        f"{contract.hop_s:g} s, about the last {contract.window_s:g} s.",
        "",
        f"**Trained on {contract.trained_on}.**",
        "",
        *(line for text in told for line in (f"**{text[0].upper()}{text[1:]}**", "")),
        *(line for part in known.get("parts", [known]) for line in _training(contract, part)),
        "## Contract",
        "",
        f"* sensor: microsiemens at any rate, put on a grid of {contract.rate_hz:g} Hz",
        f"* window: {contract.window_s:g} s after {contract.context_s:g} s of context; {units}, "
        f"split by cvxEDA, stretched to {contract.input_length} samples of "
        f"{', '.join(contract.channels)}",
        *(
            [f"* the first answer after {contract.first_answer_s:g} s of believable signal"]
            if contract.personal
            else []
        ),
        f"* no answer where more than {contract.max_gap_share:.0%} of a window has no samples, or "
        "the signal does not move",
        *(
            f"* {target.name}: {target.classes[1]}{_meaning(target)} from a probability of "
            f"{target.threshold:g}"
            for target in contract.targets
        ),
        "",
        "## Limits",
        "",
        "* Skin conductance shows arousal, differently in everybody, and also heat, movement, talk "
        f"and coffee.{valence}",
        "* The figures above hold for people, sensors and situations like those of the data. A "
        "probability is calibrated for them at best.",
        "* Dry or cold hands, loose electrodes and motion give windows that look like answers.",
        "",
        "## Intended use",
        "",
        "Research and teaching in affective computing, art and games, with people who know that "
        "they are measured and may stop at any time.",
        "",
        "Not for diagnosis or treatment, not for hiring, grading, policing, insurance or any "
        "other decision about a person, not for watching people who have not agreed to it.",
    ]
    return "\n".join(lines) + "\n"


def _meaning(target: Target) -> str:
    """Return what a target's upper class means, where its name does not say it."""
    return f" ({target.words[1]}, not {target.words[0]})" if target.words else ""


def _training(contract: Contract, known: Mapping[str, Any]) -> list[str]:
    """Return what one training was of and what it is worth."""
    joined = known.get("targets") and len(known["targets"]) < len(contract.targets)
    of = f": {' and '.join(known['targets'])}" if joined else ""
    return [
        f"## Data and protocol{of}",
        "",
        *_data(contract, known),
        "",
        f"## What it is worth{of}",
        "",
        *worth.per_recording(known),
        "",
        *worth.per_window(known),
        *worth.calibration(known),
    ]


def _data(contract: Contract, known: Mapping[str, Any]) -> list[str]:
    if "dataset" not in known:
        return ["Nothing is recorded about its training."]
    people = f" of {known['people']} people" if "people" in known else ""
    lines = [
        f"* data set: {known['dataset']}, {known.get('recordings', '?')} recordings{people}, "
        f"{known.get('windows', '?')} windows",
        f"* protocol: {known.get('protocol', 'not stated')}",
        f"* labels: {known.get('labels', contract.labels)}",
    ]
    if known.get("kept_model"):
        lines.append(f"* this model: {known['kept_model']}")
    for kind in ("skipped", "refused"):
        lines += [f"* left out: {n} x {reason}" for reason, n in known.get(kind, {}).items()]
    return lines + [f"* {note}" for note in known.get("notes", [])]


@click.command(cls=RtcanCommand)
@click.argument("path", type=click.Path(path_type=Path), metavar="MODEL")
@click.option("--output", type=click.Path(path_type=Path), help="Write Markdown to this file.")
def main(path: Path, output: Path | None) -> None:
    """Show the model card of MODEL (save/best.onnx): rendered in a terminal, Markdown elsewhere."""
    if importlib.util.find_spec("onnx") is None:
        raise MissingExtraError("onnx", "train", "Reading a model card")
    text = markdown(path.name, *read(path))
    if output is not None:
        from runtime.files import write_whole

        write_whole(output, text.encode())
        click.echo(f"Wrote {output}")
    elif sys.stdout.isatty():
        from rich.console import Console
        from rich.markdown import Markdown

        Console(width=min(Console().width, 100)).print(Markdown(text))
    else:
        click.echo(text, nl=False)


if __name__ == "__main__":
    main()
