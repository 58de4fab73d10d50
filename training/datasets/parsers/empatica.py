"""Empatica E4 sessions as data sets hold them, through the reader that replay uses too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device.errors import DatasetError, RecordingError
from device.readers.empatica import NAME as NAME
from device.readers.empatica import open_source
from device.samples import Samples
from training.datasets.signals.units import without_impossible


@dataclass(frozen=True)
class E4Recording:
    """The skin conductance of an E4 session.

    Attributes
    ----------
    start_unix_s : float
        When its first sample was taken, seconds UTC.
    rate_hz : float
        Sampling rate.
    samples : Samples
        Time from 0; NaN where the wrist had no contact, and for what no skin has.
    """

    start_unix_s: float
    rate_hz: float
    samples: Samples


def read_eda(path: Path) -> E4Recording:
    """Read a session: a folder with EDA.csv, the file itself, or a zip that holds one.

    Raises
    ------
    DatasetError
        Naming the file, and the line where there is one.
    """
    try:
        source = open_source(path / NAME if path.is_dir() else path)
    except RecordingError as error:
        raise DatasetError(str(error)) from error
    blocks = list(source.blocks())
    eda_us, _ = without_impossible(np.concatenate([block.eda_us for block in blocks]))
    assert source.rate_hz is not None and source.began_utc_s is not None
    samples = Samples(np.concatenate([block.time_s for block in blocks]), eda_us)
    return E4Recording(source.began_utc_s, source.rate_hz, samples)
