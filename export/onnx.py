"""`python -m export.onnx save/best.pt`: from a checkpoint to the one file that the edge needs."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import click

from device.cli import RtcanCommand
from device.errors import CheckpointError, ExportError, MissingExtraError


@click.command(cls=RtcanCommand)
@click.argument("path", type=click.Path(path_type=Path), metavar="CHECKPOINT")
@click.option(
    "--output", type=click.Path(path_type=Path), help="[default: beside the checkpoint, .onnx]"
)
def main(path: Path, output: Path | None) -> None:
    """Export CHECKPOINT (save/best.pt) to ONNX, prove that it equals its source, and write it.

    A file that fails the proof is not written.
    """
    for package, extra in (
        ("torch", "train"),
        ("onnx", "train"),
        ("onnxscript", "train"),
        ("onnxruntime", "edge"),
    ):
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(package, extra, "Exporting")
    from export import graph as graphs
    from export.parity import TOLERANCE, compare
    from training import checkpoint
    from training.files import write_whole

    stored = checkpoint.load(path)
    if len(stored.examples) == 0:
        raise CheckpointError(f"{path} holds no windows to prove an export with; train again")
    graph = graphs.Graph(dict(stored.networks), stored.contract)
    click.echo(f"Exporting {path} ...")
    data = graphs.build(graph, stored.contract)
    parity = compare(graph, data, stored.examples, stored.music)
    click.echo(
        f"Parity with torch on {parity.windows} held-out windows, batches of "
        f"{', '.join(map(str, parity.batches))}: largest difference {parity.max_difference:.1e} "
        f"(limit {TOLERANCE:.0e}), decisions {'equal' if parity.same_decisions else 'DIFFER'}"
    )
    if not parity.holds:
        raise ExportError(
            f"The exported model differs from {path}, so no file was written. This is a fault of "
            "the export, not of the model: please report it with the versions of torch and "
            "onnxruntime."
        )
    target = output or path.with_suffix(".onnx")
    write_whole(target, data)
    names = " and ".join(item.name for item in stored.contract.targets)
    click.echo(
        f"Wrote {target}: {len(data) / 1e6:.1f} MB, {names}, opset {graphs.OPSET}, trained on "
        f"{stored.contract.trained_on}. Next: rtcan-live --port PORT --model {target}"
    )


if __name__ == "__main__":
    main()
