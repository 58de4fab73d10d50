"""Without a model of one's own the package's model answers, and every output says so."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from device.errors import ModelError
from runtime.inference.classifier import Classifier
from runtime.inference.models import SHIPPED_MODEL, default_model, model_of
from runtime.recording.load import load
from runtime.sinks.words import learnt
from tests.runtime.live_parts import LIVE, write_table

SAID = "the model of the package answers"
LEARNT = (
    "Its arousal is as at rest or as in a mental task, learnt from Stress-Predict (34 people, task "
    "or rest); its valence is a guess, learnt from EEVR (37 people, VR videos)"
)


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LIVE, *options],
        cwd=folder, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip


def test_every_output_names_it(tmp_path: Path) -> None:
    table = write_table(tmp_path, 130)  # two minutes to know the person, and a reach
    options = ("--port", str(table), "--speed", "max", "--output", "jsonl", "--record", "rec")
    done = run(tmp_path, *options)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(
        f"Note: No model was named and there is no save/best.onnx: {SAID}"
    )
    assert done.stderr.count(f"{SAID}. {LEARNT}") == 2  # before the run and after it
    events = [json.loads(line) for line in done.stdout.splitlines()]
    start = events[0]
    assert start["model"] == "people.onnx" and "Stress-Predict" in start["trained_on"]
    assert start["guess"].keys() == {"valence"} and "EEVR" in start["guess"]["valence"]
    told = [event for event in events if event["type"] == "status"]
    assert told[0]["kind"] == "model" and SAID in told[0]["text"]
    recording = load(tmp_path / "rec")
    assert recording.header["model"] == "people.onnx"
    assert "Stress-Predict" in json.dumps(recording.header["contract"])
    assert SAID in "".join(path.read_text() for path in (tmp_path / "rec").rglob("*events.tsv"))


def test_one_s_own_comes_first(tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "save").mkdir()
    (tmp_path / "save" / "best.onnx").write_bytes(tiny_model.read_bytes())
    table = write_table(tmp_path)
    done = run(tmp_path, "--port", str(table), "--speed", "max", "--output", "jsonl")
    assert done.returncode == 0 and SAID not in done.stderr + done.stdout
    assert json.loads(done.stdout.splitlines()[0])["model"] == "best.onnx"


def test_a_model_that_is_named_must_be_there(tmp_path: Path) -> None:
    table = write_table(tmp_path)
    done = run(tmp_path, "--port", str(table), "--model", "none.onnx")
    assert done.returncode == 1 and "There is no model none.onnx" in done.stderr


def test_a_recording_without_answers_has_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert model_of(tmp_path, "", "") == default_model()
    assert default_model()[0] == SHIPPED_MODEL
    with pytest.raises(ModelError, match="name that file with --model"):
        model_of(tmp_path, "mine.onnx", "0" * 64)


def test_doctor_tests_itself_with_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rtcan", "doctor"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert SAID in done.stdout
    assert "always the same answers" in done.stdout


def test_what_is_said_of_it_follows_from_its_contract(tmp_path: Path) -> None:
    contract = Classifier(SHIPPED_MODEL).contract
    assert learnt(contract) == LEARNT
    arousal = replace(contract.targets[0], words=(), trained_on="")
    other = replace(contract, targets=(arousal,), trained_on="9 simulated people")
    assert learnt(other) == "Its arousal is low or high, learnt from 9 simulated people"
    done = run(tmp_path, "--demo", "--speed", "50", "--duration", "1")
    assert (
        f"A simulated person is shown, and the model of the package answers. {LEARNT}. Its first"
        in done.stderr
    )
    assert f"needs {contract.first_answer_s:.0f} s of signal" in done.stderr


def test_it_knows_how_people_differ_and_adapts_only_where_asked() -> None:
    priors = Classifier(SHIPPED_MODEL).priors
    assert priors["arousal"].learnt and not priors["arousal"].by_default
    assert not priors["valence"].learnt  # a guess
