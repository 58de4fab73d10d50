"""`python -m benchmarks.arm64 TREE`: one recording on this machine and on emulated aarch64.

TREE is the Debian in which `make arm64` installed the aarch64 wheel; it runs as a Cortex-A72, the
processor of a Raspberry Pi 4. Emulation tells nothing about speed, so no time is measured.
Decisions should be the same, probabilities within 1e-4, and the kernel should use NEON.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from benchmarks.common.report import show_table, write_result
from device.cli import RtcanCommand
from device.errors import RtcanError

_SPEED, _SECONDS = 40, 12
_TARGETS = ("arousal", "valence")
_ENVIRONMENT = ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "QEMU_CPU=cortex-a72"]
# Two doubles at once: an instruction of Advanced SIMD (NEON) on registers v0 to v31.
_VECTOR = re.compile(r"\bf(?:mul|mla|mls|add|sub|div)\s+v\d+\.2d")
_SCALAR = re.compile(r"\bf(?:mul|madd|msub|nmsub|add|sub|div)\s+d\d+")


@click.command(cls=RtcanCommand)
@click.argument("tree", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--quick", is_flag=True, help="Half the recording.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the JSON file.")
def main(tree: Path, quick: bool, output: Path | None) -> None:
    """Compare the aarch64 wheel in TREE with this machine on one recording."""
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "rec"
        seconds = _SECONDS // (2 if quick else 1)
        record = ["--demo", "--speed", str(_SPEED), "--duration", str(seconds)]
        _live([sys.executable], [*record, "--record", str(recording), "--output", "none"])
        here = _replay([sys.executable], recording)
        copied = Path(tempfile.mkdtemp(dir=tree / "tmp"))
        try:
            shutil.copytree(recording, copied / "rec")
            python = ["chroot", str(tree), "/usr/bin/env", "-i", *_ENVIRONMENT, "python3"]
            there = _replay(python, Path("/tmp") / copied.name / "rec")
        finally:
            shutil.rmtree(copied)
    figures = {**compare(here, there), **_kernel(tree)}
    show_table("aarch64, emulated", ["", ""], [[name, str(v)] for name, v in figures.items()])
    claims = {
        "decisions_that_differ": figures["decisions_that_differ"],
        "largest_probability_difference": figures["largest_probability_difference"],
        "neon_instructions": figures["neon_instructions"],
    }
    write_result("arm64", figures, claims, output, quick=quick)


def compare(here: list[dict[str, Any]], there: list[dict[str, Any]]) -> dict[str, Any]:
    """Return how far two runs' predictions differ.

    Raises
    ------
    RtcanError
        If they have not the same windows.
    """
    if [p["time_s"] for p in here] != [p["time_s"] for p in there] or not here:
        raise RtcanError(f"{len(here)} windows here, {len(there)} there, or of other times")
    answered, differing, largest = 0, 0, 0.0
    for one, other in zip(here, there, strict=True):
        for target in _TARGETS:
            a, b = one[target], other[target]
            differing += (a["state"], a["label"]) != (b["state"], b["label"])
            if a["probability_high"] is not None and b["probability_high"] is not None:
                answered += 1
                largest = max(largest, abs(a["probability_high"] - b["probability_high"]))
    return {
        "windows": len(here),
        "answers": answered,
        "decisions_that_differ": differing,
        "largest_probability_difference": largest,
    }


def _live(python: list[str], options: list[str]) -> str:
    command = [*python, "-I", "-m", "rtcan", "live", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RtcanError(f"{' '.join(command)} failed: {done.stderr[-500:]}")
    return done.stdout


def _replay(python: list[str], recording: Path) -> list[dict[str, Any]]:
    said = _live(python, ["--port", f"replay:{recording}", "--speed", "max", "--output", "jsonl"])
    events = [json.loads(line) for line in said.splitlines()]
    return [event for event in events if event["type"] == "prediction"]


def _kernel(tree: Path) -> dict[str, Any]:
    (library,) = tree.glob("usr/local/lib/python3*/dist-packages/runtime/cvxeda/_kernel*.so")
    disassembly = subprocess.run(
        ["aarch64-linux-gnu-objdump", "--disassemble", str(library)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return {
        "neon_instructions": len(_VECTOR.findall(disassembly)),
        "scalar_instructions": len(_SCALAR.findall(disassembly)),
    }


if __name__ == "__main__":
    main()
