"""Exported files run on the oldest onnxruntime that the package declares."""

import json
import re
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import numpy as np
import pytest

from export import variants
from runtime.inference.classifier import Classifier
from runtime.inference.models import SHIPPED_MODEL
from training.network import checkpoint

SOURCE = Path(__file__).resolve().parents[2]
PROGRAM = """
import json, sys
from pathlib import Path
import numpy as np
import onnxruntime
from runtime.inference.classifier import Classifier

answers = {"version": onnxruntime.__version__}
for name in sys.argv[2:]:
    classifier = Classifier(Path(name))
    width = (len(classifier.contract.channels), classifier.contract.input_length)
    windows = np.load(sys.argv[1])[:, :, : width[1]]
    names = classifier.contract.features
    features = np.ones((len(windows), len(names))) if names else None
    found = classifier(windows, features=features)
    answers[name] = {t: p[:, 1].tolist() for t, p in found.items()}
print(json.dumps(answers))
"""


def lowest() -> str:
    """The version that `pip install rtcan` may give at least."""
    (edge,) = [item for item in requires("rtcan") or [] if re.match(r"onnxruntime\b(?!-)", item)]
    found = re.search(r">=([\d.]+)", edge)
    assert found is not None, edge
    return found[1]


@pytest.fixture(scope="module")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with that onnxruntime and the NumPy of its time, thrown away afterwards."""
    folder = tmp_path_factory.mktemp("oldest")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    done = subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--no-compile", "--only-binary=:all:", f"onnxruntime=={lowest()}", "numpy<2"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"onnxruntime {lowest()} cannot be had for this Python: {done.stderr[-200:]}")
    return python


@pytest.mark.timeout(600)
def test_every_file_gives_the_same_answers(
    oldest: Path, tiny_model: Path, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    stored = checkpoint.load(tiny_checkpoint)
    data = tiny_model.read_bytes()
    files = {"float32": tiny_model, "demo": SHIPPED_MODEL}
    for name, made in (
        ("fp16", variants.half(data, stored.contract)),
        ("int8", variants.eight_bit(data, stored.contract, stored.calibration)),
    ):
        files[name] = tmp_path / f"{name}.onnx"
        files[name].write_bytes(made)
    windows = np.random.default_rng(0).normal(size=(5, 3, 500)).astype(np.float32)
    np.save(tmp_path / "windows.npy", windows)
    done = subprocess.run(
        [str(oldest), "-c", PROGRAM, str(tmp_path / "windows.npy"), *map(str, files.values())],
        capture_output=True, text=True, check=False, cwd=SOURCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["version"].startswith(lowest())
    for name, path in files.items():
        classifier = Classifier(path)
        # An 8-bit product rounds as the processor's instructions do.
        allowed = {"fp16": 2e-3, "int8": 2e-2}.get(name, 1e-5)
        contract = classifier.contract
        names = contract.features
        features = np.ones((len(windows), len(names))) if names else None
        found = classifier(windows[:, :, : contract.input_length], features=features)
        for target, answer in found.items():
            np.testing.assert_allclose(told[str(path)][target], answer[:, 1], atol=allowed)
