"""`rtcan.live` and `rtcan.open_sensor`."""

import gc
import itertools
import os
import threading
import tty
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rtcan
from device.errors import (
    ArgumentError,
    ContractError,
    DeviceError,
    ModelError,
    PortNotFoundError,
    RecordingEndedError,
    SensorDisconnectedError,
)
from runtime.inference.decision import DecisionSettings
from tests.runtime.live_parts import until, write_table


def reading() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("rtcan")]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_table(tmp_path)


def test_a_recording_gives_what_the_pipeline_gives(table: Path, tiny_model: Path) -> None:
    with rtcan.open_sensor(table, speed=None) as sensor:
        assert sensor.describe().name == "table"
        blocks = list(sensor)
        assert sensor.counters.samples == sum(map(len, blocks)) == 760
        with pytest.raises(RecordingEndedError):
            sensor.read(0.1)
    whole = rtcan.Samples(
        np.concatenate([b.time_s for b in blocks]), np.concatenate([b.eda_us for b in blocks])
    )
    pipeline = rtcan.Pipeline(tiny_model)
    decider = rtcan.Decider(pipeline, DecisionSettings(smoothing_s=2.0))
    expected = [decider.push(prediction) for prediction in pipeline.push(whole)]
    live = rtcan.live(
        str(table), model=str(tiny_model), speed=None, settings=DecisionSettings(smoothing_s=2.0)
    )
    assert live.trained_on == pipeline.contract.trained_on and live.sensor.name == "table"
    found = list(live)
    assert [p.decisions for p in found] == [p.decisions for p in expected]
    assert len(found) > 20
    assert live.summary is not None and live.summary.windows == len(found)
    assert list(live) == []
    until(lambda: not reading())


def test_a_slow_caller_misses_nothing_of_a_recording(table: Path, tiny_model: Path) -> None:
    live = rtcan.live(table, model=tiny_model, speed=None)
    first = next(live)
    until(lambda: live._stream.items.qsize() > 5)
    assert [p.window.index for p in live] == list(
        range(first.window.index + 1, first.window.index + live.summary.windows)
    )  # type: ignore[union-attr]


def test_a_simulated_person_has_the_package_s_model() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with rtcan.live("demo:") as live:
            found = list(itertools.islice(live, 2))
    assert "Stress-Predict" in live.trained_on
    assert {name for p in found for name in p.decisions} == {"arousal", "valence"}
    assert list(live) == []
    until(lambda: not reading())


def test_dropping_it_closes_the_sensor(table: Path, tiny_model: Path) -> None:
    live = rtcan.live(table, model=tiny_model)
    assert reading()
    del live
    gc.collect()
    until(lambda: not reading())


def test_closing_it_ends_the_iteration_of_another_thread(table: Path, tiny_model: Path) -> None:
    live = rtcan.live(table, model=tiny_model, speed=0.01)  # hours until the first prediction
    waiting = [threading.Thread(target=list, args=(live,), daemon=True) for _ in range(2)]
    for thread in waiting:
        thread.start()
    live.close()
    until(lambda: not any(thread.is_alive() for thread in waiting), 5)
    # A recording's end, too, is the end for all who wait.
    live = rtcan.live(table, model=tiny_model, speed=None)
    waiting = [threading.Thread(target=list, args=(live,), daemon=True) for _ in range(3)]
    for thread in waiting:
        thread.start()
    until(lambda: not any(thread.is_alive() for thread in waiting))
    assert live.summary is not None and live.summary.windows > 20


def test_without_a_model_it_warns(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match="the model of the package answers") as caught:
        rtcan.live(table, speed=None).close()
    assert caught[0].filename == __file__


@pytest.mark.parametrize("reconnect", [True, False])
def test_a_sensor_that_goes_away(
    tiny_model: Path, caplog: pytest.LogCaptureFixture, reconnect: bool
) -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    with rtcan.live(
        os.ttyname(slave), "grove", model=tiny_model, rate_hz=19.0, reconnect=reconnect
    ) as live:
        assert live.sensor.rate_hz == 19.0
        os.write(master, b"300\n" * 9)
        os.close(master)
        os.close(slave)
        if reconnect:
            until(lambda: "disconnected" in caplog.text)
        else:
            with pytest.raises(SensorDisconnectedError):
                next(live)
    assert list(live) == []
    until(lambda: not reading())


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"port": 3}, ArgumentError, "port is 3"),
        ({"port": None}, ArgumentError, "port is None"),
        ({"port": "/dev/ttyNONE"}, PortNotFoundError, "/dev/ttyNONE"),
        ({"port": "/dev/ttyNONE", "sensor": "watch"}, DeviceError, "watch"),
        ({"port": "/dev/ttyNONE", "speed": 2.0}, ArgumentError, "speed is 2"),
        ({"port": "/dev/ttyNONE", "baud": "fast"}, ArgumentError, "baud is 'fast'"),
        ({"port": "/dev/ttyNONE", "channel": 0}, ArgumentError, "channel is 0"),
        ({"port": "/dev/ttyNONE", "rate_hz": 0}, ArgumentError, "rate_hz is 0"),
        ({"rate_hz": "19"}, ArgumentError, "rate_hz is '19'"),
        ({"speed": -1}, ArgumentError, "speed is -1"),
    ],
)
def test_what_cannot_be_opened_is_said_at_once(
    table: Path, tiny_model: Path, arguments: dict[str, Any], error: type[Exception], words: str
) -> None:
    given = {"port": table, **arguments}
    with pytest.raises(error, match=words):
        rtcan.open_sensor(**given)
    with pytest.raises(error, match=words):
        rtcan.live(**given, model=tiny_model)
    assert not reading()


def test_what_cannot_answer_is_said_at_once(table: Path, tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model none\.onnx"):
        rtcan.live(table, model="none.onnx")
    with pytest.raises(ArgumentError, match="settings is 5"):
        rtcan.live(table, model=tiny_model, settings=5)  # type: ignore[arg-type]
    slow = tmp_path / "slow.csv"
    slow.write_text("EDA\n" + "2.5\n" * 99)
    with pytest.raises(ContractError, match="samples a second"):
        rtcan.live(slow, model=tiny_model, rate_hz=0.5)
    assert not reading()


def test_a_simulated_person_is_as_fast_as_asked() -> None:
    with rtcan.open_sensor("demo:", speed=40) as sensor:
        assert sensor.describe().speed == 40
    with rtcan.open_sensor("demo:") as sensor:
        assert sensor.describe().speed == 8
    with pytest.raises(ArgumentError, match="no highest speed"):
        rtcan.open_sensor("demo:", speed=None)
