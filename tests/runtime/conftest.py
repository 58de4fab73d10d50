"""What tests of the live application need: a simulated person as a recording, and a pipeline."""

from pathlib import Path

import pytest

from device.readers.base import Source, in_blocks
from device.simulation.physiology import Person, simulate
from runtime.inference.classifier import Classifier
from runtime.inference.pipeline import Pipeline
from tests.runtime.people import write_personal


@pytest.fixture(scope="module")
def source() -> Source:
    """Forty seconds of a simulated person."""
    samples = simulate(Person(), 40, 19.0, arousal=lambda _: 0.8, seed=4)
    return Source(Path("person"), "table", 19.0, lambda: in_blocks(samples, 5))


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a minute of a person as a table with times that are not round."""
    samples = simulate(Person(), 30, 19.0, arousal=lambda _: 0.8, seed=4)
    path = tmp_path_factory.mktemp("table") / "table.csv"
    rows = zip(samples.time_s.tolist(), samples.eda_us.tolist(), strict=True)
    path.write_text("time,EDA\n" + "".join(f"{t!r},{v!r}\n" for t, v in rows))
    return path


@pytest.fixture
def pipeline(tiny_model: Path) -> Pipeline:
    return Pipeline(Classifier(tiny_model))


@pytest.fixture(scope="session")
def personal_model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model in the person's own units; its first answer takes half a minute."""
    return write_personal(tiny_model, tmp_path_factory.mktemp("personal") / "best.onnx")
