"""An Arduino with Seeed's sketch."""

from __future__ import annotations

import math

from device.calibration import GroveCalibration, MicrosiemensCalibration
from device.protocols import grove

# Seeed's sketch prints about 19 lines a second.
DEFAULT_RATE_HZ = 19.0


class GroveBoard:
    """It prints lines, and never listens.

    Parameters
    ----------
    calibration : GroveCalibration or MicrosiemensCalibration
        From microsiemens to what is printed.
    rate_hz : float
        Lines per second.
    """

    key = "grove"
    streaming = True

    def __init__(
        self,
        calibration: GroveCalibration | MicrosiemensCalibration | None = None,
        rate_hz: float = DEFAULT_RATE_HZ,
    ) -> None:
        self.calibration = calibration or GroveCalibration()
        self.rate_hz = rate_hz

    def start(self) -> bytes:
        """Say nothing."""
        return b""

    def receive(self, data: bytes) -> bytes:
        """Ignore everything."""
        return b""

    def frame(self, eda_us: float, device_s: float) -> bytes:
        """Return a line; open electrodes read as the calibration says."""
        calibration = self.calibration
        if isinstance(calibration, MicrosiemensCalibration):
            return grove.encode(eda_us, decimals=6)
        open_adc = calibration.open_adc
        adc = open_adc if math.isnan(eda_us) else float(calibration.to_adc(eda_us))
        return grove.encode(min(max(adc, 0.0), open_adc))
