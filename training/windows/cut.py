"""Recordings to network inputs, through the runtime's own preprocessing."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from device.errors import DatasetError
from device.samples import FloatArray, Samples
from runtime.preprocessing.contract import Contract
from runtime.preprocessing.resample import REACH
from runtime.preprocessing.window import LEARNING
from runtime.preprocessing.windows import Preprocessor, Window, stretch
from training.compute.fingerprint import Fingerprinted
from training.compute.workers import Workers, in_order
from training.datasets.recordings import Dataset, Recording
from training.windows.features import NAMES, eda_features
from training.windows.follow import Found, hops_of, windows_of
from training.windows.sittings import sittings_of

_TOO_SHORT = "recording: shorter than context and window"


@dataclass(frozen=True)
class Windows(Fingerprinted):
    """All windows of a data set.

    Attributes
    ----------
    inputs : float32 (n, 3, input_length)
        Network inputs, grouped by recording.
    features : float64 (n, k)
        Plain features: the contract's, in the person's own units, which are the network's second
        input; the five of `training.windows.features` where the contract has none.
    recording : int64 (n,)
        Index of the recording each window was cut from; windows of one recording never part.
    time_s : float64 (n,)
        Seconds from the start of the person's sitting to the window's start; from that of the
        recording where windows are z-scored.
    past_s : float64 (n,)
        Seconds of signal that the stream had had when the window began.
    short : bool (n,)
        Whether the stream was restarted at random before, so that little of the person's past was
        known. Such windows are learnt from, never chosen with; what is said of them counts by
        minutes of past only.
    refused : Counter
        Windows that gave no input, and recordings without any, by reason.
    """

    inputs: NDArray[np.float32]
    features: FloatArray
    recording: NDArray[np.int64]
    time_s: FloatArray
    past_s: FloatArray
    short: NDArray[np.bool_]
    refused: Counter[str]

    def of(self, recordings: NDArray[np.int64], *, short: bool = False) -> NDArray[np.int64]:
        """Return which windows are of some recordings; those of a short past only where asked."""
        own = np.isin(self.recording, recordings)
        return np.flatnonzero(own if short else own & ~self.short).astype(np.int64)


def usable(dataset: Dataset, windows: Windows) -> tuple[Dataset, Windows, NDArray[np.int64]]:
    """Leave out recordings without any window; those of a short past alone cannot be tested.

    Returns
    -------
    Dataset, Windows
        What is left.
    int64 (recordings,)
        Which recordings those are.
    """
    left = np.unique(windows.recording[~windows.short])
    mine = windows.of(left, short=True)
    return (
        dataclasses.replace(dataset, recordings=[dataset.recordings[i] for i in left]),
        dataclasses.replace(
            windows,
            inputs=windows.inputs[mine],
            features=windows.features[mine],
            recording=np.searchsorted(left, windows.recording[mine]).astype(np.int64),
            time_s=windows.time_s[mine],
            past_s=windows.past_s[mine],
            short=windows.short[mine],
        ),
        left.astype(np.int64),
    )


def without_samples(dataset: Dataset) -> Dataset:
    """Return the data set without its signals: windows are what is learnt from."""
    bare = [
        dataclasses.replace(recording, samples=Samples.empty(), channels=None)
        for recording in dataset.recordings
    ]
    return dataclasses.replace(dataset, recordings=bare, sessions=())


def cut(
    dataset: Dataset,
    contract: Contract,
    stride_s: float,
    *,
    whole_trial: bool = False,
    workers: Workers | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Windows:
    """Push every recording through the preprocessing that live uses.

    In personal units whole sittings are pushed, and a second time with restarts at random; see
    `training.windows.follow`.

    Parameters
    ----------
    dataset : Dataset
        Recordings.
    contract : Contract
        All constants.
    stride_s : float
        Seconds from one window to the next; live uses the contract's `hop_s`. In personal units a
        multiple of that.
    whole_trial : bool
        Make one input of each trial, whatever its length, without context: as published, and never
        for live use.
    workers : Workers or None
        What does it; None for a process a core.
    progress : callable
        Told how many recordings or sittings are done, of how many.

    Raises
    ------
    DatasetError
        If no window at all comes out, or the data set or stride does not go with personal units.
    """
    if contract.personal:
        return _cut_sittings(dataset, contract, stride_s, whole_trial, workers, progress)
    strided = dataclasses.replace(contract, hop_s=stride_s)
    results = in_order(
        (workers or Workers()).run(
            _cut_one,
            [(recording, strided, whole_trial) for recording in dataset.recordings],
        ),
        lambda done: progress(done, len(dataset.recordings)),
    )
    refused: Counter[str] = Counter()
    for *_, reasons in results:
        refused.update(reasons)
    counts = [inputs.shape[0] for inputs, *_ in results]
    if not sum(counts):
        raise _nothing(dataset, contract, refused)
    inputs, features, time_s, _ = zip(*results, strict=True)
    return Windows(
        inputs=np.concatenate(inputs),
        features=np.concatenate(features),
        recording=np.repeat(np.arange(len(results)), counts).astype(np.int64),
        time_s=np.concatenate(time_s),
        past_s=np.concatenate(time_s),
        short=np.zeros(sum(counts), dtype=np.bool_),
        refused=refused,
    )


def _cut_sittings(
    dataset: Dataset,
    contract: Contract,
    stride_s: float,
    whole_trial: bool,
    workers: Workers | None,
    progress: Callable[[int, int], None],
) -> Windows:
    every = hops_of(stride_s, contract)
    if whole_trial or any(recording.channels is not None for recording in dataset.recordings):
        raise DatasetError(
            f"Personal units need {dataset.name}'s signal as a stream; whole trials and prepared "
            "channels are none. Take --normalisation zscore."
        )
    own = sittings_of(dataset, contract)
    results: list[Found] = in_order(
        (workers or Workers()).run(
            windows_of, [(sitting, contract, every, dataset.name) for sitting in own]
        ),
        lambda done: progress(done, len(own)),
    )
    refused = Counter[str]()
    with_windows = set[int]()
    for found in results:
        for reason, count in found.refused.items():
            refused["window: " + _kind(reason)] += count
        with_windows |= found.recordings
    without = len(dataset.recordings) - len(with_windows)
    if without:
        refused[_TOO_SHORT] += without
    inputs = [values for found in results for values in found.inputs]
    if not inputs:
        raise _nothing(dataset, contract, refused)
    recording, time_s, past_s, short = (
        np.array([value for found in results for value in getattr(found, name)])
        for name in ("recording", "time_s", "past_s", "short")
    )
    # Grouped by recording; those of all the past first.
    order = np.lexsort((time_s, short, recording))
    return Windows(
        inputs=np.stack([inputs[n] for n in order]),
        features=np.array([values for found in results for values in found.features])[order],
        recording=recording[order].astype(np.int64),
        time_s=time_s[order],
        past_s=past_s[order],
        short=short[order],
        refused=refused,
    )


def _nothing(dataset: Dataset, contract: Contract, refused: Counter[str]) -> DatasetError:
    return DatasetError(
        f"No recording of {dataset.name} gives a window of {contract.window_s:g} s with "
        f"{contract.context_s:g} s of context before it: {dict(refused)}"
    )


def _cut_one(
    recording: Recording, contract: Contract, whole_trial: bool
) -> tuple[NDArray[np.float32], FloatArray, FloatArray, Counter[str]]:
    nothing = np.empty((0, len(contract.channels), contract.input_length), dtype=np.float32)
    if recording.channels is not None:
        return _prepared(recording.channels, contract)
    if whole_trial:
        fitted = _fit_to(recording, contract)
        if fitted is None:
            return nothing, np.empty((0, len(NAMES))), np.empty(0), Counter({_TOO_SHORT: 1})
        contract = fitted
    samples = recording.with_context(contract.context_s)
    windows = Preprocessor(contract).push(samples.time_s, samples.eda_us)
    good = [window for window in windows if window.input is not None]
    reasons = Counter(
        "window: " + _kind(window.reasons[0]) for window in windows if window.input is None
    )
    if not windows:
        reasons[_TOO_SHORT] += 1
    inputs = [window.input for window in good if window.input is not None]
    return (
        np.stack(inputs) if inputs else nothing,
        np.array([eda_features(w) for w in good]) if good else np.empty((0, len(NAMES))),
        np.array([window.start_s for window in good]),
        reasons,
    )


def _fit_to(recording: Recording, contract: Contract) -> Contract | None:
    """Return a contract whose one window is the whole trial, or None for less than a second."""
    samples = recording.with_context(0.0)
    seconds = _span_s(samples.time_s, samples.eda_us)
    steps = int(np.floor(seconds * contract.rate_hz + 1e-6)) - REACH + 1
    if steps < contract.rate_hz:
        return None
    window_s = steps / contract.rate_hz
    return dataclasses.replace(contract, context_s=0.0, window_s=window_s, hop_s=window_s)


def _span_s(time_s: FloatArray, eda_us: FloatArray) -> float:
    """Return seconds from the first value to the last."""
    valued = time_s[~np.isnan(eda_us)]
    return float(valued[-1] - valued[0]) if valued.size else 0.0


def _prepared(
    channels: Mapping[str, NDArray[np.float32]], contract: Contract
) -> tuple[NDArray[np.float32], FloatArray, FloatArray, Counter[str]]:
    """Make an input of channels that somebody else decomposed; their length in time is unknown."""
    values = {name: values.astype(np.float64) for name, values in channels.items()}
    stacked = np.stack([values[name] for name in contract.channels])
    window = Window(
        0, 0.0, 60.0, None, values["origin"], values["tonic"], values["phasic"], 0.0, ()
    )
    inputs = stretch(stacked, contract.input_length).astype(np.float32)
    return inputs[None], eda_features(window)[None], np.zeros(1), Counter()


def _kind(reason: str) -> str:
    """Return a reason without its numbers."""
    if reason.startswith(LEARNING):
        return LEARNING
    return "too many samples missing" if "no samples" in reason else reason
