"""SciPy is an extra: the kernel does without it, and where there is no kernel it is asked for."""

import subprocess
import sys

import pytest

from runtime.cvxeda.solver import FLOORS

PROGRAM = """
import sys
sys.modules["scipy"] = None  # as where it is not installed
if "without" in sys.argv:
    sys.modules["runtime.cvxeda._kernel"] = None
import numpy as np
from device.errors import MissingExtraError
from runtime.cvxeda.solver import CvxEDA
try:
    print(CvxEDA(64, 4.0).decompose(np.sin(np.arange(64.0))).converged)
except MissingExtraError as error:
    print(error)
"""


def run(*arguments: str) -> str:
    command = [sys.executable, "-c", PROGRAM, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.skipif("kernel" not in FLOORS, reason="the compiled kernel was not built here")
def test_the_kernel_decomposes_without_scipy() -> None:
    assert run() == "True"


def test_without_the_kernel_scipy_is_asked_for() -> None:
    said = run("without")
    assert "without the compiled kernel needs the package scipy" in said
    assert "pip install 'rtcan[scipy]'" in said
