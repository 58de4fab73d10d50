"""`python -m benchmarks.personal_pictures`: the pictures in docs/personal.md, made anew.

    docs/personal_rest.png, personal_arithmetic.png, personal_recap.png
                                 the guided session in the dashboard
    docs/personal_labels.png     labels, and the answer adapted by them beside the stranger's
    docs/personal_terminal.svg, personal_terminal_recap.svg
                                 the guided session in a terminal

All show a simulated person. The pictures of the dashboard need Chromium.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np
from rich.console import Console

from benchmarks.common import browser
from benchmarks.pictures import answers, free_port
from device.sensor import SensorInfo
from device.simulation.physiology import Person, SimulatedPerson
from runtime.inference.classifier import Classifier
from runtime.inference.decision import Decider
from runtime.inference.models import SHIPPED_MODEL
from runtime.inference.pipeline import Pipeline
from runtime.session.guide import Guide, Plan
from runtime.sinks.events import Session, Step
from runtime.sinks.screen import Shot

_SIZE = (92, 32)
_SCREEN = (1280, 860)
_ARITHMETIC_S, _RECAP_S = 170, 362
_KIND = "document.querySelector('#guide .title').textContent.includes('{}')"


@click.command()
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
            yield _drawn(shot, folder / f"{names[second]}.svg")


def _drawn(shot: Shot, path: Path) -> Path:
    width, height = _SIZE
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True)
    for line in shot.lines(width, height):
        console.print(line)
    path.write_text(console.export_svg(title="rtcan live --profile anna --enrol"), encoding="utf-8")
    return path


def guided(folder: Path) -> Iterator[Path]:
    """Take pictures of every step in the dashboard."""
    with _page("--enrol", "--speed", "8") as page:
        for kind, wait_s in (("rest", 2.0), ("arithmetic", 4.0), ("measured", 1.0)):
            page.until(_KIND.format(kind), 90)
            time.sleep(wait_s)
            yield page.picture_at(folder / f"personal_{kind.replace('measured', 'recap')}.png")


def labels(path: Path) -> Path:
    """Take a picture of labels and of what they taught."""
    with _page("--adapt") as page:
        page.until("/% /.test(document.querySelector('.share')?.textContent)", 120)
        page.press("4")
        page.until("document.querySelector('.adapted')?.textContent.startsWith('for you')", 60)
        time.sleep(2.0)
        return page.picture_at(path)


class _Page(browser.Browser):
    def picture_at(self, path: Path) -> Path:
        self.picture(path, whole=False)
        return path


@contextmanager
def _page(*words: str) -> Iterator[_Page]:
    """Give the dashboard of a demonstration."""
    if browser.find() is None:
        raise click.ClickException("The pictures of the dashboard need Chromium: install it first")
    port = free_port()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        command = [sys.executable, "-m", "runtime.live", "--demo", "--dashboard", str(port)]
        command += ["--output", "none", "--profile", str(Path(place) / "anna.json"), *words]
        page = _Page(Path(place))
        live = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            address = f"http://127.0.0.1:{port}/"
            page.until_true(lambda: answers(address), address, 90)
            page.open(address)
            page.size(*_SCREEN)
            page.scheme("light")
            yield page
        finally:
            live.terminate()
            live.wait(60)
            page.close()


if __name__ == "__main__":
    main()
