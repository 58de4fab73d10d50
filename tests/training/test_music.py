import dataclasses
import json
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from device.errors import ModelError, RtcanError, SignalError
from device.simulation.physiology import Person, simulate
from export import graph
from runtime.inference import music
from runtime.inference.classifier import Classifier
from runtime.inference.models import SHIPPED_MODEL
from runtime.inference.pipeline import Pipeline
from runtime.live import command as live
from runtime.preprocessing.contract import Contract
from runtime.recording import command as recordings
from tests.networks import lively_model
from training import music as command
from training.network.model import NetworkConfig
from training.network.wide_and_deep import WideAndDeep


def song(path: Path, hz: float) -> Path:
    """Six seconds of a trembling tone."""
    time = np.arange(16_000 * 6) / 16_000
    sound = np.sin(2 * np.pi * hz * time) * (1 + 0.3 * np.sin(12 * time)) * 9000
    sound += np.random.default_rng(0).normal(0, 200, time.size)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(sound.astype("<i2").tobytes())
    return path


def test_the_same_features_from_the_song_and_from_the_table(tmp_path: Path) -> None:
    pytest.importorskip("opensmile", reason="the extra `music` is not installed")
    one, other = song(tmp_path / "a.wav", 440), song(tmp_path / "b.wav", 880)
    table = tmp_path / "a.csv"
    result = CliRunner().invoke(command.main, [str(one), "--output", str(table)])
    assert result.exit_code == 0, result.output
    header, line = table.read_text().splitlines()
    assert len(header.split(",")) == len(line.split(",")) == 6374
    computed = music.read(one)
    assert computed.shape == (6373,) and computed.dtype == np.float32
    np.testing.assert_array_equal(music.read(table), computed)
    assert np.abs(music.read(other) - computed).max() > 1
    (tmp_path / "c.wav").write_bytes(b"not a sound")
    with pytest.raises(SignalError, match=r"c\.wav cannot be decoded"):
        music.read(tmp_path / "c.wav")


@pytest.mark.parametrize("with_header", [True, False])
def test_a_table_is_read_with_or_without_header(tmp_path: Path, with_header: bool) -> None:
    values = np.arange(6373) / 7
    rows = ["song," + ",".join(f"f{i}" for i in range(6373))] if with_header else []
    rows.append("x," + ",".join(map(str, values)))
    (tmp_path / "x.csv").write_text("\n".join(rows))
    np.testing.assert_allclose(music.read(tmp_path / "x.csv"), values, rtol=1e-6)


def test_tables_of_other_sizes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    line = "x," + ",".join(["1"] * 6373)
    for text, said in (
        ("a,b\n1,2\n", "0 songs"),
        (f"{line}\n{line}\n", "2 songs"),
        (line.replace("1", "nan", 1), "not a finite number"),
    ):
        path.write_text(text)
        with pytest.raises(RtcanError, match=said):
            music.read(path)
    with pytest.raises(SignalError, match="There is no"):
        music.read(tmp_path / "none.wav")


def test_standardising_by_hand_and_within_ten_deviations() -> None:
    features = np.array([[3.0, 1e9, -5.0]], dtype=np.float32)
    scaled = music.standardise(features, (1.0, 0.0, -5.0), (4.0, 1.0, 2.0))
    np.testing.assert_allclose(scaled, [[0.5, 10.0, 0.0]])
    with pytest.raises(SignalError, match="3 music features; the model was trained with 2"):
        music.standardise(features, (1.0, 0.0), (4.0, 1.0))


@pytest.fixture(scope="module")
def with_music(
    tiny_contract: Contract, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, WideAndDeep], Contract, Path]:
    """Networks that hear songs, their contract, and both as an exported model."""
    contract = dataclasses.replace(
        tiny_contract,
        music_mean=tuple((np.arange(music.FEATURES) % 3 - 1.0).tolist()),
        music_std=tuple((np.arange(music.FEATURES) % 2 + 1.0).tolist()),
    )
    networks = {
        t.name: lively_model(NetworkConfig(input_length=64, width=8, music=music.FEATURES), seed)
        for seed, t in enumerate(contract.targets)
    }
    path = tmp_path_factory.mktemp("music") / "music.onnx"
    path.write_bytes(graph.build(graph.Graph(networks, contract), contract))
    return networks, contract, path


