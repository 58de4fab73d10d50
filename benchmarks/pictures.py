"""`python -m benchmarks.pictures`: the pictures in README and docs, made anew.

    docs/live.svg             the terminal view, from the demonstration
    docs/dashboard.png        the dashboard on a wide screen
    docs/dashboard_phone.png  and on a phone that prefers dark

All show `rtcan live --demo`: a simulated person, and the package's model. The pictures of the
dashboard need Chromium.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from benchmarks.common import demonstration
from device.cli import RtcanCommand
from device.samples import Samples
from device.sensor import SensorInfo
from device.simulation.physiology import Person, SimulatedPerson
from device.simulation.skin import alternating
from runtime.inference.classifier import Classifier
from runtime.inference.decision import Decider
from runtime.inference.models import SHIPPED_MODEL
from runtime.inference.pipeline import Pipeline
from runtime.preprocessing.events.response_stream import ResponseStream
from runtime.sinks.events import Session
from runtime.sinks.screen import Shot

_SIZE = (92, 27)
# In the demonstration arousal alternates every two minutes: by then both have been seen.
_SHOWN_S = 238
_SCREEN, _PHONE = (1280, 800), (390, 844)


@click.command(cls=RtcanCommand)
@click.option("--output", type=click.Path(path_type=Path), default=Path("docs"), show_default=True)
@click.option("--seconds", default=30.0, show_default=True, help="Of the demonstration in a page.")
def main(output: Path, seconds: float) -> None:
    """Make the pictures of the terminal view and of the dashboard."""
    click.echo(terminal(output / "live.svg"))
    for path in dashboard(output, seconds):
        click.echo(path)


def terminal(path: Path) -> Path:
    """Draw the terminal view of the demonstration after four minutes of its time."""
    pipeline = Pipeline(Classifier(SHIPPED_MODEL))
    decider = Decider(pipeline.contract)
    responses = ResponseStream(pipeline.contract, 19.0)
    info = SensorInfo("simulated person", "demo", 19.0, speed=8.0)
    shot = Shot(Session(info, SHIPPED_MODEL.name, pipeline.contract))
    person = SimulatedPerson(Person.draw(np.random.default_rng(3)), 19.0, 3)
    course = alternating(120.0)
    for second in range(_SHOWN_S):
        part: Samples = person.second(course(second))
        shot.recent.append(part)
        for prediction in pipeline.push(part):
            per_min = responses.per_min(prediction.window.end_s)
            shot.take(decider.push(replace(prediction, scr_per_min=per_min)))
            shot.responses.extend(responses.push(prediction.window))
    while shot.recent[0].time_s[-1] < _SHOWN_S - 60:
        shot.recent.popleft()
    return demonstration.draw(shot, path, _SIZE, "rtcan live --demo")


def dashboard(folder: Path, seconds: float) -> list[Path]:
    """Take pictures of the dashboard of the demonstration, wide and light, narrow and dark."""
    paths = [folder / "dashboard.png", folder / "dashboard_phone.png"]
    with demonstration.dashboard(_SCREEN) as page:
        page.until("/% /.test(document.querySelector('.share')?.textContent)", 60)
        page.until(f"performance.now() > {1e3 * seconds}", seconds + 30)
        page.picture(paths[0])
        page.scheme("dark")
        page.size(*_PHONE, phone=True)
        page.until("document.querySelector('#level').getBoundingClientRect().width < 380")
        time.sleep(0.5)  # the charts are drawn anew
        page.picture(paths[1])
    return paths


if __name__ == "__main__":
    main()
