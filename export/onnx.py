"""`python -m export.onnx save/best.pt`: from checkpoints to the one file that the edge needs."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from device.cli import RtcanCommand
from device.errors import CheckpointError, ExportError, MissingExtraError

if TYPE_CHECKING:
    from export.proof import Proof
    from training.network.checkpoint import Checkpoint


@click.command(cls=RtcanCommand)
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    metavar="CHECKPOINT [CHECKPOINT]",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="[default: beside the checkpoint, .onnx; joined.onnx for several]",
)
@click.option("--fp16", is_flag=True, help="Also write a half-precision variant, if it is as good.")
@click.option("--int8", is_flag=True, help="Also write an 8-bit variant, if it is as good.")
@click.option(
    "--provider",
    type=click.Choice(["cpu", "cuda", "tensorrt"]),
    multiple=True,
    default=["cpu"],
    show_default=True,
    help="Where to prove it; may be given several times.",
)
def main(
    paths: tuple[Path, ...], output: Path | None, fp16: bool, int8: bool, provider: tuple[str, ...]
) -> None:
    """Export CHECKPOINT (save/best.pt) to ONNX, prove that it equals its source, and write it.

    Several checkpoints, AROUSAL.pt VALENCE.pt, become one model with the targets of all; their
    preprocessing must agree.

    A file that fails the proof is not written. What was measured stands beside the model, in
    .export.json. A smaller variant is written only if it decides like the original.
    """
    for package, extra in (
        ("torch", "train"),
        ("onnx", "train"),
        ("onnxscript", "train"),
        ("onnxruntime", "edge"),
    ):
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(package, extra, "Exporting")
    from export import card, parity, proof, verdict
    from export import graph as graphs
    from export.join import join
    from runtime.files import write_whole
    from runtime.inference import golden
    from training.network import checkpoint

    loaded = {str(path): checkpoint.load(path) for path in paths}
    for name, one in loaded.items():
        if len(one.examples) == 0:
            raise CheckpointError(f"{name} holds no windows to prove an export with; train again")
        if one.golden is not None:
            golden.check_input(one.golden, one.contract, name)
    stored, path = join(loaded), " and ".join(loaded)
    if fp16 or int8:
        verdict.check(stored.truth)
    graph = graphs.Graph(dict(stored.networks), stored.contract)
    click.echo(f"Exporting {path} ...")
    facts_text = card.facts(stored.metrics)
    data = graphs.build(graph, stored.contract, facts_text, stored.golden, stored.priors)
    proven = {
        place: parity.compare(
            stored.networks,
            stored.contract,
            data,
            stored.examples,
            stored.music,
            place,
            stored.features,
        )
        for place in provider
    }
    for place, result in proven.items():
        if not result.holds:
            raise ExportError(
                f"On {place} the exported model differs from {path} by up to "
                f"{result.max_difference:.1e} (limit {parity.TOLERANCE:.0e}), with "
                f"{result.agreement:.2%} equal decisions; so no file was written. This is a fault "
                "of the export, not of the model: please report it with the versions of torch "
                "and onnxruntime."
            )
    beside = paths[0] if len(paths) == 1 else paths[0].with_name("joined.pt")
    target = output or beside.with_suffix(".onnx")
    write_whole(target, data)
    facts = {
        place: proof.measure(target, result, stored.examples, stored.music, place, stored.features)
        for place, result in proven.items()
    }
    smaller = _variants(stored, data, target, fp16=fp16, int8=int8)
    first = facts[provider[0]]
    beside = target.with_suffix(".export.json")
    text = first.to_json(
        contract=json.loads(stored.contract.to_json()),
        providers={place: asdict(fact) for place, fact in facts.items()},
        variants=smaller,
    )
    write_whole(beside, (text + "\n").encode())
    _show(target, stored, facts)
    click.echo(f"\nWrote {target} and {beside}. Next: rtcan-live --port PORT --model {target}")


def _variants(
    stored: Checkpoint, data: bytes, target: Path, *, fp16: bool, int8: bool
) -> list[dict[str, Any]]:
    """Build, judge and, where they pass, write the variants that were asked for."""
    if not (fp16 or int8):
        return []
    from export import variants, verdict
    from export.card import facts as card_facts
    from runtime.files import write_whole

    facts = card_facts(stored.metrics)
    verdicts = []
    for name in [name for name, wanted in (("fp16", fp16), ("int8", int8)) if wanted]:
        click.echo(f"Building {name} ...")
        if name == "fp16":
            variant = variants.half(data, stored.contract, facts, stored.priors)
        else:
            variant = variants.eight_bit(
                data,
                stored.contract,
                stored.calibration,
                facts,
                stored.calibration_music,
                stored.calibration_features,
                stored.priors,
            )
        found = verdict.judge(
            name, data, variant, stored.examples, stored.truth, stored.music, stored.features
        )
        place = target.with_suffix(f".{name}.onnx")
        click.echo(found.describe())
        if found.accepted:
            write_whole(place, variant)
            click.echo(f"Wrote {place}")
        else:
            place.unlink(missing_ok=True)
            click.echo(
                f"Not written: {verdict.LEAST_AGREEMENT:.0%} equal decisions and less than "
                f"{100 * verdict.MOST_CHANGE:.0f} point of balanced accuracy are asked for."
            )
        verdicts.append(asdict(found) | {"accepted": found.accepted})
    return verdicts


def _show(target: Path, stored: Checkpoint, facts: dict[str, Proof]) -> None:
    """Print the proof as a table."""
    from rich.console import Console
    from rich.table import Table

    contract = stored.contract
    table = Table(title=str(target), show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for place, fact in facts.items():
        table.add_row(
            f"parity on {place}",
            f"{fact.parity.windows} windows of the data, alone and in batches of 2 to "
            f"{fact.parity.largest_batch}: largest difference {fact.parity.max_difference:.1e}, "
            f"mean {fact.parity.mean_difference:.1e}, decisions {fact.parity.agreement:.0%} equal",
        )
        table.add_row(f"latency on {place}", f"{fact.latency_ms:.1f} ms a window, one thread")
    fact = next(iter(facts.values()))
    if fact.memory_mb is not None:
        table.add_row("memory", f"{fact.memory_mb:.0f} MB to load, onnxruntime included")
    table.add_row("size", f"{fact.bytes / 1e6:.1f} MB, opset {fact.opset}")
    table.add_row("operators", ", ".join(f"{n} {name}" for name, n in fact.operators.items()))
    table.add_row("targets", ", ".join(item.name for item in contract.targets))
    table.add_row(
        "contract",
        f"{contract.context_s:g} s context + {contract.window_s:g} s window at "
        f"{contract.rate_hz:g} Hz, {contract.input_length} samples in, every {contract.hop_s:g} s",
    )
    table.add_row("trained on", contract.trained_on)
    Console().print(table)


if __name__ == "__main__":
    main()
