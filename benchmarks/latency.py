"""`python -m benchmarks.latency`: how long an update takes, live, beside the published way.

Three measurements:

* An update at 2500 samples a window (60 s at 41.7 Hz, both targets, one thread): ours (streaming
  preprocessing, our cvxEDA, onnxruntime) beside the published formulation solved with cvxopt and
  the same two networks in eager torch; the same samples, in turn, in one process.
* Memory of the `rtcan-live` process at 100 Hz.
* Time from the arrival of the sample that fills the first window to the first prediction, at the
  pace of life, resampling delay included.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks._live import run_live
from benchmarks._report import interleaved, show_table, write_result
from benchmarks.reference_cvxeda import decompose as reference_decompose
from device.cli import RtcanCommand
from device.physiology import Person, simulate
from device.samples import Samples
from export import graph as graphs
from runtime.classifier import Classifier
from runtime.contract import Contract
from runtime.cvxeda import CvxEDA
from runtime.pipeline import Pipeline
from runtime.resample import Resampler
from training.model import RTCAN, NetworkConfig

_RATE_HZ = 100.0


@click.command(cls=RtcanCommand)
@click.option("--quick", is_flag=True, help="Fewer repeats, and live at eight times its pace.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the JSON file.")
def main(quick: bool, output: Path | None) -> None:
    """Measure one live update, the live process's memory, and the wait for its first prediction."""
    torch.set_num_threads(1)
    with threadpool_limits(1):
        figures: dict[str, Any] = {"update_2500": _update(windows=12 if quick else 60)}
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.onnx"
        model.write_bytes(graphs.build(_graph(Contract()), Contract()))
        figures["live"] = run_live(model, speed=8.0 if quick else 1.0)
    update, live = figures["update_2500"], figures["live"]
    show_table(
        "One update: 60 s window, 2500 samples, both targets, one thread",
        ["", "median ms", "p90 ms", "p99 ms"],
        [
            [name, *(f"{update[key][q]:.1f}" for q in ("p50_ms", "p90_ms", "p99_ms"))]
            for name, key in (
                ("cvxopt + eager torch", "peer"),
                ("  of it cvxopt", "peer_decomposition"),
                ("rtcan", "ours"),
                ("  of it decomposition", "ours_decomposition"),
                ("  of it network", "ours_network"),
            )
        ],
    )
    click.echo(f"speed-up of an update: {update['speedup']:.1f}x (ratio of medians)")
    click.echo(
        f"rtcan-live at {live['rate_hz']:g} Hz: {live['rss_mb']:.0f} MB resident, torch loaded: "
        f"{'yes' if live['torch_loaded'] else 'no'}; first prediction {live['first_s']:.2f} s "
        "after its window was full"
    )
    claims = {
        "update_speedup_2500": update["speedup"],
        "live_rss_mb": live["rss_mb"],
        "first_prediction_s": live["first_s"],
    }
    write_result("latency", figures, claims, output, quick=quick)


def _graph(contract: Contract) -> graphs.Graph:
    torch.manual_seed(0)
    config = NetworkConfig(input_length=contract.input_length)
    return graphs.Graph({t.name: RTCAN(config).eval() for t in contract.targets}, contract)


def _update(windows: int) -> dict[str, Any]:
    """Time one update after another, ours and the peer's in turn on the same samples."""
    # 41.7 Hz, so that 60 s are 2500 samples for both; 4.8 s are 200 of them.
    contract = Contract(rate_hz=2500 / 60, context_s=4.8, hop_s=4.8)
    source = _graph(contract).eval()
    pipeline = Pipeline(Classifier(graphs.build(source, contract)))
    seconds = contract.context_s + contract.window_s + contract.hop_s * (windows + 3)
    samples = simulate(
        Person(), seconds, _RATE_HZ, arousal=lambda t: 0.5 + 0.5 * np.sin(t / 30), seed=1
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
    cvxeda = CvxEDA(contract.total_samples, contract.rate_hz)
    inputs = np.zeros((1, 3, contract.input_length), dtype=np.float32)

    def ours(k: int) -> None:
        (prediction,) = pipeline.push(Samples(samples.time_s[chunks[k]], samples.eda_us[chunks[k]]))
        inputs[0] = prediction.window.input

    def peer(k: int) -> None:
        tonic, phasic = reference_decompose(scaled[k], contract.rate_hz)
        channels = np.stack([tonic, phasic, scaled[k]])[:, contract.context_samples :]
        with torch.inference_mode():
            source(torch.from_numpy(channels[None].astype(np.float32)))

    took = interleaved(
        {
            "ours": ours,
            "peer": peer,
            "peer_decomposition": lambda k: reference_decompose(scaled[k], contract.rate_hz),
            "ours_decomposition": lambda k: cvxeda.decompose(scaled[k]),
            "ours_network": lambda k: pipeline.classifier(inputs),
        },
        windows,
    )
    out: dict[str, Any] = {name: _quantiles(values) for name, values in took.items()}
    out["windows"] = windows
    out["samples_decomposed"] = contract.total_samples
    out["solver_floor"] = cvxeda.floor
    out["speedup"] = out["peer"]["p50_ms"] / out["ours"]["p50_ms"]
    return out


def _quantiles(seconds: np.ndarray[tuple[int], np.dtype[np.float64]]) -> dict[str, float]:
    p50, p90, p99 = 1e3 * np.percentile(seconds, [50, 90, 99])
    return {"p50_ms": float(p50), "p90_ms": float(p90), "p99_ms": float(p99)}


if __name__ == "__main__":
    main()
