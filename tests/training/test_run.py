"""The whole command, on files in a published format."""

import csv
import json
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device.errors import DatasetError
from runtime.inference.classifier import Classifier
from tests.training.runs import call
from training import ablate
from training.datasets.registry import Source, find_root
from training.datasets.standins import pmemo
from training.network import checkpoint
from training.report import summary


class Page(HTMLParser):
    """Counts tags, and asks for nothing from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.outside += [
            str(value) for name, value in attrs
            if name in ("src", "href", "xlink:href") and not str(value).startswith(("#", "data:"))
        ]  # fmt: skip


def test_from_the_download_to_checkpoint_metrics_and_report(tree: Path, tmp_path: Path) -> None:
    result = call(tree, tmp_path, "--protocol", "both", "--epochs", "1", report=True)
    assert result.exit_code == 0, result.output
    names = ["best.pt", "epochs.csv", "metrics.json", "predictions.csv", "report.html"]
    names.append("windows.csv")
    assert sorted(p.name for p in tmp_path.iterdir()) == names
    told = json.loads((tmp_path / "metrics.json").read_text())
    assert told["protocol"].startswith("subject (2 groups of subjects held out, with their stimuli")
    assert told["compared"]["protocol"].startswith("paper (2 stratified folds")
    # People and songs apart leave recordings on neither side, and the report says how many.
    share = told["shares"]["arousal"]
    assert told["targets"]["arousal"]["rtcan"]["n"] == round(share["tested"] * told["recordings"])
    assert any(f"{share['tested']:.0%} of the recordings for arousal" in n for n in told["notes"])
    with (tmp_path / "predictions.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["target"] == "arousal"]
    figures = told["targets"]["arousal"]
    assert len(rows) == figures["rtcan"]["n"]
    right = [row["truth"] == row["rtcan"] for row in rows]
    assert sum(right) / len(right) == pytest.approx(figures["rtcan"]["accuracy"])
    assert all((float(r["probability_high"]) >= 0.5) == (r["rtcan"] == "1") for r in rows)
    stored = checkpoint.load(tmp_path / "best.pt")
    # Whoever is shown the model reads that its people are simulated.
    assert stored.contract.trained_on.startswith("simulated people in the format of PMEmo")
    for target in stored.contract.targets:
        figures = told["targets"][target.name]
        n = {name: figures[name]["n"] for name in ("rtcan", "logistic_regression", "majority")}
        assert len(set(n.values())) == 1
        paper = told["compared"]["targets"][target.name]
        # Pairs: every recording is tested once.
        assert paper["rtcan"]["n"] == told["recordings"]
        assert {"error_before", "error_after"} <= set(figures["calibration"])
        assert sum(n for _, n in figures["subjects"].values()) == n["rtcan"]
        # What calibrates is in the weights of the paths.
        assert target.temperature == 1.0
        assert figures["windows"]["models"]["rtcan"]["auc"] is not None
    page = Page()
    text = (tmp_path / "report.html").read_text()
    page.feed(text)
    assert page.outside == []
    assert page.tags.count("svg") >= 7
    for said in ("ROC", "Confusion", "Learning curves", "What was left out", "all songs"):
        assert said in text
    assert 'name="viewport"' in text
    # The verdict comes first, and the protocol is told once; no model is set in bold.
    assert text.index('class="verdict"') < text.index("<h2>") and "Arousal: balanced" in text
    assert text.count(escape(told["protocol"])) == 1
    assert "font-weight" not in text
    assert "The people are simulated" in result.output


def test_music_travels_with_its_scale(tree: Path, tmp_path: Path) -> None:
    from export import graph, parity

    options = ("--music", "--folds", "1", "--target", "arousal", "--epochs", "1")
    result = call(tree, tmp_path, *options)
    assert result.exit_code == 0, result.output
    stored = checkpoint.load(tmp_path / "best.pt")
    assert stored.networks["arousal"].config.music == len(stored.contract.music_mean) == 6373
    assert stored.music is not None
    # Of the training side's songs alone: some are left out of the mean.
    features = np.loadtxt(
        tree / "features" / "static_features.csv", delimiter=",", skiprows=1
    )[:, 1:]  # fmt: skip
    # An 8-bit variant finds its ranges with songs of that side.
    assert stored.calibration_music is not None
    assert stored.calibration_music.shape == (len(stored.calibration), 6373)
    assert {row.tobytes() for row in stored.calibration_music} <= {
        row.tobytes() for row in features.astype(np.float32)
    }
    assert not {row.tobytes() for row in stored.calibration_music} & {
        row.tobytes() for row in stored.music
    }
    everything = features.mean(axis=0)
    assert not np.allclose(stored.contract.music_mean, everything, rtol=1e-3)
    source = graph.Graph(dict(stored.networks), stored.contract)
    model = graph.build(source, stored.contract)
    assert parity.compare(
        stored.networks, stored.contract, model, stored.examples, stored.music
    ).holds
    one = stored.examples[:2]
    # These songs tell the classes apart without an error, so that some answers are all but certain.
    answers = [Classifier(model)(one, song)["arousal"] for song in features.astype(np.float32)]
    assert np.ptp(answers, axis=0).max() > 0


def test_presets_are_marked_as_not_for_live_use(tree: Path, tmp_path: Path) -> None:
    result = call(tree, tmp_path, "--preset", "paper-pmemo", "--target", "valence", "--epochs", "1")
    assert result.exit_code == 0, result.output
    assert "Not for live use" in result.output
    stored = checkpoint.load(tmp_path / "best.pt")
    config = stored.networks["valence"].config
    assert (config.head, config.unit_attention, config.music) == ("softmax", True, 6373)
    assert stored.contract.channels == ("origin", "tonic", "phasic")
    assert stored.contract.not_live
    told = json.loads((tmp_path / "metrics.json").read_text())
    assert told["protocol"].startswith("paper") and told["settings"]["optimiser"] == "sgd"
    # One input a trial, whatever its length.
    left_out = sum(told["skipped"].values()) + sum(told["refused"].values())
    assert told["windows"] == told["recordings"] == 200 - left_out


def test_ablation_prints_every_variant_and_is_done_once(tree: Path, tmp_path: Path) -> None:
    options = ("--target", "arousal", "--epochs", "1", "--folds", "1")
    result = call(tree, tmp_path, *options, command=ablate.main)
    assert result.exit_code == 0, result.output
    told = json.loads((tmp_path / "ablation.json").read_text())
    assert len({(r["music"], r["channel"], r["temporal"]) for r in told["rows"]}) == 8
    assert "majority" in result.output and "Nothing to do" not in result.output
    again = call(tree, tmp_path, *options, command=ablate.main)
    assert again.exit_code == 0 and "Nothing to do" in again.output


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--folds", "11"), "10 subjects cannot be divided into 11 folds"),
        (("--labels", "best"), "midpoint, median, or fixed"),
        (("--labels", "fixed:5"), "makes one class only"),
        (("--loso",), "--loso makes one fold per subject"),
        (("--data-root", "nowhere"), "There is no folder nowhere"),
        (("--window", "200"), "No recording of pmemo gives a window of 200 s"),
    ],
)
def test_bad_options_are_one_clear_line(
    tree: Path, tmp_path: Path, more: tuple[str, ...], said: str
) -> None:
    result = call(tree, tmp_path / "out", *more)
    assert result.exit_code == 1
    assert said in " ".join(result.output.split())
    assert "Traceback" not in result.output
    assert not (tmp_path / "out" / "best.pt").exists()


def test_one_class_only_is_named(tmp_path: Path) -> None:
    pmemo.write(tmp_path, 10, 3, seed=2)
    (tmp_path / "annotations" / "static_annotations.csv").write_text(
        "musicId,Arousal(mean),Valence(mean)\n1,0.9,0.9\n2,0.8,0.9\n3,0.7,0.9\n"
    )
    options = ("--labels", "fixed:0.5", "--folds", "1", "--protocol", "subject")
    result = call(tmp_path, tmp_path / "out", *options)
    assert result.exit_code == 1
    assert "All training recordings of pmemo have high arousal" in " ".join(result.output.split())


def test_data_is_looked_for_in_the_usual_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DatasetError, match="--dataset synthetic"):
        find_root(Source(name="deap"))
    (tmp_path / "data" / "deap").mkdir(parents=True)
    assert find_root(Source(name="deap")) == Path("data/deap")
    (tmp_path / "mine" / "deap").mkdir(parents=True)
    monkeypatch.setenv("RTCAN_DATA", str(tmp_path / "mine"))
    assert find_root(Source(name="deap")) == tmp_path / "mine" / "deap"


def test_a_leak_is_called_one() -> None:
    def figures(value: float) -> dict[str, Any]:
        return {"arousal": {"rtcan": {"balanced_accuracy": value}}}

    results = {
        "protocol": "subject (...)",
        "targets": figures(0.55),
        "compared": {"protocol": "paper (...)", "targets": figures(0.66)},
    }
    assert "Leak: arousal is at 0.66" in summary.leaks(results)[0]
    results["compared"]["targets"] = figures(0.64)  # type: ignore[index]
    assert summary.leaks(results) == []
    assert summary.leaks(results | {"compared": None}) == []
