"""RTCAN in somebody's project that has folders of the names of RTCAN's own packages."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
SPLIT = """
import pickle
import numpy as np
y = np.sin(np.arange(240.0) / 9)
split = rtcan.CvxEDA(240, 4.0)
parts = split.decompose(y)
assert parts.converged
again = pickle.loads(pickle.dumps(parts))
assert (again.phasic == parts.phasic).all()
"""
HELPS = """
import sys
from rtcan.command import main
for command in sys.argv[1:]:
    sys.argv[:] = ["rtcan", command, "--help"]
    try:
        main()
    except SystemExit as end:
        assert not end.code
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with packages of its own, which nobody but it may import."""
    for name in ("device", "runtime", "training"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("OWN = True\n")
        (tmp_path / name / "errors.py").write_text("class RtcanError(Exception): pass\n")
    (tmp_path / "export.py").write_text("OWN = True\n")
    (tmp_path / "benchmarks").mkdir()  # without __init__.py
    return tmp_path


def python(folder: Path, *arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder, capture_output=True, text=True, check=False, timeout=100,
        env={"PYTHONPATH": path, "PATH": "/usr/bin:/bin"},
    )  # fmt: skip


def good(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


def script(project: Path, name: str) -> str:
    """What pip would write to the folder of commands."""
    declared = (SOURCE / "pyproject.toml").read_text()
    found = re.search(rf'^{name} = "([\w.]+):(\w+)"$', declared, re.MULTILINE)
    assert found is not None
    folder = project / "bin"
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"import sys\nfrom {found[1]} import {found[2]}\nsys.exit({found[2]}())\n")
    return str(path)


def test_the_folder_does_stand_in_the_way(project: Path) -> None:
    done = python(project, "-c", "import runtime.live.command")
    assert done.returncode == 1 and "ImportError" in done.stderr.replace("ModuleNotFound", "Import")


@pytest.mark.parametrize(
    "imports", ["import rtcan", "import rtcan, device", "import device, device.errors, rtcan"]
)
def test_both_have_their_own(project: Path, imports: str) -> None:
    theirs = """
import sys, device, runtime, training, export, device.errors
assert all(module.OWN for module in (device, runtime, training, export))
assert not issubclass(rtcan.RtcanError, device.errors.RtcanError)
"""
    good(python(project, "-c", imports + SPLIT + theirs))
    (project / "app.py").write_text(imports + SPLIT + theirs)
    good(python(project, "app.py"))


def test_processes_share_what_is_pickled(project: Path) -> None:
    (project / "app.py").write_text("""
import multiprocessing, rtcan
import numpy as np

if __name__ == "__main__":
    split = rtcan.Samples(np.arange(3.0), np.ones(3))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(len, [split, split]) == [3, 3]
""")
    good(python(project, "app.py"))


@pytest.mark.parametrize("in_the_way", ["", "."], ids=["from there", "with PYTHONPATH too"])
def test_commands_work_there(project: Path, in_the_way: str) -> None:
    live = script(project, "rtcan-live")
    quick = ("--speed", "40", "--duration", "3")
    done = python(project, live, "--demo", *quick, "--output", "jsonl", path=in_the_way)
    events = [json.loads(line) for line in good(done).splitlines()]
    assert [event for event in events if event["type"] == "prediction"]
    rtcan = script(project, "rtcan")
    assert good(python(project, rtcan, "doctor", "--help", path=in_the_way)).startswith(
        "Usage: rtcan doctor "
    )
    # The others in one process: what is imported by its own name is found wherever it is asked for.
    others = ("live", "sim", "devices", "record", "train", "export")
    helps = project / "bin" / "helps.py"
    helps.write_text(HELPS)
    text = good(python(project, str(helps), *others, path=in_the_way))
    assert re.findall(r"^Usage: rtcan (\w+) ", text, re.MULTILINE) == list(others)
    for name in ("rtcan-sim", "rtcan-devices", "rtcan-record"):
        good(python(project, script(project, name), "--help", path=in_the_way))


def test_python_m_works_there(project: Path) -> None:
    assert "devices" in good(python(project, "-m", "rtcan", "--help"))


def test_elsewhere_there_is_one_module_of_two_names(tmp_path: Path) -> None:
    good(
        python(
            tmp_path,
            "-c",
            "import rtcan, rtcan.device.errors, device.errors, pickle\n"
            "assert rtcan.device.errors is device.errors\n"
            "assert device.errors.__spec__.name == device.errors.__name__ == 'device.errors'\n"
            "from rtcan.runtime import Pipeline\n"
            "assert rtcan.Pipeline is Pipeline",
        )
    )
