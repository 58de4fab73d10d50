import json
import shutil
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from device.errors import DatasetError, RecordingEndedError, RecordingError, RtcanError
from device.readers.base import Source, in_blocks
from device.samples import Samples
from device.sources.replay import ReplaySensor
from runtime.inference.models import SHIPPED_MODEL
from runtime.replay.find import find

LIVE = [sys.executable, "-m", "runtime.live"]
BITALINO = {
    "20:16:12:21:35:82": {
        "sensor": ["EDA"], "device name": "20:16:12:21:35:82",
        "column": ["nSeq", "I1", "I2", "O1", "O2", "A3"], "sync interval": 2,
        "time": "14:51:47.704", "comments": "", "device connection": "BTH20:16:12:21:35:82",
        "channels": [3], "date": "2017-4-12", "mode": 0, "digital IO": [0, 0, 1, 1],
        "firmware version": 1282, "device": "bitalino_rev", "position": 0,
        "sampling rate": 100, "label": ["A3"], "resolution": [4, 1, 1, 1, 1, 10],
    }
}  # fmt: skip
PLUX = {
    "00:07:80:79:6F:DB": {
        "sensor": ["ECG", "EDA"], "column": ["nSeq", "DI", "CH1", "CH2"], "convertedValues": 0,
        "device": "biosignalsplux", "sampling rate": 1000, "label": ["CH1", "CH2"],
        "resolution": [16, 16], "special": [{}, {}],
    }
}  # fmt: skip


def opensignals(path: Path, header: object, rows: list[list[int]]) -> Path:
    lines = ["# OpenSignals Text File Format", f"# {json.dumps(header)}", "# EndOfHeader"]
    path.write_text("\n".join(lines + ["\t".join(map(str, row)) + "\t" for row in rows]) + "\n")
    return path


def everything(source: Source) -> Samples:
    blocks = list(source.blocks())
    return Samples(
        np.concatenate([b.time_s for b in blocks]), np.concatenate([b.eda_us for b in blocks])
    )


def test_opensignals_of_a_bitalino(tmp_path: Path) -> None:
    rows = [[k % 16, 0, 0, 1, 1, count] for k, count in enumerate([0, 512, 1023])]
    source = find(opensignals(tmp_path / "a.txt", BITALINO, rows))
    samples = everything(source)
    assert source.rate_hz == 100
    np.testing.assert_allclose(samples.time_s, [0, 0.01, 0.02])
    # The transfer function of the data sheet, and the live sensor's rule: its ends are no values.
    np.testing.assert_allclose(samples.eda_us, [np.nan, 12.5, np.nan])


def test_opensignals_of_a_biosignalsplux(tmp_path: Path) -> None:
    rows = [[k, 0, 99, count] for k, count in enumerate([0, 32768])]
    samples = everything(find(opensignals(tmp_path / "a.txt", PLUX, rows)))
    np.testing.assert_allclose(samples.eda_us, [np.nan, 0.5 * 3 / 0.12])
    chosen = everything(find(tmp_path / "a.txt", column="CH1"))
    np.testing.assert_allclose(chosen.eda_us, 99 / 65536 * 3 / 0.12)


def test_opensignals_without_eda_wants_a_name(tmp_path: Path) -> None:
    header = {"x": {**PLUX["00:07:80:79:6F:DB"], "sensor": ["ECG", "EMG"]}}
    path = opensignals(tmp_path / "a.txt", header, [[0, 0, 1, 2]])
    with pytest.raises(DatasetError, match=r"0 EDA channels among .* name one with --column"):
        find(path)


E4 = "1560279825.000000\n4.000000\n0.000000\n0.020499\n0.048685\n"


@pytest.mark.parametrize("form", ["file", "folder", "zip"])
def test_empatica(tmp_path: Path, form: str) -> None:
    (tmp_path / "EDA.csv").write_text(E4)
    with zipfile.ZipFile(tmp_path / "session.zip", "w") as archive:
        archive.writestr("A0/EDA.csv", E4)
        archive.writestr("A0/HR.csv", "1\n1\n60\n")
    path = {"file": "EDA.csv", "folder": "", "zip": "session.zip"}[form]
    source = find(tmp_path / path)
    samples = everything(source)
    assert source.rate_hz == 4
    np.testing.assert_allclose(samples.time_s, [0, 0.25, 0.5])
    # Exactly 0 is a wrist without contact.
    np.testing.assert_allclose(samples.eda_us, [np.nan, 0.020499, 0.048685])


def test_a_table_with_times(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Time,HR,EDA\n10.0,60,1.5\n10.1,61,1.6\n10.3,62,1.7\n")
    source = find(path)
    samples = everything(source)
    np.testing.assert_allclose(samples.time_s, [0, 0.1, 0.3])
    np.testing.assert_allclose(samples.eda_us, [1.5, 1.6, 1.7])
    np.testing.assert_allclose(everything(find(path, 4.0, "HR")).time_s, [0, 0.25, 0.5])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("EDA\n1\n2\n", "no column of times .* --rate"),
        ("t,EDA\n0,1\n0,2\n", "times do not rise"),
        ("t,EDA\n0,1\n1,x\n", "data line 2 has 'x'"),
        ("", "holds no data"),
        ('# OpenSignals Text File Format\n# {"a": {}}\n# EndOfHeader\n', "header cannot be read"),
        ("# Simple Text Format\n# Labels:= EDA\n1\n", "lacks a rate or a resolution"),
    ],
)
def test_what_cannot_be_replayed_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text)
    with pytest.raises(RtcanError, match=said):
        find(path)


