"""Import paths that users' scripts may hold, from before the modules moved into rooms."""

import subprocess
import sys
import warnings
from importlib import import_module

import pytest

import rtcan

# Every module that was elsewhere once.
MOVED = """
device: clock counter demo_sensor detect faults host_clock physiology player ports pty
  recording_file recording_sensor registry serial_sensor simulator skin transport
runtime: classifier contract decision doctor models music options pipeline preprocess quality reader
  resample seal summary terminal
runtime.replay: empatica opensignals sensor source table
training: annotation annotation_figure cache checkpoint crossval cvxeda_reference data decompose
  experiment features files fit journal judge kept layers memory metrics model optimiser page plots
  prepare problem progress runner settings slices splits stack temperature tracking workers
training.evaluation: assembly bundle control_names controls cross_validation figures intervals
  journal metrics problem ranking splits stimuli_apart wording
training.datasets: checks feelings matlab pickles simulated standin_amigos standin_deap
  standin_pmemo tables units
"""
NAMES = {
    "device.physiology": "Person simulate",
    "device.ports": "PortFinder ports_present",
    "device.recording_sensor": "RecordingSensor",
    "device.serial_sensor": "SerialSensor",
    "runtime.classifier": "Classifier",
    "runtime.contract": "Contract Target QualityLimits",
    "runtime.cvxeda": "CvxEDA Decomposition FLOORS Baseline",
    "runtime.decision": "Decider DecisionSettings",
    "runtime.live": "main",
    "runtime.pipeline": "Pipeline Prediction Estimate Decision",
    "runtime.preprocess": "Preprocessor Window stretch",
    "runtime.reader": "Reader Status",
    "runtime.replay.source": "Source find",
    "runtime.session": "run",
    "runtime.sinks.sink": "Sink Session Status SinkHealth Marker Summary",
    "training.model": "RTCAN NetworkConfig",
    "training.report": "show",
    "training.splits": "Split Plan splits",
    "training.windows": "cut",
}


def moved() -> list[str]:
    paths: list[str] = []
    for word in MOVED.split():
        if word.endswith(":"):
            package = word[:-1]
        else:
            paths.append(f"{package}.{word}")
    return paths


@pytest.mark.parametrize("path", moved())
def test_an_old_path_leads_to_the_module(path: str) -> None:
    if path.startswith("training."):
        pytest.importorskip("torch")  # and with it all that training is made of
    sys.modules.pop(path, None)
    with pytest.warns(DeprecationWarning, match=rf"{path} is now \w+\."):
        module = import_module(path)
    assert sys.modules[module.__name__] is module
    assert module.__name__ != path
    assert module.__spec__ is not None and module.__spec__.name == module.__name__


@pytest.mark.parametrize("path", NAMES)
def test_names_are_still_there(path: str) -> None:
    if path.startswith("training."):
        pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        module = import_module(path)
        for name in NAMES[path].split():
            assert getattr(module, name) is not None


def test_the_user_s_own_line_is_named() -> None:
    code = "\nfrom runtime.preprocess import Preprocessor\nfrom runtime.live import main\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "<string>:2: DeprecationWarning: runtime.preprocess is now runtime.pre" in done.stderr
    assert "<string>:3: DeprecationWarning: runtime.live.main is now runtime.live.c" in done.stderr


def test_what_was_public_is_no_old_path() -> None:
    code = (
        "import rtcan\nfrom runtime.cvxeda import CvxEDA\n"
        "from runtime import Classifier, Pipeline\nfrom runtime import CvxEDA as Same\n"
        "assert Same is CvxEDA is rtcan.CvxEDA"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
    assert rtcan.CvxEDA is import_module("runtime.cvxeda").CvxEDA


def test_what_never_was_is_an_import_error() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'runtime\.nothing'"):
        import_module("runtime.nothing")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = import_module("runtime.live").nothing


@pytest.mark.parametrize("path", ["training.windows.cut", "runtime.session.prepare"])
@pytest.mark.parametrize("statement", ["from {} import {}", "import {0}; {1} = {0}.{1}"])
def test_a_module_comes_before_an_old_module_s_name(path: str, statement: str) -> None:
    package, _, name = path.rpartition(".")
    if package.startswith("training."):
        pytest.importorskip("torch")
    code = f"{statement.format(package, name)}; assert {name}.__name__ == {path!r}"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
