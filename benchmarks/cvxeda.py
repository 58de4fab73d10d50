"""Decomposition speed: both floors against cvxopt and NeuroKit2, on the same windows in one run.

python -m benchmarks.cvxeda [--quick] [--output DIR]
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.common.report import RESULTS, interleaved, show_table, write_result
from benchmarks.common.warm_starts import warm_iterations
from benchmarks.peers.cvxopt_solver import CvxoptReference
from device.cli import RtcanCommand
from device.simulation.physiology import Person, simulate
from runtime.cvxeda.solver import FLOORS, CvxEDA, Floor
from training.datasets import eevr

Array = NDArray[np.float64]

RECORDINGS = Path(__file__).resolve().parents[2] / "shared" / "data" / "eevr" / "Data_files"
# Rate (Hz) and duration (s) of a window, windows measured. The first three carry the claims.
CLAIMED = ((128.0, 60.0), (50.0, 50.0), (4.0, 60.0))
FURTHER = ((4.0, 10.0), (4.0, 300.0), (8.0, 60.0), (32.0, 60.0), (128.0, 10.0), (128.0, 300.0))
GROWTH_RATE_HZ = 128.0
GROWTH_S = (10.0, 20.0, 40.0, 80.0, 150.0, 300.0)
HOP_S = 1.0


def zscore(y: Array) -> Array:
    """Return (y - mean) / std."""
    return np.asarray((y - y.mean()) / y.std(), dtype=np.float64)


class Windows:
    """Random stretches of real recordings, where they are at hand, and of the simulated person."""

    def __init__(self, seed: int = 7) -> None:
        self._rng = np.random.default_rng(seed)
        long = simulate(Person(), 700.0, 16.0, arousal=lambda t: 0.5 + 0.5 * np.sin(t / 20), seed=1)
        self._sources = {"synthetic": [(long.time_s, long.eda_us)]}
        if RECORDINGS.is_dir():
            found = [r.samples for r in eevr.load(RECORDINGS).recordings]
            self._sources["real"] = [(s.time_s, s.eda_us) for s in found]

    @property
    def kinds(self) -> list[str]:
        """What windows can be of."""
        return list(self._sources)

    def stretch(self, kind: str, duration_s: float, rate_hz: float) -> Array:
        """Return a stretch resampled linearly; recordings too short for it are passed over."""
        fits = [(t, y) for t, y in self._sources[kind] if t[-1] - t[0] > duration_s]
        if not fits:
            return self.stretch("synthetic", duration_s, rate_hz)
        while True:
            time_s, eda_us = fits[self._rng.integers(len(fits))]
            start_s = self._rng.uniform(time_s[0], time_s[-1] - duration_s)
            grid_s = start_s + np.arange(round(duration_s * rate_hz)) / rate_hz
            stretch: Array = np.interp(grid_s, time_s, eda_us)
            if np.ptp(stretch) > 0.0:
                return stretch

    def draw(self, count: int, duration_s: float, rate_hz: float) -> list[Array]:
        """Return z-scored windows, the kinds in turn."""
        kinds = [self.kinds[i % len(self.kinds)] for i in range(count)]
        return [zscore(self.stretch(kind, duration_s, rate_hz)) for kind in kinds]


def contestants(windows: list[Array], rate_hz: float) -> dict[str, Callable[[int], object]]:
    """Return what is timed, each a function of the turn: ours, cvxopt, and NeuroKit2 if it is here.

    cvxopt gets its matrices once, as our object does; NeuroKit2 assembles them for each window.
    """
    n = len(windows[0])

    def of(turn: int) -> Array:
        return windows[turn % len(windows)]

    def prepared(floor: Floor) -> Callable[[int], object]:
        split = CvxEDA(n, rate_hz, floor=floor)
        return lambda turn: split.decompose(of(turn))

    reference = CvxoptReference(n, rate_hz)
    calls: dict[str, Callable[[int], object]] = {floor: prepared(floor) for floor in FLOORS}
    calls["cvxopt"] = lambda turn: reference.decompose(of(turn))
    try:
        import neurokit2
    except ImportError:
        return calls
    calls["neurokit2"] = lambda turn: neurokit2.eda_phasic(of(turn), rate_hz, method="cvxeda")
    return calls


def measure(windows: list[Array], rate_hz: float) -> dict[str, Any]:
    """Time every contestant on the windows in turn; also compare the objectives."""
    n = len(windows[0])
    seconds = interleaved(contestants(windows, rate_hz), len(windows), warm_up=1)
    ours = [CvxEDA(n, rate_hz, floor=floor) for floor in FLOORS]
    reference = CvxoptReference(n, rate_hz)
    excess, apart, iterations = [], [], []
    for y in windows:
        answers = [split.decompose(y) for split in ours]
        theirs = reference.decompose(y).objective
        excess += [parts.objective / theirs - 1.0 for parts in answers]
        apart.append(abs(answers[0].objective / answers[-1].objective - 1.0))
        iterations.append(answers[0].iterations)
    return {
        "n": n,
        "rate_hz": rate_hz,
        "windows": len(windows),
        "median_ms": {k: 1e3 * float(np.median(v)) for k, v in seconds.items()},
        "p99_ms": {k: 1e3 * float(np.quantile(v, 0.99)) for k, v in seconds.items()},
        "objective_excess_max": max(excess),
        "floors_apart_max": max(apart),
        "iterations_max": max(iterations),
    }


def ratio(size: dict[str, Any], ours: str, theirs: str = "cvxopt") -> float | None:
    """Return how many times faster the median of `ours` is, None where one was not measured."""
    medians = size["median_ms"]
    return medians[theirs] / medians[ours] if {ours, theirs} <= set(medians) else None


def live(windows: Windows, hops: int) -> dict[str, Any]:
    """Time consecutive hops of one recording on one object, and count what warm starts save."""
    rate_hz, duration_s = CLAIMED[0]
    n, hop = round(rate_hz * duration_s), round(rate_hz * HOP_S)
    recording = windows.stretch(windows.kinds[-1], duration_s + HOP_S * hops, rate_hz)
    sequence = [zscore(recording[k * hop : k * hop + n]) for k in range(hops)]
    took = interleaved(contestants(sequence, rate_hz), hops, warm_up=1)
    medians = {name: 1e3 * float(np.median(values)) for name, values in took.items()}
    split = CvxEDA(n, rate_hz)
    return {
        "median_ms": medians,
        "iterations_cold": float(np.mean([split.decompose(y).iterations for y in sequence[1:]])),
        "iterations_warm": {
            f"{lift:g}": warm_iterations(sequence, rate_hz, hop, lift)
            for lift in (1e-4, 1e-2, 1e-1)
        },
    }


def growth(windows: Windows, repeats: int, output: Path) -> dict[str, Any]:
    """Time the installed floor over the length, fit the exponent, and draw it."""
    lengths = [round(duration_s * GROWTH_RATE_HZ) for duration_s in GROWTH_S]
    calls = {
        str(n): partial(
            _decompose,
            CvxEDA(n, GROWTH_RATE_HZ),
            windows.draw(repeats, duration_s, GROWTH_RATE_HZ),
        )
        for n, duration_s in zip(lengths, GROWTH_S, strict=True)
    }
    took = interleaved(calls, repeats, warm_up=1)
    medians = [1e3 * float(np.median(took[name])) for name in calls]
    exponent = float(np.polyfit(np.log(lengths), np.log(medians), 1)[0])

    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(5.0, 3.5), layout="constrained")
    axes.loglog(lengths, medians, "o-", label=f"{FLOORS[0]}: n^{exponent:.2f}")
    axes.loglog(lengths, medians[0] * np.array(lengths) / lengths[0], "--", label="n")
    axes.set(xlabel="samples in a window (128 Hz)", ylabel="median, ms")
    axes.legend()
    output.mkdir(parents=True, exist_ok=True)
    figure.savefig(output / "cvxeda_growth.png", dpi=120)
    plt.close(figure)
    return {"n": lengths, "median_ms": medians, "exponent": exponent}


def _decompose(split: CvxEDA, windows: list[Array], turn: int) -> None:
    split.decompose(windows[turn % len(windows)])


def peak_memory() -> dict[str, float]:
    """Return the peak memory (MiB) of a process that decomposes one 7680-sample window, by kind."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return {}
    ours = "from runtime.cvxeda.solver import CvxEDA"
    theirs = "from benchmarks.peers.cvxopt_solver import CvxoptReference as Reference"
    programs: dict[str, str] = {
        "imports of ours": ours,
        "imports of cvxopt": f"{theirs}; import cvxopt",
        "cvxopt": f"{theirs}; Reference(7680, 128.0).decompose(y)",
    }
    for floor in FLOORS:
        programs[floor] = f"{ours}; CvxEDA(7680, 128.0, floor={floor!r}).decompose(y)"
    window = "import numpy as np; y = np.random.default_rng(0).standard_normal(7680).cumsum();"
    peak = f"print(open({str(status)!r}).read().partition('VmHWM:')[2].split()[0])"
    kib = {}
    for name, program in programs.items():
        code = f"{window} y = (y - y.mean()) / y.std(); {program}; {peak}"
        command = [sys.executable, "-c", code]
        kib[name] = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {name: int(text) / 1024 for name, text in kib.items()}


