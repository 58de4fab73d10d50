"""`python -m training.run`: from a data set to save/best.pt, save/metrics.json and a report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from device.cli import RtcanCommand
from training import choice, options
from training.datasets.names import NAMES


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
@click.option(
    "--test-on",
    type=click.Choice(NAMES),
    help="Test the final model on this data set too: other people, another sensor.",
)
@click.option("--test-root", type=click.Path(path_type=Path), help="Folder with its files.")
@click.option(
    "--test-labels-csv", type=click.Path(path_type=Path), help="If it is e4: its table of segments."
)
@click.option(
    "--cache-info",
    is_flag=True,
    is_eager=True,
    help="Show what the cache of windows holds, and end.",
)
def main(
    cache_info: bool,
    music: bool | None,
    temporal_attention: bool,
    channel_attention: bool,
    output: Path,
    **o: Any,
) -> None:
    """Train a network for arousal and one for valence, and test them on people held out."""
    if cache_info:
        from training.windows import cache

        click.echo(cache.describe(options.cache_folder(o), o["cache_limit_gb"]))
        return
    options.require_packages()
    from training.evaluation import experiment
    from training.report import page, summary

    facts = {
        "preset": o["preset_name"],
        "command": " ".join(["python -m training.run", *sys.argv[1:]]),
    }
    with options.runner(output, o) as runner:
        chosen = choice.choose(
            runner,
            music=music,
            temporal_attention=temporal_attention,
            channel_attention=channel_attention,
            o=o,
        )
        result = experiment.run(
            chosen.problem, chosen.contract, runner,
            compared=chosen.compared, tested=chosen.tested, facts=facts,
        )  # fmt: skip
    if not (result.already and (output / "report.html").is_file()):
        page.write(result, output / "report.html")
    summary.show(result, output, runner.console)


if __name__ == "__main__":
    main()
