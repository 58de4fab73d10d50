"""From a sensor's counts to microsiemens; open and shorted electrodes give NaN, never a number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

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


@dataclass(frozen=True)
class BitalinoCalibration:
    """The EDA sensor of BITalino (r)evolution.

    EDA(uS) = (adc / 2**bits) * VCC / 0.132 with VCC = 3.3 V, range 0 to 25 uS (PLUX, "Electrodermal
    Activity (EDA) Sensor Data Sheet", revision of 2020). It measures conductance directly, so that
    open electrodes read 0, which no skin does.

    Parameters
    ----------
    bits : int
        10 on channels A1 to A4, 6 on A5 and A6.
    """

    bits: int = 10

    def to_us(self, adc: ArrayLike) -> FloatArray:
        """Return microsiemens, same shape; NaN where adc is 0 (open) or full scale (saturated)."""
        counts = np.asarray(adc, dtype=np.float64)
        valid = (counts > 0) & (counts < 2**self.bits - 1)
        return np.asarray(np.where(valid, counts / 2**self.bits * 25.0, np.nan))

    def to_adc(self, eda_us: ArrayLike) -> FloatArray:
        """Return the reading, not rounded, that `to_us` turns into `eda_us`."""
        conductance = np.asarray(eda_us, dtype=np.float64)
        return np.asarray(conductance / 25.0 * 2**self.bits)

    def describe(self) -> str:
        """Say the calibration in a few words."""
        return f"{self.bits}-bit counts, 0 to 25 µS"

    def limit(self) -> float:
        """Return the largest reading that the converter can give."""
        return float(2**self.bits - 1)


@dataclass(frozen=True)
class ShimmerCalibration:
    """Shimmer3 GSR+, whose word holds the range in bits 15-14 and 12 bits of converter.

    V = adc * 3 / 4095 V; R = Rf / (V / 0.5 - 1) with Rf = 40.2, 287, 1000, 3300 kOhm by range
    (Shimmer, "GSR+ Module User Guide": an amplifier with 0.5 V on the skin); conductance 1 / R.
    Readings below 683 mean open electrodes, as the vendor's own software has it.
    """

    def to_us(self, word: ArrayLike) -> FloatArray:
        """Return microsiemens, same shape; NaN for open or saturated electrodes."""
        raw: NDArray[np.int64] = np.asarray(word, dtype=np.float64).astype(np.int64)
        adc, number = raw & 0x0FFF, raw >> 14 & 3
        volts = adc * (3.0 / 4095.0)
        conductance_us = 1000.0 * (volts / 0.5 - 1.0) / _SHIMMER_KOHM[number]
        valid = (adc >= _SHIMMER_OPEN) & (adc < 4095)
        return np.asarray(np.where(valid, conductance_us, np.nan))

    def to_adc(self, eda_us: ArrayLike) -> FloatArray:
        """Return the word that the automatic range gives: the highest resistance that fits."""
        conductance = np.asarray(eda_us, dtype=np.float64)
        adc = (conductance[..., None] * _SHIMMER_KOHM / 1000.0 + 1.0) * 0.5 * (4095.0 / 3.0)
        number = np.where(adc < _SHIMMER_SWITCH, np.arange(4), 0).max(axis=-1)
        chosen = np.take_along_axis(adc, number[..., None], axis=-1)[..., 0]
        chosen = np.clip(np.rint(chosen), _SHIMMER_OPEN, 4095)
        return np.asarray(chosen + number * float(1 << 14))

    def describe(self) -> str:
        """Say the calibration in a few words."""
        return "12-bit counts in four ranges"

    def limit(self) -> float:
        """Return the largest word that can be sent."""
        return float(0xFFFF)


@dataclass(frozen=True)
class EmotibitCalibration:
    """EmotiBit, which calibrates by itself and sends microsiemens.

    No value is what is no number, or below 0.032: its 16-bit converter ends at about 33.5 MOhm,
    0.030 uS, which is what open electrodes read. Zeros are none either; nor 1000 and more: the
    firmware takes lower resistances for 1 kOhm, newer ones for 100 Ohm (EmotiBit_FeatherWing,
    EmotiBitEda; issue 228 there has a board whose every value is such).
    """

    def to_us(self, adc: ArrayLike) -> FloatArray:
        """Return the values as they are; NaN for those that are none."""
        value = np.asarray(adc, dtype=np.float64)
        return np.where((value > _EMOTIBIT_OPEN_US) & (value < _EMOTIBIT_RAIL_US), value, np.nan)

    def to_adc(self, eda_us: ArrayLike) -> FloatArray:
        """Return the values as they are."""
        return np.asarray(eda_us, dtype=np.float64)

    def describe(self) -> str:
        """Say the calibration in a few words."""
        return "sends microsiemens"

    def limit(self) -> float:
        """Return the largest value that the board sends, in microsiemens."""
        return 1e6


_EMOTIBIT_OPEN_US = 0.032
_EMOTIBIT_RAIL_US = 1000.0
# R = 728.84 Ohm * adc + 14.18 MOhm, the mean of five conversions (EmotiBit_FeatherWing,
# EmotiBitEda.h; a board's own fit differs by some per cent).
_EMOTIBIT_STEP_OHM = 728.84 / 5

_SHIMMER_KOHM = np.array([40.2, 287.0, 1000.0, 3300.0])
_SHIMMER_OPEN = 683
# The firmware leaves a range well before its end.
_SHIMMER_SWITCH = 3800.0

Calibration = (
    GroveCalibration
    | MicrosiemensCalibration
    | BitalinoCalibration
    | ShimmerCalibration
    | EmotibitCalibration
)


def step_us(calibration: Calibration, eda_us: float) -> float | None:
    """Return the smallest change (microsiemens) that a sensor can show at a level; None: not known.

    Parameters
    ----------
    calibration : Calibration
        The sensor's. A sketch that prints microsiemens does not say how finely it measures.
    eda_us : float
        The level, microsiemens.
    """
    if isinstance(calibration, MicrosiemensCalibration):
        return None
    if isinstance(calibration, EmotibitCalibration):
        return 1e-6 * eda_us**2 * _EMOTIBIT_STEP_OHM
    count = float(np.floor(calibration.to_adc(eda_us)))
    low, high = calibration.to_us([count, count + 1.0])
    return None if np.isnan(low + high) else float(abs(high - low))


def parse_calibration(text: str) -> GroveCalibration | MicrosiemensCalibration:
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
