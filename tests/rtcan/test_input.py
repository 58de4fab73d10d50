"""What the public names do with the arguments that people give them."""

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import rtcan
from device.errors import ArgumentError, ModelError, SignalError, SignalWarning
from device.simulation.physiology import Person, simulate
from runtime.inference.decision import DecisionSettings


@pytest.fixture(scope="module")
def recording() -> rtcan.Samples:
    return simulate(Person(), 40.0, 19.0, arousal=lambda _: 0.8, seed=3)


def highs(predictions: Any) -> list[float | None]:
    return [p.estimates["arousal"].probability_high for p in predictions]


def strided(values: NDArray[Any]) -> NDArray[Any]:
    return np.stack([values, values], axis=1)[:, 0]


def test_samples_may_be_lists_strided_or_float32(recording: rtcan.Samples) -> None:
    time_s, eda_us = recording.time_s, recording.eda_us
    for taken in (
        rtcan.Samples(time_s.tolist(), eda_us.tolist()),
        rtcan.Samples(strided(time_s), strided(eda_us)),
        rtcan.Samples(tuple(time_s), np.ma.masked_array(eda_us)),
    ):
        assert (taken.time_s == time_s).all() and (taken.eda_us == eda_us).all()
        assert taken.time_s.dtype == taken.eda_us.dtype == np.float64
        assert taken.time_s.flags.c_contiguous and taken.eda_us.flags.c_contiguous
    single = rtcan.Samples(time_s.astype(np.float32), eda_us.astype(np.float32), range(760))
    assert single.eda_us.dtype == np.float64 and single.raw is not None
    assert len(rtcan.Samples([], [])) == 0
    masked = rtcan.Samples([0, 1, 2], np.ma.masked_array([1.0, 2, 3], [False, True, False]))
    assert np.isnan(masked.eda_us).tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([0.0, 1.0], [1.0]), r"time_s \(2,\) and eda_us \(1,\)"),
        (([[0.0], [1.0]], [[1.0], [1.0]]), r"time_s has shape \(2, 1\)"),
        ((1.0, 2.0), r"time_s has shape \(\)"),
        (([0.0, [1.0, 2.0]], [1.0, 2.0]), "time_s cannot be read as an array"),
        (("now", [1.0]), "time_s holds text"),
        (([0, 1], [None, 2.0]), "eda_us holds objects.*NaN"),
        (([0, 1], [1.0, 2.0], ["a", "b"]), "raw holds text"),
        (([0, 1], [1.0, 2.0], [1.0]), r"raw \(1,\)"),
        (([0, 1], [1j, 2.0]), "eda_us holds complex numbers"),
        (([True, False], [1.0, 2.0]), "time_s holds truth values"),
        ((np.array([0, 1], "M8[s]"), [1.0, 2.0]), "time_s holds dates"),
        (([0.0, np.nan], [1.0, 2.0]), "time_s is nan at sample 1"),
        (([0.0, 1.0], [1.0, np.inf]), "eda_us is inf at sample 1"),
        (([0.0, 2.0, 1.0], [1.0, 2.0, 3.0]), "time_s must rise: after 2.* sample 2 is at 1"),
        (
            (np.float32(1.6e9) + np.arange(9, dtype=np.float32) / 8, np.ones(9)),
            "time_s must rise.*float32",
        ),
    ],
)
def test_what_cannot_be_samples_is_refused_by_name(arguments: Any, words: str) -> None:
    with pytest.raises(SignalError, match=re.compile(words, re.DOTALL)):
        rtcan.Samples(*arguments)


def test_times_in_milliseconds_are_refused() -> None:
    with pytest.raises(SignalError, match=r"time_s steps by 250 .*milliseconds"):
        rtcan.Samples(np.arange(400) * 250.0, np.ones(400))
    rtcan.Samples([0.0, 0.25, 3600.0, 3600.25], np.ones(4))  # a pause is none


