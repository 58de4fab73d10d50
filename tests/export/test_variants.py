import dataclasses
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner

from device.errors import ExportError
from export import graph as graphs
from export import onnx as command
from export import variants, verdict
from runtime.inference.classifier import Classifier
from runtime.preprocessing.contract import Contract
from tests.networks import lively_model
from training.network import checkpoint
from training.network.model import NetworkConfig


@pytest.mark.parametrize("name", ["fp16", "int8"])
def test_a_variant_is_a_model_of_its_own(
    name: str, tiny_model: Path, tiny_checkpoint: Path
) -> None:
    stored = checkpoint.load(tiny_checkpoint)
    data = tiny_model.read_bytes()
    build = {
        "fp16": lambda: variants.half(data, stored.contract),
        "int8": lambda: variants.eight_bit(data, stored.contract, stored.calibration),
    }[name]
    variant = build()
    assert len(variant) < 0.75 * len(data)
    classifier = Classifier(variant)
    assert classifier.contract == stored.contract
    got, exact = classifier(stored.examples), Classifier(data)(stored.examples)
    for target in got:
        assert np.abs(got[target] - exact[target]).mean() < 0.1
        assert np.abs(got[target] - exact[target]).max() > 0


def test_the_judge_counts_decisions_and_accuracy(tiny_model: Path, tiny_checkpoint: Path) -> None:
    stored = checkpoint.load(tiny_checkpoint)
    data = tiny_model.read_bytes()
    same = verdict.judge("same", data, data, stored.examples, stored.truth)
    assert (same.agreement, same.accuracy_change, same.accepted) == (1.0, 0.0, True)
    assert 0.3 < same.speedup < 3


def test_a_window_counts_only_for_the_targets_it_is_held_out_for(
    tiny_model: Path, tiny_checkpoint: Path
) -> None:
    stored = checkpoint.load(tiny_checkpoint)
    data = tiny_model.read_bytes()
    exact = Classifier(data)(stored.examples)
    changed = onnx.load(tiny_model)
    for number, answer in enumerate(exact.values()):
        # Its own median becomes the line: half of the windows turn over, or about that.
        name = f"networks.{number}.members.0.head.4.bias"
        bias = next(t for t in changed.graph.initializer if t.name == name)
        low, high = onnx.numpy_helper.to_array(bias)
        margin = np.median(np.log(answer[:, 1] / answer[:, 0]))
        moved = np.array([low, high - margin], dtype=np.float32)
        bias.CopyFrom(onnx.numpy_helper.from_array(moved, name))
    variant = graphs.finish(changed, stored.contract)
    decided = [
        {t: a[:, 1] >= 0.5 for t, a in answers.items()}
        for answers in (exact, Classifier(variant)(stored.examples))
    ]
    turned_over = {t: decided[0][t] != decided[1][t] for t in exact}
    assert all(2 < own.sum() < own.size - 2 for own in turned_over.values())
    every = verdict.judge("x", data, variant, stored.examples, stored.truth)
    assert every.agreement < 1.0
    assert every.windows == len(stored.examples)
    # The windows that were turned over are known for no target: nothing is held against it.
    truth = {t: np.where(turned_over[t], -1, own) for t, own in stored.truth.items()}
    kept = verdict.judge("x", data, variant, stored.examples, truth)
    assert (kept.agreement, kept.accuracy_change) == (1.0, 0.0)
    assert kept.windows == min(int((own >= 0).sum()) for own in truth.values())


@pytest.mark.parametrize("known", [[], [1]])
def test_without_held_out_windows_of_both_classes_nothing_is_written(
    known: list[int], tiny_checkpoint: Path, tmp_path: Path
) -> None:
    stored = checkpoint.load(tiny_checkpoint)
    classes = np.full(len(stored.examples), -1, dtype=np.int64)
    classes[: len(known)] = known
    unknown = dataclasses.replace(stored, truth={**stored.truth, "valence": classes})
    checkpoint.save(unknown, tmp_path / "best.pt")
    result = CliRunner().invoke(command.main, [str(tmp_path / "best.pt"), "--int8"])
    assert result.exit_code == 1
    assert f"0 held-out windows of low valence and {len(known)} of high" in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.pt"]


@pytest.mark.parametrize("least", [0.0, 1.1])
def test_only_a_variant_that_passes_is_written(
    least: float,
    tiny_checkpoint: Path,
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The same export, made once.
    monkeypatch.setattr(graphs, "build", lambda *given: tiny_model.read_bytes())
    monkeypatch.setattr(verdict, "LEAST_AGREEMENT", least)
    monkeypatch.setattr(verdict, "MOST_CHANGE", 1.0)
    target = tmp_path / "model.onnx"
    result = CliRunner().invoke(
        command.main, [str(tiny_checkpoint), "--output", str(target), "--fp16"]
    )
    assert result.exit_code == 0, result.output
    assert target.with_suffix(".fp16.onnx").exists() == (least == 0.0)
    assert ("Not written" in result.output) == (least != 0.0)


@pytest.fixture(scope="module")
def music_checkpoint(tiny_contract: Contract, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Networks with music, whose features are as large as openSMILE's."""
    rng = np.random.default_rng(0)
    scale = np.array([1e-3, 1.0, 50.0, 1e4, 1e7])
    contract = dataclasses.replace(
        tiny_contract, music_mean=tuple(3 * scale), music_std=tuple(scale)
    )
    networks = {
        target.name: lively_model(NetworkConfig(input_length=64, width=8, music=5), seed)
        for seed, target in enumerate(contract.targets)
    }
    examples = rng.normal(size=(40, 3, 64)).astype(np.float32)
    songs = (scale * rng.normal(3.0, 1.0, size=(40, 5))).astype(np.float32)
    truth = {t.name: np.arange(40, dtype=np.int64) % 2 for t in contract.targets}
    path = tmp_path_factory.mktemp("music") / "best.pt"
    stored = checkpoint.Checkpoint(contract, networks, examples, truth, examples, {}, songs, songs)
    checkpoint.save(stored, path)
    return path


def test_without_songs_there_is_no_8_bit_variant_of_a_network_with_music(
    music_checkpoint: Path,
) -> None:
    stored = checkpoint.load(music_checkpoint)
    with pytest.raises(ExportError, match="holds no songs of the training side"):
        variants.eight_bit(b"", stored.contract, stored.calibration)


def test_variants_with_music(
    music_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdict, "LEAST_AGREEMENT", 0.0)
    monkeypatch.setattr(verdict, "MOST_CHANGE", 1.0)
    target = tmp_path / "model.onnx"
    result = CliRunner().invoke(
        command.main, [str(music_checkpoint), "--output", str(target), "--fp16", "--int8"]
    )
    assert result.exit_code == 0, result.output
    stored = checkpoint.load(music_checkpoint)
    exact = Classifier(target)(stored.examples, stored.music)
    other = Classifier(target)(stored.examples, stored.music[::-1])
    for name, allowed in (("fp16", 0.005), ("int8", 0.05)):
        got = Classifier(target.with_suffix(f".{name}.onnx"))(stored.examples, stored.music)
        for answer in got:
            assert 0 < np.abs(got[answer] - exact[answer]).mean() < allowed
            assert allowed < np.abs(other[answer] - exact[answer]).mean(), "music must matter"
