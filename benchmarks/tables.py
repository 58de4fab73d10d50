"""`python -m benchmarks.tables`: write the tables of the documents from the results.

benchmarks/README.md is written whole; of the other pages, what stands between two marks, such as
`<!-- latency:begin -->` and `<!-- latency:end -->`: `PARTS` says which, and from what.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from benchmarks.common import personal_tables, training_tables
from benchmarks.common.cvxeda_table import speed_table
from benchmarks.common.report import RESULTS
from device.cli import RtcanCommand
from device.errors import RtcanError
from runtime.files import write_whole

_Part = tuple[set[str], Callable[[dict[str, Any]], str]]

_SOURCE = Path(__file__).resolve().parents[1]
_HEAD = """# Benchmarks

    pip install -e '.[train,dev,bench]'    # in the clone
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
    """Write benchmarks/README.md and the tables of the documents from benchmarks/results."""
    results = read()
    if not results:
        raise RtcanError(f"There are no results in {RESULTS}; run a benchmark first")
    write_whole(_SOURCE / "benchmarks" / "README.md", whole(results).encode())
    click.echo(f"Wrote benchmarks/README.md with {', '.join(results)}")
    for page, parts in PARTS.items():
        path = _SOURCE / page
        for mark, (needed, text) in parts.items():
            if needed <= results.keys():
                page_text = path.read_text(encoding="utf-8")
                write_whole(path, with_part(page_text, mark, text(results)).encode())
        click.echo(f"Wrote the tables in {page}")


def read() -> dict[str, Any]:
    """Return all results, by the benchmark's name."""
    return {path.stem: _read(path) for path in sorted(RESULTS.glob("*.json"))}


def whole(results: dict[str, Any]) -> str:
    """Return benchmarks/README.md."""
    return "\n".join([_HEAD, *(_section(name, data) for name, data in results.items())])


def with_part(page: str, mark: str, text: str) -> str:
    """Return a page with this text between two of its marks."""
    begin, end = f"<!-- {mark}:begin -->", f"<!-- {mark}:end -->"
    found, number = re.subn(
        f"{begin}.*{end}", lambda _: f"{begin}\n{text}\n{end}", page, flags=re.DOTALL
    )
    if number != 1:
        raise RtcanError(f"The page has the marks of {mark} {number} times, not once")
    return found


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
        f"{memory_mb:.0f} MB of memory with the package's model and answers "
        f"{first_s:.1f} s after the first window is full.",
    ]
    return "\n".join(lines)


_PEOPLE_ROWS = {
    "**networks and regression, in the person's own units**": ("personal", "rtcan"),
    "regression on plain features alone": ("personal", "regression_alone"),
    "networks alone": ("personal", "network_alone"),
    "published input: each window z-scored, network alone": ("published", "rtcan"),
    "*control:* time since the recording began": ("personal", "clock_alone"),
    "*control:* one answer per person": ("personal", "one_answer_per_person"),
}
_PEOPLE_FIGURES = ("balanced_accuracy", "auc", "auc_within", "auc_neighbours")


def people_tables(result: dict[str, Any]) -> str:
    """Return the tables of docs/people.md: by answer and control, and by minutes of past."""
    figures = result["figures"]
    lines = [
        "| answer by | balanced accuracy | AUC | within a person | between neighbours |",
        "|---|---|---|---|---|",
        *(
            f"| {words} | {_row(figures[form]['models'][model])} |"
            for words, (form, model) in _PEOPLE_ROWS.items()
        ),
        "",
        "| minutes of past | windows | balanced accuracy | AUC | within a person |",
        "|---|---|---|---|---|",
        *(
            f"| {minutes} | {own['n']} | {_row(own, _PEOPLE_FIGURES[:3])} |"
            for minutes, own in figures["personal"]["by_minutes_of_past"].items()
        ),
    ]
    return "\n".join(lines)


def _row(own: dict[str, Any], names: Sequence[str] = _PEOPLE_FIGURES) -> str:
    cells = []
    for name in names:
        value, interval = own.get(name), own.get(f"{name}_95") or ()
        cells.append(
            f"{value:.3f} [{interval[0]:.2f}, {interval[1]:.2f}]"
            if value is not None and interval
            else "-"
        )
    return " | ".join(cells)


def _one(name: str, text: Callable[[Any], str]) -> _Part:
    """Return a part that is made of one result."""
    return {name}, lambda results: text(results[name])


PARTS: dict[str, dict[str, _Part]] = {
    "README.md": {"latency": ({"latency", "memory"}, update_table)},
    "docs/people.md": {"people": _one("people", people_tables)},
    "docs/cvxeda.md": {"speed": _one("cvxeda", speed_table)},
    **{
        page: {mark: _one("personal", text) for mark, text in parts.items()}
        for page, parts in personal_tables.PARTS.items()
    },
    "docs/training.md": {
        "presets": ({"presets_eevr"}, training_tables.presets),
        "training": ({"training"}, training_tables.speed),
    },
}
"""By page and mark: the results that a part needs, and what makes it of all results."""


if __name__ == "__main__":
    main()
