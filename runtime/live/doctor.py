"""`rtcan doctor`: what is installed, plugged in and allowed, for a bug report."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.markup import escape

from device.cli import RtcanCommand
from device.errors import RtcanError
from device.sensor import OpenSensor
from device.simulation.physiology import Person, simulate
from device.sources.registry import kind_of, make_source
from device.text import clean
from device.versions import installed
from runtime.inference.models import DEFAULT_MODEL, default_model

_PACKAGES = ("numpy", "scipy", "onnxruntime", "onnxruntime-gpu", "pyserial", "click", "rich")
_EXTRAS = {
    "web": ("starlette", "uvicorn", "websockets"),
    "mqtt": ("paho-mqtt",),
    "lsl": ("pylsl",),
    "brainflow": ("brainflow",),
    "ble": ("bleak",),
}
_TEST_S = 3.0
# A sensor gives its first samples after a second or two.
_READ_S, _POLL_S = 8.0, 0.2

# What a check found: good (True), bad (False) or neither (None), and words.
_Finding = tuple[bool | None, str]


@click.command(cls=RtcanCommand)
@click.option("--port", help="A port to look at more closely.")
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    help=f"The model to check [default: {DEFAULT_MODEL}, or the package's model without one].",
)
def main(port: str | None, model: Path | None) -> None:
    """Check what is installed, plugged in and allowed, for a bug report."""
    sys.exit(0 if examine(port, model) else 1)


def examine(port: str | None, model: Path | None) -> bool:
    """Print what is found; return whether nothing is wrong.

    Parameters
    ----------
    port : str or None
        A port to look at more closely.
    model : Path or None
        The model to check; None for the one that a run would take.
    """
    path, note = (model, None) if model is not None else default_model()
    console = Console(highlight=False, soft_wrap=True)
    fine = True
    checks: list[tuple[str, Callable[[], Iterator[_Finding]]]] = [
        ("versions", _versions),
        ("extras", _extras),
        ("decomposition", _decomposition),
        ("onnxruntime", _providers),
        ("ports", lambda: _ports(port)),
        ("model", lambda: _model(path, note)),
        ("self-test", lambda: _self_test(path)),
    ]
    for title, check in checks:
        console.print(f"[bold]{title}[/]")
        try:
            for good, text in check():
                mark = {True: "[green]ok[/]  ", False: "[red]bad[/] ", None: "    "}[good]
                console.print(f"  {mark}{escape(clean(text))}")
                fine = fine and good is not False
        except (RtcanError, ImportError, OSError) as error:
            console.print(f"  [red]bad[/] {escape(clean(str(error)))}")
            fine = False
    return fine


def _versions() -> Iterator[_Finding]:
    ours = installed(["rtcan"]).get("rtcan", "not installed")
    yield None, f"rtcan {ours}, Python {platform.python_version()}"
    yield None, f"{platform.platform()}, {platform.machine()}, {os.cpu_count()} cores"
    found = installed(_PACKAGES)
    yield None, ", ".join(f"{name} {version}" for name, version in found.items())
    if {"onnxruntime", "onnxruntime-gpu"} <= found.keys():
        yield False, "onnxruntime and onnxruntime-gpu are both installed: uninstall both, then one"


def _extras() -> Iterator[_Finding]:
    for extra, packages in _EXTRAS.items():
        versions = installed(packages)
        if len(versions) < len(packages):
            yield None, f"{extra}: not installed (pip install 'rtcan[{extra}]')"
        else:
            yield None, f"{extra}: " + ", ".join(f"{n} {v}" for n, v in versions.items())


def _decomposition() -> Iterator[_Finding]:
    from runtime.cvxeda.solver import CvxEDA

    floor = CvxEDA(520, 8.0).floor
    note = (
        "" if floor == "kernel" else ": the compiled kernel is absent, it is several times slower"
    )
    yield None, f"computes on {floor}{note}"


def _providers() -> Iterator[_Finding]:
    import onnxruntime

    yield None, "offers " + ", ".join(onnxruntime.get_available_providers())


def _ports(wanted: str | None) -> Iterator[_Finding]:
    from serial.tools.list_ports import comports

    found = {item.device: item.description for item in comports()}
    if wanted is not None and kind_of(wanted) is not None:
        yield _tried(wanted)
    elif wanted is not None and Path(wanted).exists():
        found.setdefault(wanted, "as named with --port")
    elif wanted is not None and "/" in wanted and "://" not in wanted and ":" not in wanted:
        yield False, f"{wanted}: there is no such port"
    if not found:
        yield None, "no serial port is there"
    for name, description in sorted(found.items()):
        allowed = sys.platform == "win32" or os.access(name, os.R_OK | os.W_OK)
        advice = "" if allowed else f" ({_how_to_be_allowed(name)})"
        yield allowed, f"{name}: {description}{advice}"


def _tried(port: str) -> _Finding:
    """Open what is no serial port, and read it for a moment."""
    count, until_s = 0, time.monotonic() + _READ_S
    try:
        with OpenSensor(make_source(port)) as sensor:
            while not count and time.monotonic() < until_s:
                count += len(sensor.read(_POLL_S))
            info = sensor.describe()
    except RtcanError as error:
        return False, f"{port}: {error}"
    words = f"{info.port}: {info.name}, {info.details}"
    return count > 0, f"{words}; " + ("it is read" if count else f"nothing came in {_READ_S:g} s")


def _how_to_be_allowed(name: str) -> str:
    if sys.platform == "win32":
        return "may not be opened"
    import grp

    try:
        group = grp.getgrgid(Path(name).stat().st_gid).gr_name
    except (OSError, KeyError):
        return "may not be opened"
    return f"may not be opened: sudo usermod -aG {group} $USER, then log in again"


def _model(path: Path, note: str | None) -> Iterator[_Finding]:
    from runtime.inference.classifier import Classifier
    from runtime.sinks.words import guesses, meaning

    if note is not None:
        yield None, note
    c = Classifier(path).contract
    yield True, f"{path}, {path.stat().st_size / 1e6:.1f} MB"
    yield None, f"trained on {c.trained_on}"
    yield (
        None,
        (
            f"contract: schema {c.schema}, {c.rate_hz:g} Hz, {c.context_s:g} + {c.window_s:g} s, a "
            f"window every {c.hop_s:g} s, input {len(c.channels)} x {c.input_length}"
        ),
    )
    for target in c.targets:
        yield None, f"{target.name}: {meaning(target)}, threshold {target.threshold:g}"
    for text in guesses(c):
        yield None, text


def _self_test(path: Path) -> Iterator[_Finding]:
    """Predict simulated people for three seconds."""
    from runtime.inference.classifier import Classifier
    from runtime.inference.pipeline import Pipeline

    classifier = Classifier(path)
    contract = classifier.contract
    if contract.not_live or contract.music_mean:
        yield None, contract.not_live or "the model needs a song: not tested"
        return
    samples = simulate(Person(), contract.first_answer_s + 10, 19.0, arousal=lambda _: 0.8)
    first = contract.targets[0].name
    compute_ms: list[float] = []
    answers = set()
    until_s = time.monotonic() + _TEST_S
    while time.monotonic() < until_s:
        pass_of_it = Pipeline(classifier).push(samples)
        compute_ms += [prediction.compute_ms for prediction in pass_of_it]
        answers.add(
            tuple(prediction.estimates[first].probability_high for prediction in pass_of_it)
        )
    p50, p99 = np.percentile(compute_ms, [50, 99])
    yield (
        len(answers) == 1,
        f"{len(compute_ms)} windows of a simulated person, "
        + (
            "always the same answers" if len(answers) == 1 else "answers that differ between passes"
        ),
    )
    hop_ms = 1e3 * contract.hop_s
    yield p99 < hop_ms, f"computing p50 {p50:.1f} ms, p99 {p99:.1f} ms, of {hop_ms:.0f} ms a hop"
