"""Music features: read from a file or computed from a song, and standardised.

The features are the 6373 functionals of the ComParE 2016 set (the same as IS13), computed by the
opensmile package: extra `music`. openSMILE may be used for research only; see its licence.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.errors import MissingExtraError, SignalError
from device.text import is_number

FEATURES = 6373
# A feature that hardly varied in training can be any number of deviations away in a new song.
MOST_DEVIATIONS = 10.0
_TABLES = (".csv", ".txt")


def read(path: Path) -> NDArray[np.float32]:
    """Return the features of a song, float32 (6373,), not standardised.

    Parameters
    ----------
    path : Path
        A sound file, or a .csv that `python -m training.music` wrote for one song.

    Raises
    ------
    SignalError
        If the file is missing, cannot be decoded, or does not hold 6373 numbers.
    MissingExtraError
        If a sound file is given and opensmile is not installed.
    """
    if not path.is_file():
        raise SignalError(f"There is no {path}; expected: a sound file or a table of its features")
    values = _from_table(path) if path.suffix.lower() in _TABLES else compute(path)
    if not np.isfinite(values).all():
        raise SignalError(f"{path}: a music feature is not a finite number")
    return values


def compute(path: Path) -> NDArray[np.float32]:
    """Compute the features of a sound file, float32 (6373,).

    Raises
    ------
    SignalError
        If the file cannot be decoded.
    MissingExtraError
        If opensmile is not installed.
    """
    try:
        import opensmile
    except ImportError as error:
        raise MissingExtraError("opensmile", "music", "Computing music features") from error
    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet.ComParE_2016,
        feature_level=opensmile.FeatureLevel.Functionals,
    )
    try:
        table = smile.process_file(str(path))
    except (RuntimeError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SignalError(
            f"{path} cannot be decoded as sound ({reason}). Expected: WAV, FLAC, OGG or MP3; other "
            "formats need ffmpeg."
        ) from error
    return np.asarray(table.to_numpy()[0], dtype=np.float32)


def standardise(
    features: NDArray[np.float32], mean: tuple[float, ...], std: tuple[float, ...]
) -> NDArray[np.float32]:
    """Return (features - mean) / std, held within ten deviations, float32 of the same shape.

    Parameters
    ----------
    features : float32 (..., m)
        As computed.
    mean, std : tuple of float (m,)
        The contract's `music_mean` and `music_std`.

    Raises
    ------
    SignalError
        If there are more or fewer features than the contract says.
    """
    if features.shape[-1] != len(mean):
        raise SignalError(
            f"There are {features.shape[-1]} music features; the model was trained with {len(mean)}"
        )
    scaled = (features.astype(np.float64) - np.array(mean)) / np.array(std)
    held = np.clip(scaled, -MOST_DEVIATIONS, MOST_DEVIATIONS)
    return np.asarray(held, dtype=np.float32)


def _from_table(path: Path) -> NDArray[np.float32]:
    """Read the last line of a table: a name, then the features."""
    lines = path.read_text(encoding="utf-8").strip().splitlines()
    songs = [line for line in lines if line.count(",") >= FEATURES - 1]
    rows = songs[1:] if songs and not is_number(songs[0].rsplit(",", 1)[-1]) else songs
    if len(rows) != 1:
        raise SignalError(
            f"{path} holds {len(rows)} songs of {FEATURES} features; one was expected. Make it "
            "with: python -m training.music SONG --output FILE.csv"
        )
    cells = rows[0].split(",")[-FEATURES:]
    try:
        return np.array([float(cell) for cell in cells], dtype=np.float32)
    except ValueError as error:
        raise SignalError(f"{path}: {error}; {FEATURES} numbers were expected") from error
