"""Every epoch of every fit: on the progress bar, in a CSV file, and for TensorBoard if wanted."""

from __future__ import annotations

import csv
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from device.errors import MissingExtraError
from runtime.files import open_for_writing
from training.fitting.fit import Epoch
from training.folds.cross_validation import Fit, Listener

LOG = "epochs.csv"
_COLUMNS = ("fit", "target", "fold", "epoch", "train_loss", "validation_loss", "best")


class Tracker(Listener):
    """Where a run's epochs go, as a context manager.

    Parameters
    ----------
    log : Path
        The CSV file.
    boards : Path
        Folder for TensorBoard.
    tensorboard : bool
        Whether to write TensorBoard's event files, a run per fit.
    advance : callable
        Told a note and how many epochs are done with it.
    note : callable
        Told what the user should know.

    Raises
    ------
    MissingExtraError
        If TensorBoard is wanted and not installed.
    """

    def __init__(
        self,
        log: Path,
        boards: Path,
        *,
        tensorboard: bool = False,
        advance: Callable[[str, int], None] = lambda note, epochs: None,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        if tensorboard:
            _writer_class()
        self._log = log
        self._places = boards
        self._tensorboard = tensorboard
        self._advance = advance
        self._note = note
        self._lock = threading.Lock()
        self._heard: set[tuple[str, int]] = set()
        self._boards: dict[str, Any] = {}

    def __enter__(self) -> Tracker:
        self._file = open_for_writing(self._log)
        self._rows = csv.writer(self._file)
        self._rows.writerow(_COLUMNS)
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._file.close()
            for board in self._boards.values():
                board.close()

    def epoch(self, fit: Fit, epoch: Epoch) -> None:
        """Write an epoch down, once."""
        name = f"{fit.label}{fit.target}, {fit.split.name}"
        with self._lock:
            # A fit that is begun anew, because memory ran out or a worker was lost, tells it again.
            if (name, epoch.number) in self._heard or self._file.closed:
                return
            self._heard.add((name, epoch.number))
            self._rows.writerow(
                (fit.label.rstrip(" :,"), fit.target, fit.split.name, epoch.number,
                 f"{epoch.train_loss:.6g}", f"{epoch.validation_loss:.6g}", int(epoch.best))
            )  # fmt: skip
            self._file.flush()
            if self._tensorboard:
                board = self._board(name)
                board.add_scalar("loss/train", epoch.train_loss, epoch.number)
                board.add_scalar("loss/validation", epoch.validation_loss, epoch.number)
        self._advance(f"{name}: validation loss {epoch.validation_loss:.3f}", 1)

    def done(self, fit: Fit, epochs_left: int) -> None:
        """Count the epochs that a fit did not need."""
        self._advance(f"{fit.label}{fit.target}, {fit.split.name}: done", epochs_left)

    def note(self, text: str) -> None:
        """Say it."""
        self._note(text)

    def _board(self, name: str) -> Any:
        if name not in self._boards:
            place = self._places / re.sub(r"[^\w.-]+", "-", name)
            for old in place.glob("events.out.*"):
                old.unlink()
            self._boards[name] = _writer_class()(str(place))
        return self._boards[name]


def _writer_class() -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ModuleNotFoundError as error:
        raise MissingExtraError("tensorboard", "tensorboard", "--tensorboard") from error
    return SummaryWriter
