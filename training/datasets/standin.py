"""`python -m training.datasets.standin`: simulated data in the exact format of a published set.

For trying every command without a licence, and for tests. The signals come from the simulated
people of `device.simulation.physiology`, the ratings from what they felt; nothing of any real data
set is in them.
"""

from __future__ import annotations

from pathlib import Path

import click

from device.cli import RtcanCommand
from training.datasets.names import STANDINS

# Enough to run every command with; DEAP's files hold 103 MB each, whatever is in them.
_PEOPLE = {"deap": 6, "amigos": 8, "pmemo": 20, "stress-predict": 8}


@click.command(cls=RtcanCommand, context_settings={"show_default": True})
@click.option("--dataset", type=click.Choice(STANDINS), required=True, help="Whose format.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write to.")
@click.option(
    "--people",
    type=click.IntRange(min=2),
    show_default="6 for deap, 20 for pmemo, 8 for others",
    help="In the real ones: deap 32, amigos 40, pmemo 457, stress-predict 35.",
)
@click.option("--songs", type=click.IntRange(min=2), default=24, help="Of pmemo; 794 in real.")
@click.option(
    "--release",
    type=click.Choice(["2019", "2018"]),
    default="2019",
    help="Of pmemo: 2019 has ratings by song, 2018 by subject.",
)
@click.option("--matlab", is_flag=True, help="DEAP's .mat files instead of its .dat files.")
@click.option("--seed", type=int, default=0, help="The same seed gives the same files.")
def main(
    dataset: str,
    out: Path,
    people: int | None,
    songs: int,
    release: str,
    matlab: bool,
    seed: int,
) -> None:
    """Write a small simulated data set, file for file as its publisher would."""
    from rich.console import Console

    from training.compute.progress import Bar
    from training.datasets.standins import amigos, deap, pmemo, stress_predict

    number = people or _PEOPLE[dataset]
    steps = songs if dataset == "pmemo" else number
    with Bar(Console(), f"Writing {dataset}", steps) as bar:
        if dataset == "deap":
            deap.write(out, number, seed, matlab=matlab, progress=bar.advance)
        elif dataset == "amigos":
            amigos.write(out, number, seed, progress=bar.advance)
        elif dataset == "stress-predict":
            stress_predict.write(out, number, seed, progress=bar.advance)
        else:
            pmemo.write(
                out, number, songs, seed, by_subject=release == "2018", progress=bar.advance
            )
    click.echo(
        f"Wrote {out}: {number} simulated people in {dataset}'s format; no real person's data. "
        f"Next: python -m training.run --dataset {dataset} --data-root {out}"
    )


if __name__ == "__main__":
    main()
