"""What a model says of people and sensors that it never saw, on files in their publishers' form."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.common import transfer
from device.errors import DatasetError
from runtime.inference.classifier import Classifier
from tests.training.datasets.test_eevr import write_eevr

HEADER = (
    "Log File Created by Q Live\nSampling Rate: 8\nStart Time: 2013-05-28 08:18:02 Offset:+01\n"
)
COLUMNS = "Z-axis | Y-axis | X-axis | Battery | Celsius | EDA(uS)\n" + "-" * 57 + "\n"
SECONDS = 120


def write(root: Path) -> None:
    """Two recordings of either kind; the experts disagree about the last of each's epochs."""
    folder = root / "AlanWalksWales" / "Raw"
    folder.mkdir(parents=True)
    for number, kind in enumerate(("walking", "walk&chat&drink", "eating", "Dinner")):
        time_s = np.arange(SECONDS * 8) / 8
        eda_us = 2 + np.random.default_rng(number).normal(size=time_s.size).cumsum() * 0.01
        name = f"2013_05_{number:02d}_1hour_{kind}"
        rows = "".join(f"0.1,0.2,0.3,-1,30.8,{value:.3f}\n" for value in eda_us)
        (folder / f"{name}.csv").write_text(HEADER + COLUMNS + rows)
        # Two of three call an epoch clean, but for one early on and the last third.
        votes = [
            "1.0,1.0,2.0" if i != 2 and i < SECONDS // 5 * 2 / 3 else "2.0,0.0,1.0"
            for i in range(SECONDS // 5)
        ]
        lines = [f"{i},{vote}" for i, vote in enumerate(votes)]
        (folder / f"{name}_Epochs.csv").write_text(
            "EpochNum,qualityLabel_Expert1,qualityLabel_Expert2,qualityLabel_Expert3\n"
            + "\n".join(lines) + "\n"
        )  # fmt: skip


def test_only_clean_windows_of_walking_and_resting_count(tmp_path: Path, tiny_model: Path) -> None:
    write(tmp_path)
    data, clean = transfer.hours(tmp_path)
    assert [r.classes["arousal"] for r in data.recordings] == [1, 1, 0, 0]
    assert all(own.sum() == 15 for own in clean.values())
    found = transfer.of_hours(Classifier(tiny_model), tmp_path)
    # Windows of 10 s, from 2 s on every 10 s: those from 22, 32, 42, 52 and 62 s on are clean.
    assert found["windows"] == 4 * 11 and found["clean"] == 4 * 5 == found["n"]
    assert {n: one["high"] for n, one in found["subjects"].items()} == {
        r.subject: float(r.classes["arousal"]) for r in data.recordings
    }
    models = found["models"]
    assert {"rtcan", "clock_alone", "one_answer_per_person"} <= set(models)
    # Walking and resting never stand in one recording.
    assert models["rtcan"]["auc_within"] is None and models["rtcan"]["auc_95"] is not None
    assert len(transfer.hours(tmp_path, 1)[0].recordings) == 2


def test_eevr_is_asked_with_the_models_own_contract(tmp_path: Path, tiny_model: Path) -> None:
    write_eevr(tmp_path)
    (tmp_path / "EDA_labels.csv").write_text(
        "Participant ID,Video_ID_number,Arousal,Valence\n12,1,5,2\n12,2,1,2\n3,1,5,2\n3,2,1,2\n"
    )
    found = transfer.of_eevr(Classifier(tiny_model), tmp_path)
    assert found["people"] == 2 and found["high_share"] == pytest.approx(0.5, abs=0.1)
    assert found["models"]["rtcan"]["auc_within"] is not None
    assert "network_alone" not in found["models"]


def test_a_folder_without_the_hours_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="clone of the repository"):
        transfer.hours(tmp_path)