def test_places_without_a_recording(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="There is no recording"):
        find(tmp_path / "none")
    with pytest.raises(RecordingError, match="nothing that can be replayed"):
        find(tmp_path)


def test_it_keeps_the_pace(tmp_path: Path) -> None:
    samples = Samples(np.arange(100) / 50.0, np.ones(100))
    sensor = ReplaySensor(Source(tmp_path, "x", 50.0, lambda: in_blocks(samples, 7)), 4.0)
    sensor.open()
    began_s, seen, late_s = time.monotonic(), 0, []
    with pytest.raises(RecordingEndedError):
        while True:
            got = sensor.read(0.2)
            if len(got):
                seen += len(got)
                late_s.append(time.monotonic() - began_s - got.time_s[-1] / 4.0)
    assert seen == sensor.counters.samples == 100
    # Never before its time; how late depends on the machine.
    assert min(late_s) > -1e-3
    assert np.median(late_s) < 0.1


def test_tags_and_markers_come_back_through_the_whole_run(tmp_path: Path, tiny_model: Path) -> None:
    """Of an Empatica's tags.csv, and of our own recording of that."""
    session = tmp_path / "S02"
    session.mkdir()
    (session / "EDA.csv").write_text(
        "1644227574.0\n4.0\n" + "".join(f"{2 + np.sin(k / 9):.6f}\n" for k in range(160))
    )
    (session / "tags_S02.csv").write_text("1644227573.0\n1644227584.5\n1644227604.25\n")

    def markers(port: str, *options: str) -> list[tuple[float, str]]:
        done = subprocess.run(
            [*LIVE, "--port", port, "--speed", "max", "--model", str(tiny_model), *options],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        events = [json.loads(line) for line in done.stdout.splitlines()]
        return [(e["time_s"], e["text"]) for e in events if e["type"] == "marker"]

    noted = [(10.5, "tag 2"), (30.25, "tag 3")]
    # Without `replay:` it is the same, --speed too.
    assert markers(str(session), "--record", str(tmp_path / "rec")) == noted
    assert markers(f"replay:{tmp_path / 'rec'}") == noted


def test_a_port_has_no_speed() -> None:
    done = subprocess.run(
        [*LIVE, "--port", "/dev/ttyNONE", "--speed", "4"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and "speed is 4.0; it is for recordings" in done.stderr


def test_the_command_plays_it_to_its_end(tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "EDA.csv").write_text(
        "1560279825.0\n4.0\n" + "".join(f"{2 + np.sin(k / 9):.6f}\n" for k in range(100))
    )
    done = subprocess.run(
        [*LIVE, "--port", f"replay:{tmp_path}", "--speed", "max", "--model", str(tiny_model)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0]["sensor"] == "Empatica E4"
    assert events[-1]["counters"]["samples"] == 100
    assert events[-1]["windows"] == 13


@pytest.mark.parametrize("speed", ["0", "-1", "fast", "nan", "inf"])
def test_other_speeds_are_refused(speed: str, tiny_model: Path) -> None:
    done = subprocess.run(
        [*LIVE, "--port", "replay:x", "--speed", speed], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "neither a number above 0 nor max" in done.stderr


@pytest.mark.parametrize(
    ("name", "rate_hz", "options"),
    [
        ("flirt_e4_EDA.csv", 4.0, {}),
        ("biosppy_eda_1000Hz.txt", 1000.0, {}),
        ("neurokit_bio_100Hz.csv", 100.0, {"rate_hz": 100.0}),
    ],
)
def test_real_recordings(
    shared_data: Path, name: str, rate_hz: float, options: dict[str, float]
) -> None:
    source = find(shared_data / "recordings" / name, **options)  # type: ignore[arg-type]
    samples = everything(source)
    assert source.rate_hz == rate_hz
    assert samples.time_s[-1] > 100
    valid = samples.eda_us[~np.isnan(samples.eda_us)]
    assert valid.min() >= 0 and 0.05 < valid.max() < 60


def test_a_recording_of_the_demonstration_needs_no_model_named(
    tmp_path: Path, tiny_model: Path
) -> None:
    def live(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*LIVE, "--output", "jsonl", *options],
            cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def answers(text: str) -> list[float]:
        events = [json.loads(line) for line in text.splitlines()]
        found = [e["arousal"]["probability_high"] for e in events if e["type"] == "prediction"]
        return [value for value in found if value is not None]

    with ThreadPoolExecutor() as side_by_side:
        demonstration = side_by_side.submit(
            live, "--demo", "--speed", "40", "--record", "rec", "--duration", "5"
        )
        other = live(
            "--demo", "--model", str(tiny_model), "--speed", "20", "--record", "other",
            "--duration", "2",
        )  # fmt: skip
        first = demonstration.result()
    assert first.returncode == 0 and len(answers(first.stdout)) > 5, first.stderr
    again = live("--port", "replay:rec", "--speed", "max")
    assert again.returncode == 0, again.stderr
    assert answers(again.stdout) == answers(first.stdout)
    verify = [sys.executable, "-m", "runtime.recording.command", "verify"]
    done = subprocess.run(
        [*verify, "rec"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "equal to the last bit" in done.stdout, done.stderr
    # One of a model that is not at hand names it; one that would answer otherwise is not silent.
    assert other.returncode == 0, other.stderr
    lost = live("--port", "replay:other", "--speed", "max")
    assert lost.returncode == 1 and "was recorded with best.onnx (SHA-256" in lost.stderr
    (tmp_path / "save").mkdir()
    shutil.copy(SHIPPED_MODEL, tmp_path / "save" / "best.onnx")
    warned = live("--port", "replay:other", "--speed", "max")
    assert "may answer otherwise" in warned.stderr
