"""Simulated files are known as such, whichever of their folders is read."""

import shutil
from pathlib import Path

import pytest

from training.datasets import deap, registry
from training.datasets.registry import Source
from training.datasets.standins import deap as standin_deap
from training.datasets.standins import mark


def test_the_folder_that_how_to_get_advises_is_marked(tmp_path: Path) -> None:
    standin_deap.write(tmp_path / "data" / "deap", 1, seed=1)
    inner = tmp_path / "data" / "deap" / "data_preprocessed_python"
    assert "the folder with s01.dat" in deap.HOW_TO_GET
    for root in (inner, inner.parent):
        data = registry.load(Source(name="deap", root=root))
        assert data.trained_on == "simulated people in the format of DEAP (1 people, music videos)"
        assert data.notes[0].startswith("Simulated data")


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    root = tmp_path / "made"
    (root / "EDA" / "Arousal").mkdir(parents=True)
    (root / "EDA" / "x.csv").write_text("1")
    mark.mark(root)
    mark.mark(root / "EDA")
    return root


def test_folders_above_are_asked_through_links_and_relative_paths(
    marked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(marked / "EDA" / "Arousal")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "EDA").symlink_to(marked / "EDA")
    monkeypatch.chdir(marked / "EDA" / "Arousal")
    for root in (marked / "EDA" / "Arousal", tmp_path / "link", tmp_path / "other", Path()):
        assert mark.is_marked(root), root
    assert not mark.is_marked(tmp_path)


def test_a_copied_part_is_still_marked(marked: Path, tmp_path: Path) -> None:
    shutil.copytree(marked / "EDA", tmp_path / "mine" / "EDA")
    assert mark.is_marked(tmp_path / "mine")