def report(sizes: list[dict[str, Any]]) -> None:
    """Print the table of times."""
    contestants = list(sizes[0]["median_ms"])
    rows = []
    for size in sizes:
        cells = [
            f"{size['median_ms'][name]:.3g} / {size['p99_ms'][name]:.3g}" for name in contestants
        ]
        speeds = [f"{ratio(size, floor):.1f}x" for floor in FLOORS]
        length = f"{size['n']} ({size['n'] / size['rate_hz']:g} s, {size['rate_hz']:g} Hz)"
        rows.append([length, *cells, *speeds])
    header = ["samples", *contestants, *(f"{floor} gain" for floor in FLOORS)]
    show_table("cvxEDA, median / p99 in ms; gain over cvxopt", header, rows)


@click.command(cls=RtcanCommand)
@click.option("--quick", is_flag=True, help="Three sizes, few windows.")
@click.option(
    "--output", type=click.Path(path_type=Path), default=RESULTS, help="Folder of JSON and plot."
)
def main(quick: bool, output: Path) -> None:
    """Time the decomposition at all sizes, ours and its peers in turn."""
    windows = Windows()
    with threadpool_limits(1):
        sizes = [
            measure(windows.draw(12 if quick else 40, duration_s, rate_hz), rate_hz)
            for rate_hz, duration_s in CLAIMED
        ]
        for rate_hz, duration_s in () if quick else FURTHER:
            count = 10 if rate_hz * duration_s > 10_000 else 40
            sizes.append(measure(windows.draw(count, duration_s, rate_hz), rate_hz))
        hops = live(windows, 8 if quick else 30)
        lengths = growth(windows, 5 if quick else 15, output)
    report(sizes)
    cold, middle, low = sizes[:3]
    medians = hops["median_ms"]
    claims = {
        "speedup_cold_7680": ratio(cold, "kernel"),
        "speedup_cold_2500": ratio(middle, "kernel"),
        "speedup_cold_240": ratio(low, "kernel"),
        "speedup_scipy_7680": ratio(cold, "scipy"),
        "speedup_scipy_2500": ratio(middle, "scipy"),
        "speedup_scipy_240": ratio(low, "scipy"),
        "speedup_warm_7680": medians["cvxopt"] / medians[FLOORS[0]],
        "speedup_neurokit2_7680": ratio(cold, "kernel", "neurokit2"),
        "objective_excess_max": max(size["objective_excess_max"] for size in sizes),
        "growth_exponent": lengths["exponent"],
    }
    show_table(
        "Claims", ["claim", "figure"], [[k, f"{v:.3g}" if v else "-"] for k, v in claims.items()]
    )
    figures = {
        "windows": windows.kinds,
        "sizes": sizes,
        "live": hops,
        "growth": lengths,
        "peak_memory_mib": peak_memory(),
    }
    write_result("cvxeda", figures, claims, output, quick=quick)


if __name__ == "__main__":
    main()
