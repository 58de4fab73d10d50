"""One live update after another, ours and the published way in turn on the same samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from benchmarks.common.report import interleaved
from benchmarks.peers.cvxopt_solver import CvxoptReference
from benchmarks.peers.published_cvxeda import decompose as reference_decompose
from benchmarks.peers.published_network import published
from device.samples import Samples
from device.simulation.physiology import Person, simulate
from export import graph as graphs
from runtime.cvxeda.solver import CvxEDA
from runtime.inference.classifier import Classifier
from runtime.inference.pipeline import Pipeline
from runtime.preprocessing.contract import Contract
from runtime.preprocessing.resample import Resampler
from runtime.preprocessing.windows import stretch
from training.network.model import RTCAN, NetworkConfig
from training.network.wide_and_deep import WideAndDeep


def random_graph(contract: Contract) -> graphs.Graph:
    """Return full-size networks with random weights, which compute as long as trained ones."""
    torch.manual_seed(0)
    config = NetworkConfig(input_length=contract.input_length)
    networks = {t.name: WideAndDeep([RTCAN(config)]).eval() for t in contract.targets}
    return graphs.Graph(networks, contract)


def measure_update(contract: Contract, sensor_hz: float, windows: int) -> dict[str, Any]:
    """Time updates: decomposition and both networks, ours and the peer's.

    Ours is the whole live path from new samples to probabilities. The peer is cvxopt and the
    published networks in eager torch, given windows that are resampled and scaled already. The
    published function builds its matrices in every call; `peer_decomposition_prepared` is cvxopt
    with matrices that were built once, and `speedup_over_prepared` the ratio to that.

    Parameters
    ----------
    contract : Contract
        Size of the problem; its hop is the piece of signal that each update brings.
    sensor_hz : float
        Of the simulated sensor.
    windows : int
        Updates that count.

    Returns
    -------
    dict
        Per contestant `p50_ms`, `p90_ms`, `p99_ms`; `speedup` and `network_speedup` are ratios of
        medians.
    """
    source = random_graph(contract).eval()
    pipeline = Pipeline(Classifier(graphs.build(source, contract)))
    seconds = contract.context_s + contract.window_s + contract.hop_s * (windows + 3)
    samples = simulate(
        Person(), seconds, sensor_hz, arousal=lambda t: 0.5 + 0.5 * np.sin(t / 30), seed=1
    )
    # A chunk ends shortly after a window does, so that each brings exactly one window.
    ends_s = seconds - contract.hop_s * np.arange(windows + 2, -1, -1) - contract.hop_s / 2
    chunks = np.split(np.arange(len(samples)), np.searchsorted(samples.time_s, ends_s))[:-1]
    grid = Resampler(contract.rate_hz, contract.max_gap_s).push(samples.time_s, samples.eda_us)
    starts = contract.hop_samples * np.arange(len(chunks))
    scaled = [
        (piece - piece.mean()) / piece.std()
        for piece in (grid.eda_us[a : a + contract.total_samples] for a in starts)
    ]
    stretched = contract.window_samples != contract.input_length
    peer_networks = [published(n.members[0]) for n in source.networks]  # type: ignore[arg-type, index]
    prepared = CvxoptReference(contract.total_samples, contract.rate_hz)
    cvxeda = CvxEDA(contract.total_samples, contract.rate_hz)
    inputs = np.zeros((1, 3, contract.input_length), dtype=np.float32)

    def ours(k: int) -> None:
        (prediction,) = pipeline.push(Samples(samples.time_s[chunks[k]], samples.eda_us[chunks[k]]))
        inputs[0] = prediction.window.input

    def peer_network(channels: np.ndarray[Any, np.dtype[np.float32]]) -> None:
        with torch.inference_mode():
            for network in peer_networks:
                network(torch.from_numpy(channels))

    def peer(k: int) -> None:
        tonic, phasic = reference_decompose(scaled[k], contract.rate_hz)
        channels = np.stack([tonic, phasic, scaled[k]])[:, contract.context_samples :]
        if stretched:
            channels = stretch(channels, contract.input_length)
        peer_network(channels[None].astype(np.float32))

    took = interleaved(
        {
            "ours": ours,
            "peer": peer,
            "peer_decomposition": lambda k: reference_decompose(scaled[k], contract.rate_hz),
            "peer_decomposition_prepared": lambda k: prepared.decompose(scaled[k]),
            "peer_network": lambda k: peer_network(inputs),
            "ours_decomposition": lambda k: cvxeda.decompose(scaled[k]),
            "ours_network": lambda k: pipeline.classifier(inputs),
        },
        windows,
    )
    out: dict[str, Any] = {name: quantiles(values) for name, values in took.items()}
    out["windows"] = windows
    out["samples_decomposed"] = contract.total_samples
    out["solver_floor"] = cvxeda.floor
    out["speedup"] = out["peer"]["p50_ms"] / out["ours"]["p50_ms"]
    kinder = out["peer_decomposition_prepared"]["p50_ms"] + out["peer_network"]["p50_ms"]
    out["speedup_over_prepared"] = kinder / out["ours"]["p50_ms"]
    out["network_speedup"] = out["peer_network"]["p50_ms"] / out["ours_network"]["p50_ms"]
    return out


def measure_threads(contract: Contract, repeats: int) -> dict[str, Any]:
    """Time our networks alone with one and two threads, and in batches of 32."""
    data = graphs.build(random_graph(contract), contract)
    shape = (len(contract.channels), contract.input_length)
    inputs = np.random.default_rng(0).normal(size=(32, *shape)).astype(np.float32)
    one, two = Classifier(data, threads=1), Classifier(data, threads=2)
    took = interleaved(
        {
            "one_thread": lambda k: one(inputs[k % 32][None]),
            "two_threads": lambda k: two(inputs[k % 32][None]),
        },
        repeats,
    )
    out: dict[str, Any] = {name: quantiles(values) for name, values in took.items()}
    batched = interleaved({"batch": lambda k: one(inputs)}, max(repeats // 10, 3))["batch"]
    out["windows_per_s_batch_32"] = 32 / float(np.median(batched))
    return out


def quantiles(seconds: np.ndarray[tuple[int], np.dtype[np.float64]]) -> dict[str, float]:
    """Return median, 90th and 99th percentile in milliseconds."""
    p50, p90, p99 = 1e3 * np.percentile(seconds, [50, 90, 99])
    return {"p50_ms": float(p50), "p90_ms": float(p90), "p99_ms": float(p99)}
