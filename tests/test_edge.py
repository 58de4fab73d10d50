"""What a user of the edge installs: wheels for every machine, no compiler, no torch."""

import json
import os
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1]
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
# It resolves with a fifth of pip's work.
UV = [str(Path(sys.executable).with_name("uv")), "--quiet", "pip"]
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
MACHINES = ("x86_64", "aarch64")
GLIBC = "2_28"


@pytest.fixture(scope="module")
def package_index(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skips where no package index can be reached."""
    folder = tmp_path_factory.mktemp("index")
    done = subprocess.run(
        [*PIP, "download", "--no-deps", "--dest", str(folder), "pyserial"],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("no package index can be reached")


def edge_requirements() -> list[str]:
    """What `pip install rtcan` asks for, from the installed metadata."""
    plain = [item for item in requires("rtcan") or [] if ";" not in item]
    assert any(name.startswith("onnxruntime>") for name in plain)
    return plain


def resolve(machine: str, python: str, asked: Path) -> tuple[str, str]:
    """Resolve for another machine, wheels alone; return its name and what went wrong."""
    done = subprocess.run(
        [*UV, "compile", "--only-binary", ":all:", "--python-version", python,
         "--python-platform", f"{machine}-manylinux_{GLIBC}", str(asked)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return f"{machine}, Python {python}", done.stderr if done.returncode else ""


@pytest.mark.timeout(400)
@pytest.mark.usefixtures("package_index")
def test_every_edge_dependency_is_a_wheel_on_every_machine(tmp_path: Path) -> None:
    asked = tmp_path / "requirements.in"
    asked.write_text("\n".join(edge_requirements()))
    results = [resolve(machine, python, asked) for machine in MACHINES for python in PYTHONS]
    assert {name: error for name, error in results if error} == {}
    asked.write_text("docopt")  # what has no wheels at all is seen
    assert resolve("aarch64", "3.12", asked)[1]


@pytest.mark.timeout(400)
@pytest.mark.usefixtures("package_index")
def test_the_edge_install_runs_the_demonstration_without_the_training_side(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "edge")], check=True)
    python = tmp_path / "edge" / "bin" / "python"
    subprocess.run(
        [str(python), *PIP[1:], "install", "--no-compile", str(SOURCE)], check=True, cwd=tmp_path
    )
    missing = subprocess.run(
        [str(python), "-c", "import torch"], capture_output=True, check=False, cwd=tmp_path
    )
    assert missing.returncode != 0
    # In a project that has folders of the same names, and on its path too.
    for name in ("device", "runtime"):
        (tmp_path / "project" / name).mkdir(parents=True)
        (tmp_path / "project" / name / "__init__.py").touch()
    done = subprocess.run(
        [str(tmp_path / "edge" / "bin" / "rtcan-live"), "--demo", "--output", "jsonl",
         "--speed", "40", "--duration", "3"],
        capture_output=True, text=True, check=True, cwd=tmp_path / "project",
        env={**os.environ, "PYTHONPATH": "."},
    )  # fmt: skip
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert "Stress-Predict" in events[0]["trained_on"]
    assert len([event for event in events if event["type"] == "prediction"]) > 5
    helped = subprocess.run(
        [str(python), "-m", "training.run", "--dataset", "synthetic"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert helped.returncode == 1
    assert "pip install 'rtcan[train]'" in helped.stderr
