"""The commands on the pages run, from top to bottom, in one folder a page.

`tests.stage` says what stands in for sensors. Python between commands runs in its place.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import PAGES, ROOT, blocks, languages
from training.datasets.standins.stress_predict import write as write_wrists

OURS = [page for page in PAGES if "sh" in languages(page)]
SLOW = "RTCAN_DOCS" in os.environ

_HEAD = """
import os, subprocess

def _run(commands):
    subprocess.run(["bash", "-euo", "pipefail", "-c", commands], check=True)
"""


@pytest.fixture
def place(tmp_path: Path, tiny_model: Path) -> Path:
    """A folder with what the pages presuppose, and its own `rtcan` and `pip`."""
    folder = tmp_path / "work"
    (folder / "save").mkdir(parents=True)
    (folder / "save" / "best.onnx").write_bytes(tiny_model.read_bytes())
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, module in {"rtcan": "tests.stage", "pip": "tests.pip_stand_in"}.items():
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m {module} "$@"\n')
        program.chmod(0o755)
    return folder


def presupposed(page: Path, folder: Path) -> None:
    """Write the files of its own that a page's reader has."""
    if page.stem == "analysis":
        write_wrists(folder / "study", people=2, seed=0, pace=0.1)
        shutil.copytree(folder / "study" / "Raw_data", folder / "DATA")
        shutil.copytree(folder / "DATA" / "S01", folder / "S01")
        (folder / "events").mkdir()
        for table in ("S01_events.tsv", "events/S01.tsv", "events/S02.tsv"):
            (folder / table).write_text("onset\tduration\n60\t30\n")
        (folder / "lab.csv").write_text("EDA\n" + "5.1\n5.2\n" * 4000)


@pytest.mark.timeout(1800 if SLOW else 300)
@pytest.mark.parametrize("page", OURS, ids=lambda page: page.stem)
def test_the_commands_of_a_page_run(page: Path, place: Path) -> None:
    presupposed(page, place)
    script = [_HEAD]
    for block in blocks(page):
        if not block.run or (block.slow and not SLOW):
            continue
        if block.language == "sh":
            script.append(f"_run({block.code!r})")
        elif block.language == "python":
            script.append(block.code)
    (place.parent / "page.py").write_text("\n".join(script), encoding="utf-8")
    environment = os.environ | {
        "PATH": os.pathsep.join(
            [str(place.parent / "programs"), str(Path(sys.executable).parent), os.environ["PATH"]]
        ),
        "PYTHONPATH": str(ROOT),
        "XDG_DATA_HOME": str(place.parent / "data"),
        "RTCAN_CACHE": str(place.parent / "cache"),
        "RTCAN_DATA": str(place / "data"),
    }
    with (place.parent / "said").open("w+") as said:
        running = subprocess.Popen(
            [sys.executable, "-W", "error", str(place.parent / "page.py")],
            cwd=place, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            start_new_session=True,
        )  # fmt: skip
        try:
            status = running.wait()
        finally:  # simulated sensors that a page left running
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
        said.seek(0)
        assert status == 0, said.read()[-4000:]


def test_what_is_not_run_has_its_reason() -> None:
    for page in PAGES:
        for block in blocks(page):
            assert block.language in {"sh", "python", "yaml", "mermaid", "json"}, page
            if block.language in {"yaml", "json"} or block.note:
                assert not block.run or block.slow, (page, block)
