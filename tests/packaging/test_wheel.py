"""What `pip install rtcan` brings: the wheel's contents and metadata."""

from __future__ import annotations

import email
import re
import shutil
import subprocess
import sys
import zipfile
from email.message import Message
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
PACKAGES = {"benchmarks", "device", "export", "rtcan", "runtime", "training"}
LARGEST_MB = 3.0


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a copy of the sources, so that nothing is left among them."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "copy"
    skipped = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "save", "*.so", "*info")
    shutil.copytree(SOURCE, copy, ignore=skipped)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check",
         "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(copy)],
        check=True,
    )  # fmt: skip
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    return zipfile.ZipFile(wheel).namelist()


@pytest.fixture(scope="module")
def metadata(wheel: Path, names: list[str]) -> Message:
    (name,) = (name for name in names if name.endswith(".dist-info/METADATA"))
    return email.message_from_bytes(zipfile.ZipFile(wheel).read(name))


def test_it_holds_the_packages_and_what_they_read(names: list[str]) -> None:
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == PACKAGES
    assert {
        "rtcan/py.typed",
        "runtime/inference/people.onnx",
        "runtime/dashboard/static/index.html",
        "runtime/analysis/pages/static/page.css",
    } <= set(names)
    modules = {p.relative_to(SOURCE).as_posix() for n in PACKAGES for p in SOURCE.glob(f"{n}/**/*")}
    python = {name for name in modules if name.endswith((".py", ".pyi"))}
    assert python - set(names) == set()


def test_it_holds_neither_tests_nor_results_nor_sources_in_c(wheel: Path, names: list[str]) -> None:
    kinds = {Path(name).suffix for name in names if ".dist-info/" not in name}
    assert kinds <= {".py", ".pyi", ".typed", ".onnx", ".js", ".css", ".html", ".svg", ".so"}
    assert [name for name in names if re.search(r"(^|/)(tests?|results|firmware)/", name)] == []
    assert wheel.stat().st_size < LARGEST_MB * 1e6


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_one_wheel_with_the_kernel_serves_every_python(wheel: Path, names: list[str]) -> None:
    assert "runtime/cvxeda/_kernel.abi3.so" in names
    assert "-cp310-abi3-" in wheel.name


def test_it_asks_for_what_live_needs_and_nothing_heavy(metadata: Message) -> None:
    every = metadata.get_all("Requires-Dist", [])
    plain = {re.match(r"[\w-]+", item)[0] for item in every if "extra ==" not in item}  # type: ignore[index]
    assert plain == {"numpy", "onnxruntime", "pyserial", "click", "rich"}
    # Whoever asks for one of its extras must not get onnxruntime twice.
    assert not [item for item in every if item.startswith("onnxruntime-")]
    assert {"edge", "scipy", "train", "web", "mqtt"} <= set(metadata.get_all("Provides-Extra", []))
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.10"
