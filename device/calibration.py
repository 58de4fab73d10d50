"""From a sensor's counts to microsiemens; open and shorted electrodes give NaN, never a number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from device.errors import DeviceError
from device.samples import FloatArray


@dataclass(frozen=True)
class GroveCalibration:
    """Seeed Grove GSR and its copies.

    The board's manual gives the skin's resistance as R = (2**bits + 2 adc) * 10 kOhm / (open - adc)
    for bits = 10 (https://wiki.seeedstudio.com/Grove-GSR_Sensor/); the conductance is 1e6 / R.

    Parameters
    ----------
    open_adc : float
        Reading with the electrodes touching nothing; 512 unless its potentiometer was moved.
    bits : int
        Resolution of the converter: 10 on an Uno, 12 on an ESP32.
    """

    open_adc: float = 512.0
    bits: int = 10

    def to_us(self, adc: ArrayLike) -> FloatArray:
        """Return microsiemens, same shape; NaN where adc >= open_adc (open) or <= 0 (shorted)."""
        counts = np.asarray(adc, dtype=np.float64)
        conductance_us = 100.0 * (self.open_adc - counts) / (2**self.bits + 2.0 * counts)
        valid = (counts > 0) & (counts < self.open_adc)
        return np.where(valid, conductance_us, np.nan)

    def to_adc(self, eda_us: ArrayLike) -> FloatArray:
        """Return the reading, not rounded, that `to_us` turns into `eda_us`; the exact inverse."""
        conductance = np.asarray(eda_us, dtype=np.float64)
        above = 100.0 * self.open_adc - conductance * 2**self.bits
        return np.asarray(above / (100.0 + 2.0 * conductance))

    def describe(self) -> str:
        """Say the calibration in a few words."""
        return f"{self.bits}-bit counts, open electrodes read {self.open_adc:g}"

    def limit(self) -> float:
        """Return the largest reading that the converter can give."""
        return float(2**self.bits - 1)


@dataclass(frozen=True)
class MicrosiemensCalibration:
    """For a sketch that prints microsiemens itself; values up to 1000 are believed."""

    def to_us(self, adc: ArrayLike) -> FloatArray:
        """Return the values as they are; NaN for negative ones."""
        value = np.asarray(adc, dtype=np.float64)
        return np.where(value >= 0, value, np.nan)

    def to_adc(self, eda_us: ArrayLike) -> FloatArray:
        """Return the values as they are."""
        return np.asarray(eda_us, dtype=np.float64)

    def describe(self) -> str:
        """Say the calibration in a few words."""
        return "prints microsiemens"

    def limit(self) -> float:
        """Return the largest value believed, in microsiemens."""
        return 1000.0


Calibration = GroveCalibration | MicrosiemensCalibration


def parse_calibration(text: str) -> Calibration:
    """Read `512`, `2048,12` (open-electrode reading, converter bits) or `us`.

    Raises
    ------
    DeviceError
        For any other text.
    """
    if text.strip().lower() == "us":
        return MicrosiemensCalibration()
    open_text, _, bits_text = text.partition(",")
    try:
        open_adc, bits = float(open_text), int(bits_text or 10)
    except ValueError:
        open_adc, bits = 0.0, 0
    if not (8 <= bits <= 24 and 0 < open_adc < 2**bits):
        raise DeviceError(
            f"Calibration {text!r} is not understood. Give the reading with open electrodes, and "
            "the converter's bits where they are not 10: 512, or 2048,12; or us for a sketch that "
            "prints microsiemens."
        )
    return GroveCalibration(open_adc, bits)
