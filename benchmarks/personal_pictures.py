"""`python -m benchmarks.personal_pictures`: the pictures in docs/personal.md, made anew.

    docs/personal_rest.png, personal_arithmetic.png, personal_recap.png
                                 the guided session in the dashboard
    docs/personal_labels.png     labels, and the answer adapted by them beside the stranger's
    docs/personal_terminal.svg, personal_terminal_recap.svg
                                 the guided session in a terminal

All show a simulated person. The pictures of the dashboard need Chromium.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np

from benchmarks.common import demonstration
from benchmarks.common.browser import Browser
from device.cli import RtcanCommand
from device.sensor import SensorInfo
from device.simulation.physiology import Person, SimulatedPerson
from runtime.inference.classifier import Classifier
from runtime.inference.decision import Decider
from runtime.inference.models import SHIPPED_MODEL
from runtime.inference.pipeline import Pipeline
from runtime.person.guide import Guide, Plan
from runtime.sinks.events import Session, Step
from runtime.sinks.screen import Shot

_SIZE = (92, 32)
_SCREEN = (1280, 860)
_ARITHMETIC_S, _RECAP_S = 170, 362
_KIND = "document.querySelector('#guide .title').textContent.includes('{}')"


@click.command(cls=RtcanCommand)
@click.option("--output", type=click.Path(path_type=Path), default=Path("docs"), show_default=True)
def main(output: Path) -> None:
    """Make the pictures of the guided session and of labels."""
    for path in [*terminal(output), *guided(output), labels(output / "personal_labels.png")]:
        click.echo(path)


def terminal(folder: Path) -> Iterator[Path]:
    """Draw the terminal view in the midst of the arithmetic, and of the recap."""
    pipeline = Pipeline(Classifier(SHIPPED_MODEL))
    decider, guide, plan = Decider(pipeline.contract), Guide(pipeline.contract), Plan()
    info = SensorInfo("simulated person", "demo", 19.0)
    shot = Shot(Session(info, SHIPPED_MODEL.name, pipeline.contract, profile="anna"), keys=True)
    person = SimulatedPerson(Person.draw(np.random.default_rng(3)), 19.0, 3)
    names = {_ARITHMETIC_S: "personal_terminal", _RECAP_S: "personal_terminal_recap"}
    for second in range(_RECAP_S + 1):
        part = person.second(plan.arousal(second))
        shot.recent.append(part)
        while shot.recent[0].time_s[-1] < second - 60:
            shot.recent.popleft()
        for prediction in pipeline.push(part):
            guide.take(prediction)
            shot.take(decider.push(prediction))
        for event in guide.pass_time(float(part.time_s[-1])):
            if isinstance(event, Step):
                shot.step = event
        if second in names:
            path = folder / f"{names[second]}.svg"
            yield demonstration.draw(shot, path, _SIZE, "rtcan live --profile anna --enrol")


def guided(folder: Path) -> Iterator[Path]:
    """Take pictures of every step in the dashboard."""
    with _of_anna("--enrol", "--speed", "8") as page:
        for kind, wait_s in (("rest", 2.0), ("arithmetic", 4.0), ("measured", 1.0)):
            page.until(_KIND.format(kind), 90)
            time.sleep(wait_s)
            path = folder / f"personal_{kind.replace('measured', 'recap')}.png"
            page.picture(path, whole=False)
            yield path


def labels(path: Path) -> Path:
    """Take a picture of labels and of what they taught."""
    with _of_anna("--adapt") as page:
        page.until("/% /.test(document.querySelector('.share')?.textContent)", 120)
        page.press("4")
        page.until("document.querySelector('.adapted')?.textContent.startsWith('for you')", 60)
        time.sleep(2.0)
        page.picture(path, whole=False)
    return path


@contextmanager
def _of_anna(*words: str) -> Iterator[Browser]:
    """Give the dashboard of a demonstration with a profile of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        profile = str(Path(place) / "anna.json")
        with demonstration.dashboard(_SCREEN, "--profile", profile, *words) as page:
            yield page


if __name__ == "__main__":
    main()
