"""`python -m benchmarks.memory`: what the edge needs: memory, disk, and the size of the wheel.

* Resident memory of `rtcan-live` at 100 Hz, with the package's model and with networks of full
  size, and whose it is; beside it that of Python alone and with the libraries of the edge.
* A fresh virtual environment with the wheel, and nothing else: its size. It is
  installed as the README says for the edge, with `pip install --no-compile`, and has run: the
  bytecode of what is used is there, and that of numpy's own tests is not. What pip's
  default, bytecode of everything, comes to stands beside it.
* The wheel itself.

Run it from a source checkout; it needs the package index.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from benchmarks.common.footprint import bare_mb
from benchmarks.common.live import run_live
from benchmarks.common.report import show_table, write_result
from device.cli import RtcanCommand
from device.errors import RtcanError
from runtime.inference.models import SHIPPED_MODEL

_SOURCE = Path(__file__).resolve().parents[1]


@click.command(cls=RtcanCommand)
@click.option("--quick", is_flag=True, help="Live at eight times its pace.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the JSON file.")
def main(quick: bool, output: Path | None) -> None:
    """Measure the memory, the environment and the wheel of the edge."""
    if not (_SOURCE / "pyproject.toml").is_file():
        raise RtcanError("benchmarks.memory builds the wheel: run it from a source checkout")
    speed = 8.0 if quick else 1.0
    bare = bare_mb()
    live = run_live(SHIPPED_MODEL, speed)
    with tempfile.TemporaryDirectory() as folder:
        full = run_live(_full_size(Path(folder)), speed)
        sizes = _sizes(Path(folder))
    figures: dict[str, Any] = {"bare_mb": bare, "live": live, "live_full": full, **sizes}
    show_table(
        "The edge",
        ["", "MB"],
        [
            *[[f"resident, {name}", f"{size:.1f}"] for name, size in bare.items()],
            ["resident, rtcan-live at 100 Hz, the package's model", f"{live['rss_mb']:.1f}"],
            ["resident, rtcan-live at 100 Hz, full-size networks", f"{full['rss_mb']:.1f}"],
            *[[f"  of it {name}", f"{mb:.1f}"] for name, mb in (full["parts_mb"] or {}).items()],
            ["environment with rtcan", f"{sizes['edge_env_mb']:.0f}"],
            ["  of it there before, pip and the like", f"{sizes['bare_env_mb']:.0f}"],
            *[[f"  of it {name}", f"{size:.0f}"] for name, size in sizes["largest"].items()],
            ["the same without --no-compile", f"{sizes['compiled_env_mb']:.0f}"],
            ["wheel", f"{sizes['wheel_mb']:.2f}"],
        ],
    )
    claims = {
        "live_rss_mb": live["rss_mb"],
        "live_full_rss_mb": full["rss_mb"],
        "bare_rss_mb": list(bare.values())[-1],
        "edge_env_mb": sizes["edge_env_mb"],
        "edge_env_compiled_mb": sizes["compiled_env_mb"],
        "wheel_mb": sizes["wheel_mb"],
    }
    write_result("memory", figures, claims, output, quick=quick)


def _full_size(folder: Path) -> Path:
    """Write a model as large as a trained one, of random weights; return its path."""
    from benchmarks.common.update import random_graph
    from export import graph as graphs
    from runtime.preprocessing.contract import Contract

    path = folder / "full.onnx"
    path.write_bytes(graphs.build(random_graph(Contract()), Contract()))
    return path


def _sizes(folder: Path) -> dict[str, Any]:
    wheels, environment = folder / "wheels", folder / "env"
    pip = ["-m", "pip", "--quiet", "--disable-pip-version-check"]
    wheel_command = [*pip, "wheel", str(_SOURCE), "--no-deps", "--wheel-dir", str(wheels)]
    subprocess.run([sys.executable, *wheel_command], check=True)
    (wheel,) = wheels.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    bare_mb = _megabytes(environment)
    python = environment / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    # Isolated: packages that PYTHONPATH shows are not in the environment.
    isolated = [str(python), "-I"]
    install = [*isolated, *pip, "install", "--no-compile", "--only-binary=:all:"]
    subprocess.run([*install, str(wheel)], check=True)
    # Predictions come within ten seconds.
    live = ["-m", "runtime.live.command", "--demo", "--duration", "12", "--output", "jsonl"]
    subprocess.run([*isolated, *live], check=True, capture_output=True)
    edge_mb = _megabytes(environment)
    packages = next(environment.rglob("site-packages"))
    each = {entry.name: _megabytes(entry) for entry in packages.iterdir()}
    largest = dict(sorted(each.items(), key=lambda item: -item[1])[:6])
    subprocess.run([*isolated, "-m", "compileall", "-q", str(packages)], capture_output=True)
    return {
        "edge_env_mb": edge_mb,
        "compiled_env_mb": _megabytes(environment),
        "bare_env_mb": bare_mb,
        "wheel_mb": _megabytes(wheel),
        "largest": largest,
    }


def _megabytes(path: Path) -> float:
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return sum(file.lstat().st_size for file in files if not file.is_symlink()) / 1e6


if __name__ == "__main__":
    main()