def test_a_model_with_music_asks_for_the_song(
    with_music: tuple[dict[str, WideAndDeep], Contract, Path],
) -> None:
    networks, contract, model = with_music
    classifier = Classifier(model)
    with pytest.raises(ModelError, match="--music FILE"):
        Pipeline(classifier)
    rng = np.random.default_rng(0)
    eda = rng.normal(size=(2, 3, 64)).astype(np.float32)
    units = rng.normal(size=music.FEATURES).astype(np.float32)
    heard = units * np.float32(contract.music_std) + np.float32(contract.music_mean)
    with pytest.raises(ModelError, match="--music FILE"):
        classifier(eda)
    answers = classifier(eda, heard)
    for name, network in networks.items():
        with torch.inference_mode():
            logits = network(torch.from_numpy(eda), music=torch.from_numpy(units).expand(2, -1))
        np.testing.assert_allclose(answers[name], torch.softmax(logits, 1).numpy(), atol=1e-5)
        assert np.abs(classifier(eda, -heard)[name] - answers[name]).max() > 0.01
    np.testing.assert_array_equal(Pipeline(classifier, heard).music, heard)


def test_a_model_without_music_refuses_a_song() -> None:
    with pytest.raises(ModelError, match="leave --music out"):
        Pipeline(Classifier(SHIPPED_MODEL), np.zeros(3, dtype=np.float32))


def test_live_takes_the_song_that_is_heard(
    with_music: tuple[dict[str, WideAndDeep], Contract, Path], tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    _, _, model = with_music
    person = simulate(Person(), 20.0, 25.0, arousal=lambda _: 0.8, seed=2)
    recording = tmp_path / "recording.csv"
    rows = [f"{t:.3f},{eda:.5f}" for t, eda in zip(person.time_s, person.eda_us, strict=True)]
    recording.write_text("\n".join(["time_s,eda_us", *rows]) + "\n")
    heard = []
    for name in ("a", "b"):
        table = tmp_path / f"{name}.csv"
        values = ",".join(f"{v:.6f}" for v in rng.normal(size=music.FEATURES))
        table.write_text(f"{name},{values}\n")
        kept = tmp_path / f"heard_{name}"
        done = subprocess.run(
            [sys.executable, "-m", "runtime.live", *options(model, recording),
             "--music", str(table), "--record", str(kept)],
            capture_output=True, text=True, check=False, timeout=100,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        events = [json.loads(line) for line in done.stdout.splitlines()]
        heard.append(
            [e["arousal"]["probability_high"] for e in events if e["type"] == "prediction"]
        )
    assert len(heard[0]) == len(heard[1]) >= 7
    assert heard[0] != heard[1]
    # What was recorded is verified with the same song, and with no other.
    for name, code in (("a", 0), ("b", 1)):
        own = ["--model", str(model), "--music", str(tmp_path / f"{name}.csv")]
        verified = CliRunner().invoke(recordings.main, ["verify", str(tmp_path / "heard_a"), *own])
        assert verified.exit_code == code, verified.stderr
        assert ("equal to the last bit" in verified.stdout) == (code == 0)
    silent = CliRunner().invoke(live.main, options(model, recording))
    assert silent.exit_code == 1 and "--music FILE" in silent.stderr
    wrong = CliRunner().invoke(live.main, [*options(model, recording), "--music", str(recording)])
    assert wrong.exit_code == 1 and "recording.csv" in wrong.stderr


def options(model: Path, recording: Path) -> list[str]:
    words = ["--port", f"replay:{recording}", "--speed", "max", "--model", str(model)]
    return [*words, "--output", "jsonl"]
