"""`python -m benchmarks.tables`: write the tables of the documents from the results.

benchmarks/README.md is written whole; in README.md the part between the `latency` marks.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click

from benchmarks.common.report import RESULTS
from device.cli import RtcanCommand
from device.errors import RtcanError
from training.compute.files import write_whole

_SOURCE = Path(__file__).resolve().parents[1]
_HEAD = """# Benchmarks

    python -m benchmarks.NAME [--quick] [--output DIR]

Each measures us and the peer in the same run, in turn, prints a table and writes
`results/NAME.json` with the machine, the versions, all figures and the claims below. A time never
fails a build. This page is written from those files by `python -m benchmarks.tables`.
"""
_UPDATE_ROWS = {
    "peer": "cvxopt + eager torch, as published",
    "peer_decomposition": "of it the decomposition",
    "peer_network": "of it the networks",
    "ours": "**RTCAN**",
    "ours_decomposition": "of it the decomposition",
    "ours_network": "of it the networks",
}


@click.command(cls=RtcanCommand)
def main() -> None:
    """Write benchmarks/README.md and the table in README.md from benchmarks/results."""
    results = {path.stem: _read(path) for path in sorted(RESULTS.glob("*.json"))}
    if not results:
        raise RtcanError(f"There are no results in {RESULTS}; run a benchmark first")
    page = "\n".join([_HEAD, *(_section(name, data) for name, data in results.items())])
    write_whole(_SOURCE / "benchmarks" / "README.md", page.encode())
    click.echo(f"Wrote benchmarks/README.md with {', '.join(results)}")
    if {"latency", "memory"} <= results.keys():
        readme = _SOURCE / "README.md"
        begin, end = "<!-- latency:begin -->", "<!-- latency:end -->"
        text = re.sub(
            f"{begin}.*{end}",
            lambda _: f"{begin}\n{update_table(results)}\n{end}",
            readme.read_text(encoding="utf-8"),
            flags=re.DOTALL,
        )
        write_whole(readme, text.encode())
        click.echo("Wrote the table in README.md")


def _read(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def _section(name: str, data: dict[str, Any]) -> str:
    machine = data["machine"]
    versions = ", ".join(f"{package} {version}" for package, version in machine["versions"].items())
    lines = [
        f"## {name}{' (quick)' if data['quick'] else ''}",
        "",
        "| claim | value |",
        "|---|---|",
        *(f"| `{claim}` | {_figure(value)} |" for claim, value in data["claims"].items()),
        "",
        f"{machine['cpu']}, {machine['cores']} cores, {machine['threads']} thread(s), "
        f"{machine['system']}, Python {machine['python']}; {versions}.",
        "",
    ]
    for picture in sorted(RESULTS.glob(f"{name}*.png")):
        lines += [f"![{picture.stem}](results/{picture.name})", ""]
    return "\n".join(lines)


def _figure(value: float | bool | None) -> str:
    if value is None:
        return "not measured"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def update_table(results: dict[str, Any]) -> str:
    """Return README's table of one update, with the memory that benchmarks.memory measured."""
    latency = results["latency"]
    update = latency["figures"]["update_2500"]
    lines = ["| | median ms | p99 ms |", "|---|---|---|"]
    for key, words in _UPDATE_ROWS.items():
        if key in update:
            one = update[key]
            lines.append(f"| {words} | {one['p50_ms']:.1f} | {one['p99_ms']:.1f} |")
    memory_mb = results["memory"]["claims"]["live_rss_mb"]
    first_s = latency["claims"]["first_prediction_s"]
    lines += [
        "",
        f"{update['speedup']:.1f} times faster, on {latency['machine']['cpu']}. `rtcan live` takes "
        f"{memory_mb:.0f} MB of memory with the demonstration model and answers "
        f"{first_s:.1f} s after the first window is full.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
