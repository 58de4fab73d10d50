"""`python -m benchmarks.latency`: how long an update takes, live, beside the published way.

* An update (both targets, one thread) at 2500 samples a window and at 128 Hz: ours (streaming
  preprocessing, our cvxEDA, onnxruntime) beside the published formulation solved with cvxopt and
  the published networks in eager torch; the same samples, in turn, in one process.
* The networks alone with one and two threads, and in batches; node by node, and the least that
  their arithmetic would take at the speed of one large product on the same machine.
* Memory of the `rtcan-live` process at 100 Hz, and the time from the arrival of the sample that
  fills the first window to the first prediction, at the pace of life, resampling delay included.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.common.live import run_live
from benchmarks.common.nodes import measure_nodes
from benchmarks.common.report import show_table, write_result
from benchmarks.common.update import measure_threads, measure_update, random_graph
from device.cli import RtcanCommand
from export import graph as graphs
from runtime.preprocessing.contract import Contract

# 60 s are 2500 samples at 41.7 Hz, and 4.8 s are 200 of them.
_AT_2500 = Contract(rate_hz=2500 / 60, context_s=4.8, hop_s=4.8)
_AT_7680 = Contract(rate_hz=128.0, context_s=5.0, hop_s=5.0)
_ROWS = {
    "peer": "cvxopt + eager torch, as published",
    "peer_decomposition": "  of it the decomposition",
    "peer_network": "  of it the networks",
    "ours": "rtcan",
    "ours_decomposition": "  of it the decomposition",
    "ours_network": "  of it the networks",
}


@click.command(cls=RtcanCommand)
@click.option("--quick", is_flag=True, help="Fewer repeats, and live at eight times its pace.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the JSON file.")
def main(quick: bool, output: Path | None) -> None:
    """Measure one live update, the live process's memory, and the wait for its first prediction."""
    torch.set_num_threads(1)
    with threadpool_limits(1):
        figures: dict[str, Any] = {
            "update_2500": measure_update(_AT_2500, 100.0, 12 if quick else 60),
            "update_7680": measure_update(_AT_7680, 128.0, 6 if quick else 30),
            "networks": measure_threads(_AT_2500, 30 if quick else 100),
            "nodes": _nodes(30 if quick else 200),
        }
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model.onnx"
        model.write_bytes(graphs.build(random_graph(Contract()), Contract()))
        figures["live"] = run_live(model, speed=8.0 if quick else 1.0)
    least_ms = figures["nodes"]["arithmetic_ms"] + figures["nodes"]["exponentials_ms"]
    figures["nodes"]["bound_speedup"] = figures["update_2500"]["peer_network"]["p50_ms"] / least_ms
    for name, title in (("update_2500", "2500 samples"), ("update_7680", "128 Hz, 7680 samples")):
        update = figures[name]
        show_table(
            f"One update: 60 s window, {title}, both targets, one thread",
            ["", "median ms", "p90 ms", "p99 ms"],
            [
                [words, *(f"{update[key][q]:.1f}" for q in ("p50_ms", "p90_ms", "p99_ms"))]
                for key, words in _ROWS.items()
            ],
        )
        click.echo(
            f"ratio of medians: update {update['speedup']:.1f}x, networks alone "
            f"{update['network_speedup']:.1f}x ({update['solver_floor']} solver); with cvxopt's "
            f"matrices built once, update {update['speedup_over_prepared']:.1f}x"
        )
    networks, live, nodes = figures["networks"], figures["live"], figures["nodes"]
    show_table(
        "Both networks at 2500 samples, node by node (the profile adds to every node)",
        ["operator", "nodes", "us", "MFLOP"],
        [
            [name, *(f"{one[key]:.0f}" for key in ("nodes", "us", "mflop"))]
            for name, one in nodes["operators"].items()
        ],
    )
    click.echo(
        f"{nodes['mflop']:.0f} MFLOP take {nodes['arithmetic_ms']:.1f} ms at the "
        f"{nodes['product_gflops']:.0f} GFLOP/s of one large product, and the softmax "
        f"{nodes['exponentials_ms']:.1f} ms: {nodes['bound_speedup']:.1f}x is the most that "
        "onnxruntime could reach here without any other work"
    )
    click.echo(
        f"networks with two threads {networks['two_threads']['p50_ms']:.1f} ms, with one "
        f"{networks['one_thread']['p50_ms']:.1f} ms; in batches of 32 "
        f"{networks['windows_per_s_batch_32']:.0f} windows/s\n"
        f"rtcan-live at {live['rate_hz']:g} Hz: {live['rss_mb']:.0f} MB resident, torch loaded: "
        f"{'yes' if live['torch_loaded'] else 'no'}; first prediction {live['first_s']:.2f} s "
        "after its window was full"
    )
    claims = {
        "update_speedup_2500": figures["update_2500"]["speedup"],
        "update_speedup_7680": figures["update_7680"]["speedup"],
        "network_speedup": figures["update_2500"]["network_speedup"],
        "live_rss_mb": live["rss_mb"],
        "first_prediction_s": live["first_s"],
    }
    path = write_result("latency", figures, claims, output, quick=quick)
    _draw(figures, path.with_suffix(".png"))


def _nodes(repeats: int) -> dict[str, Any]:
    data = graphs.build(random_graph(_AT_2500), _AT_2500)
    shape = (1, len(_AT_2500.channels), _AT_2500.input_length)
    inputs = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    return measure_nodes(data, inputs, repeats)


def _draw(figures: dict[str, Any], path: Path) -> None:
    """Draw what an update is made of, ours beside the published way."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.2), layout="constrained")
    names = {"update_2500": "2500 samples", "update_7680": "7680 samples (128 Hz)"}
    for axes, (name, title) in zip(figure.subplots(1, 2), names.items(), strict=True):
        for row, (who, label) in enumerate((("ours", "RTCAN"), ("peer", "as published"))):
            split_ms = figures[name][f"{who}_decomposition"]["p50_ms"]
            network_ms = figures[name][f"{who}_network"]["p50_ms"]
            whole_ms = figures[name][who]["p50_ms"]
            axes.barh(row, split_ms, color="#0b7285", label="decomposition" if row == 0 else None)
            axes.barh(row, network_ms, left=split_ms, color="#e8590c",
                      label="networks" if row == 0 else None)  # fmt: skip
            axes.text(split_ms + network_ms, row, f"  {label}: {whole_ms:.1f} ms", va="center")
        axes.set_title(f"{title}: {figures[name]['speedup']:.1f} times faster", fontsize=10)
        axes.set_yticks([])
        axes.set_xlim(0, 1.5 * figures[name]["peer"]["p50_ms"])
        axes.set_xlabel("ms an update (median), one thread")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=8, loc="lower right")
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    main()
