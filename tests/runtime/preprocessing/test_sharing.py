"""A Preprocessor may be pickled and copied in mid-stream, and used by processes and threads."""

from __future__ import annotations

import copy
import functools
import multiprocessing
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.samples import Samples
from device.simulation.physiology import Person, simulate
from runtime.cvxeda import CvxEDA
from runtime.cvxeda.problem import FLOORS
from runtime.inference.classifier import Classifier
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
