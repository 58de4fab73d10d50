"""The interface of a simulated board."""

from __future__ import annotations

from typing import Protocol

from device.calibration import Calibration


class Board(Protocol):
    """What a sensor does, but for the passing of time.

    Attributes
    ----------
    key : str
        As in `device.drivers.registry`.
    streaming : bool
        Whether it sends samples now.
    """

    key: str
    streaming: bool

    @property
    def calibration(self) -> Calibration:
        """From microsiemens to what is sent."""

    @property
    def rate_hz(self) -> float:
        """Samples per second now."""

    def start(self) -> bytes:
        """Power up, forgetting everything; return what it says by itself."""

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the host; return the answers."""

    def frame(self, eda_us: float, device_s: float) -> bytes:
        """Return the bytes of one sample; NaN means open electrodes.

        Parameters
        ----------
        eda_us : float
            Microsiemens on the skin.
        device_s : float
            Seconds since the start, by the board's own clock.
        """
