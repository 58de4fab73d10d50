"""`python -m training.run`: from a data set to save/best.pt, save/metrics.json and a report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from device.cli import RtcanCommand
from training import options


@click.command(cls=RtcanCommand)
@options.shared
@click.option("--music/--no-music", default=None, help="Join pmemo's static music features.")
@click.option("--temporal-attention/--no-temporal-attention", default=True, help="RNTA.")
@click.option("--channel-attention/--no-channel-attention", default=True, help="SCA.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("save"),
    show_default=True,
    help="Folder for results.",
)
@click.option("--resume", is_flag=True, help="Go on where an interrupted run stopped.")
@click.option("--again", is_flag=True, help="Do it anew, even if the very same is done already.")
@click.option("--tensorboard", is_flag=True, help="Write event files too; epochs.csv is always.")
def main(
    music: bool | None,
    temporal_attention: bool,
    channel_attention: bool,
    output: Path,
    resume: bool,
    again: bool,
    tensorboard: bool,
    **o: Any,
) -> None:
    """Train a network for arousal and one for valence, and test them on people held out."""
    options.require_packages()
    from rich.console import Console

    from training import experiment, page, report
    from training.workers import Workers

    console = Console()
    place = experiment.choose_device(o["device"])
    with Workers(o["jobs"], o["scheduler"]) as workers:
        choice = options.choose(
            console,
            music=music,
            temporal_attention=temporal_attention,
            channel_attention=channel_attention,
            device=place,
            workers=workers,
            o=o,
        )
        result = experiment.run(
            choice.problem,
            choice.contract,
            place,
            output,
            console,
            workers=workers,
            stack=o["stack"],
            compared=choice.compared,
            resume=resume,
            again=again,
            tensorboard=tensorboard,
            facts={
                "preset": o["preset_name"],
                "device": str(place),
                "command": " ".join(["python -m training.run", *sys.argv[1:]]),
            },
        )
    if not (result.already and (output / "report.html").is_file()):
        page.write(result, output / "report.html")
    report.show(result.metrics, output, console)
    if result.already:
        console.print(
            f"[bold]Nothing to do:[/] {output} holds the results of this very run. --again does "
            "it anew."
        )


if __name__ == "__main__":
    main()
