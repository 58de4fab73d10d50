"""A Preprocessor may be pickled and copied in mid-stream, and used by processes and threads."""

from __future__ import annotations

import copy
import functools
import multiprocessing
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import ArgumentError
from device.samples import Samples
from device.simulation.physiology import Person, simulate
from runtime.cvxeda import CvxEDA
from runtime.cvxeda.problem import FLOORS
from runtime.inference.classifier import Classifier
from runtime.inference.decision import Decider
from runtime.inference.pipeline import Pipeline
from runtime.preprocessing import windows as module
from runtime.preprocessing.contract import Contract
from runtime.preprocessing.windows import Preprocessor

RECORDINGS = [simulate(Person(), 30.0, 19.0, arousal=lambda _: 0.7, seed=seed) for seed in range(6)]


def bits(stream: Preprocessor, samples: Samples) -> list[bytes]:
    windows = stream.push(samples.time_s, samples.eda_us)
    return [window.input.tobytes() for window in windows if window.input is not None]


def pickled(stream: Preprocessor) -> Preprocessor:
    return pickle.loads(pickle.dumps(stream))  # type: ignore[no-any-return] # noqa: S301


@pytest.mark.parametrize("floor", FLOORS)
@settings(deadline=None, max_examples=8)
@given(way=st.sampled_from([pickled, copy.copy, copy.deepcopy]), cut=st.integers(0, 30 * 19))
def test_a_copy_goes_on_from_the_middle(
    tiny_contract: Contract,
    floor: str,
    way: Callable[[Preprocessor], Preprocessor],
    cut: int,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CvxEDA", functools.partial(CvxEDA, floor=floor))
        samples = RECORDINGS[0]
        early = Samples(samples.time_s[:cut], samples.eda_us[:cut])
        late = Samples(samples.time_s[cut:], samples.eda_us[cut:])
        stream = Preprocessor(tiny_contract)
        want = bits(Preprocessor(tiny_contract), samples)
        first = bits(stream, early)
        twin = way(stream)
        assert first + bits(stream, late) == want
        assert first + bits(twin, late) == want


def test_processes_and_threads_give_the_same_bits(tiny_contract: Contract) -> None:
    want = [bits(Preprocessor(tiny_contract), samples) for samples in RECORDINGS]
    fresh = [Preprocessor(tiny_contract) for _ in RECORDINGS]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.starmap(bits, zip(fresh, RECORDINGS, strict=True)) == want
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(bits, fresh, RECORDINGS)) == want


def test_a_stream_may_be_copied_while_another_thread_pushes(tiny_contract: Contract) -> None:
    stream, copied = Preprocessor(tiny_contract), threading.Event()
    deep = stream._resampler.push
    twins: list[Preprocessor] = []
    threads = []

    def push(time_s: np.ndarray, eda_us: np.ndarray) -> object:
        if not threads:  # in the middle of the first push
            threads.append(threading.Thread(target=lambda: twins.append(copy.copy(stream))))
            threads[0].start()
            copied.wait(0.2)
        return deep(time_s, eda_us)

    early, late = RECORDINGS[0].time_s < 15, RECORDINGS[0].time_s >= 15
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream._resampler, "push", push)
        stream.push(RECORDINGS[0].time_s[early], RECORDINGS[0].eda_us[early])
        threads[0].join()
    assert twins[0].fill_s == stream.fill_s
    assert twins[0].push(RECORDINGS[0].time_s[late], RECORDINGS[0].eda_us[late])


def test_a_copied_pipeline_shares_the_model_and_nothing_else(tiny_model: object) -> None:
    pipeline = Pipeline(tiny_model)  # type: ignore[arg-type]
    twin = copy.copy(pipeline)
    assert twin.classifier is pipeline.classifier is copy.copy(pipeline.classifier)
    assert len(pipeline.push(RECORDINGS[0])) == len(twin.push(RECORDINGS[0])) > 0
    for item in (pipeline, pipeline.classifier):
        with pytest.raises(ArgumentError, match="cannot be pickled; give the other process"):
            pickle.dumps(item)


def test_a_copied_decider_remembers_alone(tiny_model: object) -> None:
    pipeline = Pipeline(tiny_model)  # type: ignore[arg-type]
    first, *rest = [p for p in pipeline.push(RECORDINGS[0]) if not p.withheld]
    decider = Decider(pipeline)
    decider.push(first)
    twin = copy.copy(decider)
    for prediction in rest[:-1]:
        twin.push(prediction)
    again = Decider(pipeline)
    again.push(first)
    assert decider.push(rest[-1]) == again.push(rest[-1])


def test_a_window_that_did_not_converge_is_refused(
    tiny_model: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = Classifier(tiny_model)  # type: ignore[arg-type]
    monkeypatch.setattr(module, "CvxEDA", functools.partial(CvxEDA, max_iterations=2))
    predictions = Pipeline(classifier).push(RECORDINGS[0])
    assert predictions
    for prediction in predictions:
        assert prediction.window.input is None
        assert prediction.withheld and prediction.quality == 0
        assert prediction.window.reasons == ("the decomposition did not converge",)
        assert np.isfinite(prediction.window.eda_us).all()
