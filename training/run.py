"""`python -m training.run`: from a data set to save/best.pt and save/metrics.json."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import click

from device.cli import RtcanCommand
from device.errors import MissingExtraError
from runtime.contract import Contract
from training.datasets.names import NAMES
from training.settings import Settings


@click.command(cls=RtcanCommand, context_settings={"show_default": True})
@click.option("--dataset", type=click.Choice(NAMES), required=True, help="What to learn.")
@click.option(
    "--data-root", type=click.Path(path_type=Path), help="Folder with the data set's files."
)
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path("save"), help="Folder for results."
)
@click.option("--epochs", type=click.IntRange(min=1), default=Settings.epochs, help="At most.")
@click.option(
    "--batch-size", type=click.IntRange(min=2), default=Settings.batch_size, help="Windows a step."
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    default=Settings.learning_rate,
    help="Of AdamW, at its highest.",
)
@click.option("--window", "window_s", type=float, default=Contract.window_s, help="Seconds.")
@click.option(
    "--input-length", type=int, default=Contract.input_length, help="Samples that a window becomes."
)
@click.option(
    "--width", type=click.IntRange(min=8), default=64, help="Channels of the network's layers."
)
@click.option(
    "--stride",
    "stride_s",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    help="Seconds from one training window to the next.",
)
@click.option("--temporal-attention/--no-temporal-attention", default=True, help="RNTA.")
@click.option("--channel-attention/--no-channel-attention", default=True, help="SCA.")
@click.option("--seed", type=int, default=0, help="The same seed gives the same model.")
@click.option("--device", type=str, default="auto", help="auto, cpu, cuda, cuda:1, mps.")
def main(
    dataset: str,
    data_root: Path | None,
    output: Path,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    window_s: float,
    input_length: int,
    width: int,
    stride_s: float,
    temporal_attention: bool,
    channel_attention: bool,
    seed: int,
    device: str,
) -> None:
    """Train one network for arousal and one for valence, and test them on people held out."""
    for package in ("torch", "sklearn", "joblib"):
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(package, "train", "Training")
    from rich.console import Console

    from training import annotation, experiment, report
    from training.datasets import registry
    from training.model import NetworkConfig

    console = Console()
    place = experiment.choose_device(device)
    contract = Contract(window_s=window_s, input_length=input_length, labels=annotation.DESCRIPTION)
    config = NetworkConfig(
        input_length=input_length,
        width=width,
        temporal_attention=temporal_attention,
        channel_attention=channel_attention,
    )
    settings = Settings(
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        stride_s=stride_s,
        seed=seed,
    )
    console.print(f"Reading [bold]{dataset}[/] ...")
    data = registry.load(dataset, data_root, seed)
    results = experiment.run(data, contract, config, settings, place, output, console)
    report.show(results, output, console)


if __name__ == "__main__":
    main()
