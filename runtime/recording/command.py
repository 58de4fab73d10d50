"""`rtcan-record`: repair, list and verify recordings."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from device.cli import RtcanCommand
from device.errors import RecordingError, RecordingInUseError

if TYPE_CHECKING:
    from runtime.recording.journal import Torn
    from runtime.recording.layout import Run

_IN_USE = "still being written"
_FOLDER = click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))


@click.group()
@click.version_option(package_name="rtcan", prog_name="rtcan-record")
def main() -> None:
    """Look after what `rtcan-live --record FOLDER` recorded."""


@main.command(cls=RtcanCommand)
@_FOLDER
def repair(folder: Path) -> None:
    """Finish runs that were cut off: a killed program, a full disk, a lost supply.

    Exit status 1 where one could not be finished.
    """
    from runtime.recording.layout import runs

    found = runs(folder)
    if not found:
        raise RecordingError(f"{folder} holds no run recorded by rtcan-live --record")
    failed = False
    for run in found:
        if not run.journal.is_file():
            if run.finished:
                click.echo(f"run {run.number}: whole")
            else:
                click.echo(f"run {run.number}: neither samples nor a journal are there", err=True)
                failed = True
            continue
        try:
            torn = _finish(run)
        except KeyboardInterrupt:
            click.echo(f"run {run.number}: left as it was; repair it again at any time", err=True)
            sys.exit(130)
        except RecordingInUseError:
            click.echo(f"run {run.number}: {_IN_USE}")
            continue
        except RecordingError as error:
            click.echo(f"run {run.number}: {error}", err=True)
            failed = True
            continue
        lost = f"; {torn.bytes} bytes of a torn end left out" if torn.bytes else ""
        click.echo(f"run {run.number}: finished{lost}")
    if failed:
        sys.exit(1)


def _finish(run: Run) -> Torn:
    """Finish a run, with a bar on a terminal."""
    from runtime.recording.finish import finish

    if not sys.stderr.isatty():
        return finish(run)
    with click.progressbar(length=1000, label=f"run {run.number}", file=sys.stderr) as bar:
        return finish(run, progress=lambda share: bar.update(round(1000 * share) - bar.pos))


@main.command(name="list", cls=RtcanCommand)
@_FOLDER
def list_runs(folder: Path) -> None:
    """Show the runs in a folder."""
    from runtime.recording.layout import runs
    from runtime.recording.load import load

    for run in runs(folder):
        try:
            header = load(folder, run.number).header
        except RecordingError as error:
            click.echo(f"run {run.number}: {error}", err=True)
            continue
        unfinished = _IN_USE if run.in_use else "unfinished: rtcan-record repair finishes it"
        state = "whole" if run.finished else unfinished
        click.echo(
            f"run {run.number}: {header['began']}, {header['sensor']['name']} on "
            f"{header['sensor']['port']}, {header['model']}; {state}"
        )


@main.command(cls=RtcanCommand)
@_FOLDER
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="The model that was used [default: save/best.onnx, or that of --demo].",
)
@click.option(
    "--music",
    type=click.Path(path_type=Path),
    help="The song that was heard, as rtcan-live had it.",
)
@click.option("--run", "number", type=click.IntRange(min=1), help="Which run [default: newest].")
def verify(folder: Path, model: Path | None, music: Path | None, number: int | None) -> None:
    """Predict a run again and compare bit for bit; exit status 1 where anything differs."""
    from runtime.inference.classifier import Classifier
    from runtime.inference.models import model_of
    from runtime.recording.load import load
    from runtime.recording.verify import verify as compare

    recording = load(folder, number)
    if recording.run.in_use:
        raise RecordingInUseError(
            f"run {recording.run.number} is {_IN_USE}: it can be verified when it has ended"
        )
    name, digest = recording.header["model"], recording.header["model_sha256"]
    path, note = (model, None) if model is not None else model_of(folder, name, digest)
    classifier = Classifier(path)
    if note is None and digest and classifier.sha256 != digest:
        note = f"{path} is not the file that was used ({name}, SHA-256 {digest[:12]}…)"
    if note is not None:
        click.echo(f"Note: {note}", err=True)
    song = None
    if music is not None:
        from runtime.inference.music import read

        song = read(music)
    verdict = compare(recording, classifier, song)
    if recording.torn.bytes:
        click.echo(f"Note: {recording.torn.bytes} bytes of a torn end were left out", err=True)
    if not verdict.windows and not verdict.unanswered:
        contract = classifier.contract
        raise RecordingError(
            f"run {recording.run.number} has no window to compare: the model needs "
            f"{contract.context_s + contract.window_s:g} s of samples"
        )
    if verdict.differing:
        raise RecordingError("Not equal:\n  " + "\n  ".join(verdict.differing))
    more = f"; {verdict.unanswered} more have no recorded answer" if verdict.unanswered else ""
    click.echo(
        f"run {recording.run.number}: {verdict.windows} windows, equal to the last bit{more}"
    )


if __name__ == "__main__":
    main()
