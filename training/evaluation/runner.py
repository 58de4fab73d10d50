"""How a run is carried out: where it computes, what it keeps, whom it tells, and whether at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from device.errors import RtcanError
from runtime.preprocessing.contract import Contract
from training.compute.fingerprint import code, fingerprint
from training.compute.progress import Bar
from training.compute.workers import Workers
from training.evaluation.tracking import LOG, Tracker
from training.folds import cross_validation
from training.folds.cross_validation import Fit
from training.folds.journal import Journal, Outcome
from training.folds.problem import Problem

_PROGRAM = "training.run"


@dataclass(frozen=True, kw_only=True)
class Runner:
    """What carries out a run.

    Attributes
    ----------
    device : torch.device
        Where fits compute.
    output : Path
        Folder of the run's results.
    console : Console
        For progress.
    workers : Workers
        What fits run on.
    stack : int or None
        How many fits are one program, see `training.folds.cross_validation.run`.
    resume : bool
        Whether to go on where an interrupted run stopped.
    again : bool
        Whether to do anew what is done already.
    tensorboard : bool
        Whether to write event files.
    """

    device: torch.device
    output: Path
    console: Console
    workers: Workers
    stack: int | None = None
    resume: bool = False
    again: bool = False
    tensorboard: bool = False

    def already(self, path: Path, key: str) -> dict[str, Any] | None:
        """Return what stands in a file of results, if it is of the run of that identity."""
        if self.again:
            return None
        try:
            told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return told if told.get("identity") == key else None

    @contextmanager
    def outcomes(self, text: str, fits: Sequence[Fit]) -> Iterator[list[Outcome]]:
        """Fit all, and yield the outcomes in the same order.

        They are kept on disk until the block ends without an error, so that nothing is computed
        twice if what it writes cannot be written. The log of their epochs lies with them until
        then: beside the results of another run it would pass for theirs.

        Parameters
        ----------
        text : str
            What is done, for the progress bar.
        fits : sequence of Fit
            What to fit; at least one.

        Raises
        ------
        DatasetError
            If a side of a split cannot be learnt from.
        """
        kept = self.output / "folds"
        journal = Journal(kept, self.resume)
        try:
            with (
                Bar(self.console, text, sum(f.problem.settings.epochs for f in fits)) as bar,
                Tracker(
                    kept / LOG,
                    self.output / "tensorboard",
                    tensorboard=self.tensorboard,
                    advance=bar.advance,
                    note=self.console.print,
                ) as tracker,
            ):
                found = cross_validation.run(
                    fits, self.device, journal, self.workers, stack=self.stack, listener=tracker
                )
        except KeyboardInterrupt:
            self.console.print(
                f"\nInterrupted; the folds done are kept in {journal.folder}: add --resume"
            )
            raise
        for told in journal.told():
            self.console.print(told)
        yield found
        (kept / LOG).replace(self.output / LOG)
        journal.clear()


def identity(problems: Sequence[Problem], contract: Contract) -> str:
    """Return a hash of everything that a run's results depend on, 32 hexadecimal digits."""
    # With the report's program: a page of another one is not up to date.
    return fingerprint([p.fingerprint for p in problems], contract, code(_PROGRAM))


def choose_device(name: str) -> torch.device:
    """Return the device of that name; "auto" takes cuda where it is present.

    Raises
    ------
    RtcanError
        If the device is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        place = torch.device(name)
        torch.empty(1, device=place)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise RtcanError(
            f"--device {name} cannot be used here: {reason}. Try --device cpu"
        ) from error
    return place
