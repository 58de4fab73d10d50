"""BIOPAC's files as AcqKnowledge wrote them: those that bioread is tested with.

They come with bioread's sdist, not with its wheel:

    pip download --no-binary :all: --no-deps bioread

RTCAN_BIOREAD names that file, or the folder in which it was unpacked.
"""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from device.errors import RecordingError
from device.readers.registry import open_recording
from device.samples import Samples

pytest.importorskip("bioread")
# Files that AcqKnowledge 3.8 to 4.1 saved have, packed or not, another channel's values among the
# last 395 of this one.
_SOUND = 123392
_VERSIONS = ("3.8.1", "3.9.1", "4.1.0", "4.2.0", "4.3.0", "4.4.0", "5.0.1")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of bioread's recordings."""
    where = os.environ.get("RTCAN_BIOREAD")
    if where is None:
        pytest.skip("RTCAN_BIOREAD names no sdist of bioread, which has AcqKnowledge's own files")
    place = Path(where)
    if place.is_file():
        folder = tmp_path_factory.mktemp("bioread")
        with tarfile.open(place) as archive:
            wanted = [item for item in archive if item.isfile() and item.name.endswith(".acq")]
            assert all(".." not in item.name and item.name[0] != "/" for item in wanted)
            archive.extractall(folder, wanted)
        place = folder
    found = next(place.rglob("nojournal-5.0.1.acq"), None)
    assert found is not None, f"{place} holds no files of bioread's tests"
    return found.parent.parent


def opened(path: Path, column: str | None = None) -> Samples:
    blocks = list(open_recording(path, column=column).blocks())
    return Samples(
        np.concatenate([one.time_s for one in blocks]),
        np.concatenate([one.eda_us for one in blocks]),
    )


def test_every_version_and_form_gives_the_same_recording(files: Path) -> None:
    """The same minute, saved by each version of AcqKnowledge, packed (-c) and not."""
    first = opened(files / "nojournal" / "nojournal-3.8.1.acq")
    assert len(first) == 123787
    np.testing.assert_allclose(first.time_s[[1, -1]], [1 / 2000, 123786 / 2000])
    np.testing.assert_allclose(first.eda_us[:2], [3.39508, 3.39355], atol=1e-5)
    for version in _VERSIONS:
        for form in ("", "-c"):
            path = files / "nojournal" / f"nojournal-{version}{form}.acq"
            source = open_recording(path)
            assert source.rate_hz == 2000 and source.markers == ((0.0, "Segment 1"),)
            eda_us = opened(path).eda_us
            np.testing.assert_array_equal(eda_us[:_SOUND], first.eda_us[:_SOUND])
            if version >= "4.2":
                assert eda_us.size == 123787 and eda_us[_SOUND:].min() > 3.9


def test_of_two_channels_of_skin_conductance_one_must_be_named(files: Path) -> None:
    path = files / "physio" / "physio-4.4.0.acq"
    with pytest.raises(RecordingError, match=r"0 EDA filtered, differentiated.*\n.*\n.*\n.*3 EDA"):
        open_recording(path)
    assert opened(path, "EDA - GSR100C").eda_us.min() > 0


def test_units_in_other_letters_are_known(files: Path) -> None:
    path = files / "unicode" / "small-unicode-4.4.0.acq"
    # Its unit, µsiemens, is; but this channel was differentiated.
    with pytest.raises(RecordingError, match="only negative values"):
        open_recording(path, column="0")
