"""Two checkpoints of a target each become one model."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from device.errors import ExportError
from export import card
from export import onnx as command
from export.join import join
from runtime.inference.classifier import Classifier
from runtime.preprocessing.contract import Contract
from training.network import checkpoint
from training.network.checkpoint import Checkpoint

FIGURES = {"n": 10, "subjects": 5, "balanced_accuracy": 0.71, "macro_f1": 0.7}


def alone(stored: Checkpoint, target: str, **changed: object) -> Checkpoint:
    """The part of a checkpoint that is for one target."""
    (own,) = (item for item in stored.contract.targets if item.name == target)
    contract = dataclasses.replace(
        stored.contract, targets=(own,), trained_on=f"people of {target}", **changed
    )
    return dataclasses.replace(
        stored,
        contract=contract,
        networks={target: stored.networks[target]},
        truth={target: stored.truth[target]},
        metrics={"dataset": f"{target} data", "people": 5, "targets": {target: {"rtcan": FIGURES}}},
        golden=None,
    )


@pytest.fixture
def parts(tiny_checkpoint: Path) -> dict[str, Checkpoint]:
    stored = checkpoint.load(tiny_checkpoint)
    return {f"{t}.pt": alone(stored, t) for t in ("arousal", "valence")}


@pytest.mark.timeout(400)
def test_the_joined_file_answers_as_each_part(
    parts: dict[str, Checkpoint], tiny_model: Path, tmp_path: Path
) -> None:
    for name, part in parts.items():
        checkpoint.save(part, tmp_path / name)
    given = [str(tmp_path / name) for name in parts]
    result = CliRunner().invoke(command.main, given)
    assert result.exit_code == 0, result.output
    joined = Classifier(tmp_path / "joined.onnx")
    windows = parts["arousal.pt"].examples
    expected = Classifier(tiny_model)(windows)
    for target, answer in joined(windows).items():
        np.testing.assert_allclose(answer, expected[target], atol=1e-6)
    assert [t.trained_on for t in joined.contract.targets] == [
        "people of arousal", "people of valence"
    ]  # fmt: skip
    assert joined.contract.trained_on == "arousal: people of arousal; valence: people of valence"
    text = card.markdown("joined.onnx", *card.read(tmp_path / "joined.onnx"))
    for said in ("protocol: arousal", "protocol: valence", "arousal data", "valence data"):
        assert said in text


def test_an_example_counts_for_the_targets_of_its_own_file(parts: dict[str, Checkpoint]) -> None:
    one, other = parts.values()
    joined = join(parts)
    count = len(one.examples)
    assert len(joined.examples) == count + len(other.examples)
    np.testing.assert_array_equal(joined.truth["arousal"][:count], one.truth["arousal"])
    assert (joined.truth["arousal"][count:] == -1).all()
    assert (joined.truth["valence"][:count] == -1).all()
    np.testing.assert_array_equal(joined.truth["valence"][count:], other.truth["valence"])


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("hop_s", {"hop_s": 2.0}),
        ("cvxeda.alpha", {"cvxeda": dataclasses.replace(Contract().cvxeda, alpha=1e-3)}),
        ("not_live", {"not_live": "it is not"}),
        ("music_mean", {"music_mean": (1.0,) * 100, "music_std": (1.0,) * 100}),
    ],
)
def test_preprocessing_that_differs_is_named(
    key: str, change: dict[str, object], tiny_checkpoint: Path, parts: dict[str, Checkpoint]
) -> None:
    parts["valence.pt"] = alone(checkpoint.load(tiny_checkpoint), "valence", **change)
    with pytest.raises(ExportError, match=rf"arousal\.pt and valence\.pt .* '{key}'") as told:
        join(parts)
    assert len(str(told.value)) < 300


def test_a_target_twice_is_refused(parts: dict[str, Checkpoint]) -> None:
    parts["again.pt"] = parts["arousal.pt"]
    with pytest.raises(ExportError, match=r"arousal\.pt and again\.pt both have .* arousal"):
        join(parts)


def test_one_checkpoint_is_left_as_it_is(tiny_checkpoint: Path) -> None:
    stored = checkpoint.load(tiny_checkpoint)
    assert join({"best.pt": stored}) is stored
