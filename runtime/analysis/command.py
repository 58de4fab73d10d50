"""`rtcan analyse`: from recordings to responses, features and pages."""

from __future__ import annotations

import os
from pathlib import Path

import click

from device.cli import RtcanCommand

_SECONDS = click.FloatRange(min=0, min_open=True)


@click.command(cls=RtcanCommand)
@click.argument(
    "recordings", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE|FOLDER..."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("analysis"),
    show_default=True,
    help="Folder of the results.",
)
@click.option(
    "--events",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Table with onset and duration (s) and more: features of these intervals, and the answer "
    "to each event. {name} in it stands for each recording's name.",
)
@click.option(
    "--window",
    "window_s",
    type=_SECONDS,
    default=60.0,
    show_default=True,
    help="Seconds of a window of features.",
)
@click.option(
    "--step",
    "step_s",
    type=_SECONDS,
    default=10.0,
    show_default=True,
    help="Seconds from one window to the next.",
)
@click.option(
    "--min-amplitude",
    "min_amplitude_us",
    type=_SECONDS,
    default=0.05,
    show_default=True,
    help="Smaller responses are left out, µS.",
)
@click.option(
    "--rate",
    "rate_hz",
    type=_SECONDS,
    help="Samples per second of a table that has no column of times.",
)
@click.option(
    "--column", metavar="NAME|NUMBER", help="Column of a table with the skin conductance."
)
@click.option(
    "--grid",
    "grid_hz",
    type=click.FloatRange(1, 1000),
    help="Rate to analyse at, Hz [default: the recording's own up to 16, else 8].",
)
@click.option(
    "--model",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Exported model whose probabilities are to stand among the features.",
)
@click.option(
    "--jobs", type=click.IntRange(min=1), help="Recordings at a time [default: one a core]."
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Dask scheduler, such as tcp://host:8786, whose workers see the same files.",
)
@click.option("--overwrite", is_flag=True, help="Replace the results of a run with other settings.")
def main(
    recordings: tuple[Path, ...],
    out: Path,
    events: Path | None,
    window_s: float,
    step_s: float,
    min_amplitude_us: float,
    rate_hz: float | None,
    column: str | None,
    grid_hz: float | None,
    model: Path | None,
    jobs: int | None,
    scheduler: str | None,
    overwrite: bool,
) -> None:
    """Find responses and features in recordings, and draw them.

    Every recording in FILE or FOLDER gets a table of its responses, one of its features, its tonic
    and phasic parts, and a page with all of it to zoom into. index.html lists them, and those that
    could not be analysed. Interrupted, it goes on where it was.
    """  # fmt: skip
    # Many small products of matrices: threads of BLAS wait for each other more than they help, and
    # recordings and pieces run side by side already. It must be said before numpy is loaded.
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    from runtime.analysis.measures.settings import Settings
    from runtime.analysis.runs.batch import analyse_all
    from runtime.analysis.runs.task import Batch

    settings = Settings(window_s, step_s, min_amplitude_us, grid_hz=grid_hz)
    batch = Batch(out, settings, rate_hz, column, events, model, overwrite)
    failed = analyse_all(recordings, batch, jobs, scheduler)
    if failed:
        raise SystemExit(1)
