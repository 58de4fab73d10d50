"""A plain recording as a sensor, as it was once opened; now `device.sources.replay` does it."""

from __future__ import annotations

from pathlib import Path

from device.readers.registry import open_recording
from device.sources.replay import ReplaySensor


class RecordingSensor(ReplaySensor):
    """A recorded file, played.

    Parameters
    ----------
    path : Path
        See `device.readers.registry.open_recording`, as for the next two and the errors.
    rate_hz : float or None
        Samples per second, where the file does not tell.
    column : str or None
        Name or number of the column.
    speed : float or None
        How many times faster than life; None for as fast as it is taken.
    """

    def __init__(
        self,
        path: Path,
        rate_hz: float | None,
        column: str | None = None,
        speed: float | None = 1.0,
    ) -> None:
        super().__init__(open_recording(path, rate_hz, column), speed)
