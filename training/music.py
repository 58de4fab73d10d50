"""`python -m training.music SONG ...`: the music features that a network with music takes.

The same 6373 functionals as PMEmo's static features: openSMILE's ComParE 2016 set, which is that of
IS13. The opensmile package may be used for research only: read its licence before anything else.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import click
import numpy as np

from device.cli import RtcanCommand
from runtime.files import write_whole
from runtime.inference.music import FEATURES, compute


@click.command(cls=RtcanCommand)
@click.argument(
    "songs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="SONG ..."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("music.csv"),
    show_default=True,
    help="Table to write: a line per song.",
)
def main(songs: tuple[Path, ...], output: Path) -> None:
    """Compute 6373 features of each SONG (WAV, MP3, ...) and write them as a table.

    Needs the extra `music`; opensmile's licence allows research only.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["song", *(f"feature_{i + 1}" for i in range(FEATURES))])
    for song in songs:
        values = compute(song)
        if not np.isfinite(values).all():
            click.echo(f"{song}: {np.count_nonzero(~np.isfinite(values))} features have no value")
        rows.writerow([song.stem.replace(",", " "), *(repr(float(v)) for v in values)])
        click.echo(f"{song}: {len(values)} features")
    write_whole(output, text.getvalue().encode())
    click.echo(f"Wrote {output}. Live: rtcan-live --music {output} (a table of one song)")


if __name__ == "__main__":
    main()