def test_times_in_milliseconds_are_said_where_samples_come_one_by_one(tiny_model: Path) -> None:
    pipeline = rtcan.Pipeline(tiny_model)
    with pytest.warns(SignalWarning, match=r"8 steps .* longer than 5 s.*milliseconds") as caught:
        for i in range(40):
            assert pipeline.push(rtcan.Samples([250.0 * i], [1.0])) == []
    assert len(caught) == 1
    pipeline.reset()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for i in range(40):
            pipeline.push(rtcan.Samples([0.25 * i + 10 * (i // 3)], [1.0]))


def test_a_model_may_be_named_in_any_way(tiny_model: Path, recording: rtcan.Samples) -> None:
    expected = highs(rtcan.Pipeline(rtcan.Classifier(tiny_model)).push(recording))
    assert len(expected) > 5
    content = tiny_model.read_bytes()
    for model in (str(tiny_model), tiny_model, content, bytearray(content), memoryview(content)):
        assert highs(rtcan.Pipeline(model).push(recording)) == expected
    assert rtcan.Classifier(str(tiny_model)).name == tiny_model.name


@pytest.mark.parametrize("make", [rtcan.Classifier, rtcan.Pipeline])
def test_what_is_no_model_is_refused_by_name(make: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model .*none\.onnx"):
        make(str(tmp_path / "none.onnx"))
    with pytest.raises(ModelError, match="is a folder"):
        make(tmp_path)
    with pytest.raises(ArgumentError, match=r"(model|classifier) is 3"):
        make(3)
    with pytest.raises(ArgumentError, match=r"(model|classifier) is None"):
        make(None)


def test_a_classifier_s_other_arguments_are_named(tiny_model: Path) -> None:
    for threads in (0, "2", 1.5):
        with pytest.raises(ArgumentError, match=r"threads is "):
            rtcan.Classifier(tiny_model, threads)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="provider is 'tpu'"):
        rtcan.Classifier(tiny_model, provider="tpu")


def test_windows_may_be_float64_lists_or_strided(tiny_model: Path) -> None:
    classifier = rtcan.Classifier(tiny_model)
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((2, 3, 64)).astype(np.float32)
    expected = classifier(inputs)["arousal"]
    wide = np.zeros((2, 3, 128))
    wide[..., ::2] = inputs
    for given in (inputs.astype(np.float64), inputs.tolist(), wide[..., ::2], list(inputs)):
        assert (classifier(given)["arousal"] == expected).all()


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (np.zeros((3, 64)), r"inputs has shape \(3, 64\).*\(n, 3, 64\)"),
        (np.zeros((1, 3, 63)), r"inputs has shape \(1, 3, 63\)"),
        (np.full((1, 3, 64), np.nan), "inputs holds"),
        (np.full((1, 3, 64), 1e300), "inputs holds"),
        ("window", "inputs holds text"),
        (None, "inputs holds objects"),
    ],
)
def test_what_is_no_window_is_refused_by_name(tiny_model: Path, inputs: Any, words: str) -> None:
    with pytest.raises(SignalError, match=words):
        rtcan.Classifier(tiny_model)(inputs)


def test_push_wants_samples(tiny_model: Path, recording: rtcan.Samples) -> None:
    pipeline = rtcan.Pipeline(tiny_model)
    for given in (recording.eda_us, [1.0, 2.0], None):
        with pytest.raises(ArgumentError, match=r"samples is .*Samples\(time_s, eda_us\)"):
            pipeline.push(given)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="without music"):
        rtcan.Pipeline(tiny_model, [1.0, 2.0])


def test_decisions(tiny_model: Path, recording: rtcan.Samples) -> None:
    pipeline = rtcan.Pipeline(tiny_model)
    predictions = pipeline.push(recording)
    for of in (pipeline, pipeline.classifier, pipeline.contract):
        decider = rtcan.Decider(of)
        assert [decider.push(p).decisions["arousal"].state for p in predictions]
    with pytest.raises(ArgumentError, match="contract is 'arousal'"):
        rtcan.Decider("arousal")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="settings is 5"):
        rtcan.Decider(pipeline.contract, 5)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match=r"prediction is 0\.5"):
        rtcan.Decider(pipeline.contract).push(0.5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        {"smoothing_s": -1.0},
        {"smoothing_s": "5"},
        {"threshold": 1.0},
        {"hysteresis": 0.7},
        {"trigger_level": 0.0},
        {"refractory_s": float("nan")},
        {"baseline_s": float("inf")},
    ],
)
def test_settings_out_of_range_are_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=f"{next(iter(wrong))} is "):
        DecisionSettings(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"n": 240.5},
        {"n": "240"},
        {"n": True},
        {"rate_hz": None},
        {"rate_hz": [4.0]},
        {"alpha": -1},
        {"gamma": "0.01"},
        {"max_iterations": 1.5},
        {"baseline": []},
    ],
)
def test_parameters_of_the_decomposition_are_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match=f"{next(iter(wrong))} is "):
        rtcan.CvxEDA(**{"n": 240, "rate_hz": 4.0, **wrong})
    rtcan.CvxEDA(np.int64(240), np.float32(4.0))


def test_a_whole_recording_may_be_anything_that_numpy_reads(recording: rtcan.Samples) -> None:
    eda_us = recording.eda_us
    expected = rtcan.decompose(eda_us, 19.0)
    for given in (eda_us.tolist(), strided(eda_us), np.ma.masked_array(eda_us)):
        assert (rtcan.decompose(given, 19).phasic == expected.phasic).all()
    for wrong in ("eda", None, [1.0, None, 2.0], np.ma.masked_array(eda_us, eda_us > 7.2)):
        with pytest.raises(SignalError, match="eda_us"):
            rtcan.decompose(wrong, 19.0)  # type: ignore[arg-type]
    for rate in (0, "19", None, float("nan")):
        with pytest.raises(ArgumentError, match="rate_hz is"):
            rtcan.decompose(eda_us, rate)  # type: ignore[arg-type]
