"""The table of docs/cvxeda.md from the result of benchmarks.cvxeda."""

from __future__ import annotations

from typing import Any

_NAMES = {"kernel": "kernel", "scipy": "SciPy", "cvxopt": "cvxopt", "neurokit2": "NeuroKit2"}


def speed_table(result: dict[str, Any]) -> str:
    """Return times by length, median / 99th percentile in ms, and the gain over cvxopt."""
    sizes = result["figures"]["sizes"]
    names = [name for name in _NAMES if name in sizes[0]["median_ms"]]
    header = ["samples", "rate", *(_NAMES[name] for name in names)]
    ours = [name for name in ("kernel", "scipy") if name in names]
    header += [f"{_NAMES[name]} over cvxopt" for name in ours]
    lines = [f"| {' | '.join(header)} |", "|" + "---:|" * len(header)]
    for size in sizes:
        median, late = size["median_ms"], size["p99_ms"]
        cells = [f"{size['n']}", f"{size['rate_hz']:g} Hz"]
        cells += [f"{_ms(median[name])} / {_ms(late[name])}" for name in names]
        cells += [f"{median['cvxopt'] / median[name]:.1f}×" for name in ours]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _ms(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
