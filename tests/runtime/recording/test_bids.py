"""Recordings against the BIDS validator: finished, and while they run."""

import json
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

from device.samples import Samples
from device.sensor import SensorInfo
from device.simulation.physiology import Person, simulate
from runtime.inference.classifier import Classifier
from runtime.inference.pipeline import Pipeline
from runtime.recording.layout import runs
from runtime.recording.recorder import Recorder
from runtime.sinks.events import Marker, Session, Status
from tests.runtime.live_parts import summary

# What the validator recommends and a program that records one person live cannot know or does not
# have; everything else must be there.
WITHOUT = {
    ("TOO_FEW_AUTHORS", ""): "who records fills them in: dataset_description.json says n/a",
    ("JSON_KEY_RECOMMENDED", "HEDVersion"): "no HED tags are used",
    ("SIDECAR_KEY_RECOMMENDED", "CogAtlasID"): "it is no task of the Cognitive Atlas",
    ("SIDECAR_KEY_RECOMMENDED", "CogPOID"): "nor one of the Cognitive Paradigm Ontology",
    ("SIDECAR_KEY_RECOMMENDED", "InstitutionName"): "known to who records, not to the program",
    ("SIDECAR_KEY_RECOMMENDED", "InstitutionAddress"): "as above",
    ("SIDECAR_KEY_RECOMMENDED", "InstitutionalDepartmentName"): "as above",
    ("SIDECAR_KEY_RECOMMENDED", "StimulusPresentation"): "no stimuli are presented",
}


def validator() -> Path:
    try:
        files = metadata.files("bids-validator-deno") or []
    except metadata.PackageNotFoundError:
        pytest.skip("bids-validator-deno is not installed")
    return next(
        Path(file.locate()).resolve() for file in files if file.stem == "bids-validator-deno"
    )


def issues(root: Path) -> set[tuple[str, str, str]]:
    """Return severity, code and key of all that the validator says."""
    done = subprocess.run(
        [validator(), str(root), "--format", "json"], capture_output=True, text=True, check=False
    )
    found = json.loads(done.stdout)["issues"]["issues"]
    return {(item["severity"], item["code"], item.get("subCode", "")) for item in found}


def recorded(root: Path, model: Path) -> Recorder:
    """A run with one of every kind of event that is not over."""
    recorder, pipeline = Recorder(root), Pipeline(Classifier(model))
    recorder.prepare()
    info = SensorInfo("Grove", "/dev/ttyUSB7", 19.0)
    recorder.start(Session(info, "best.onnx", pipeline.contract))
    samples = simulate(Person(), 20, 19.0, arousal=lambda _: 0.8, seed=4)
    recorder.samples(Samples(samples.time_s, samples.eda_us, samples.eda_us * 100), 0.0)
    for prediction in pipeline.push(samples):
        recorder.prediction(prediction)
    recorder.marker(Marker(3.25, "a loud\tnoise\n"))
    for kind in ("disconnected", "reconnected", "silent", "electrodes", "rate", "sink", "model"):
        recorder.status(Status(kind, "news"))
    return recorder


def test_a_recording_is_valid_bids(tmp_path: Path, tiny_model: Path) -> None:
    recorded(tmp_path, tiny_model).close(summary())
    recorded(tmp_path, tiny_model).close(summary())
    assert [one.finished for one in runs(tmp_path)] == [True, True]
    found = issues(tmp_path)
    assert {severity for severity, _, _ in found} <= {"warning"}
    assert {(code, key) for _, code, key in found} == set(WITHOUT)


def test_a_run_that_lasts_breaks_no_data_set(tmp_path: Path, tiny_model: Path) -> None:
    # The validator wants to see somebody: the first run of a folder is nobody's yet.
    recorded(tmp_path, tiny_model).close(summary())
    before = issues(tmp_path)
    lasting = recorded(tmp_path, tiny_model)
    one = runs(tmp_path)[-1]
    one.physio.with_name(one.physio.name + ".part").write_bytes(b"half")
    assert one.in_use and issues(tmp_path) == before
    lasting.close(summary())


def test_a_first_run_that_lasts_is_no_error(tmp_path: Path, tiny_model: Path) -> None:
    lasting = recorded(tmp_path, tiny_model)
    assert {severity for severity, _, _ in issues(tmp_path)} <= {"warning"}
    lasting.close(summary())


def test_what_the_user_wrote_is_kept(tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / ".bidsignore").write_text("*_predictions.tsv\nmine")
    (tmp_path / "README.md").write_text("my own")
    (tmp_path / "dataset_description.json").write_text('{"Name": "mine"}')
    recorder = Recorder(tmp_path)
    recorder.prepare()
    recorder.release()
    lines = (tmp_path / ".bidsignore").read_text().splitlines()
    assert lines[:2] == ["*_predictions.tsv", "mine"] and "*_journal.jsonl" in lines[2:]
    assert len(lines) == len(set(lines))
    assert (tmp_path / "README.md").read_text() == "my own"
    assert (tmp_path / "dataset_description.json").read_text() == '{"Name": "mine"}'
