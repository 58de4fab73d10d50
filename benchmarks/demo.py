"""`make demo`: train, export, and run live on a simulated sensor, with the commands a user types.

Every command is shown before it runs. At the end, what was predicted stands beside what the
simulated person felt. Person 3 is an ordinary one: of the first 14 people, the share of right
answers was 0.92 in the median and 0.69 for the worst, person 1, whose skin answers little.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from device.cli import RtcanCommand
from device.errors import DeviceError
from device.simulation.skin import alternating
from runtime.sinks.charts import bar
from runtime.sinks.screen import STYLES
from runtime.sinks.words import clock

_PERIOD_S = 120.0
_PERIODS = 4
_SPEED = 20
_RATE_HZ = 19.0
_LINE_EVERY_S = 15
_BAR = 20


@click.command(cls=RtcanCommand)
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path("save/demo"), show_default=True
)
@click.option("--person", type=int, default=3, show_default=True, help="Which simulated person.")
def main(output: Path, person: int) -> None:
    """Train a small network on simulated people, export it, and run it live on another one."""
    console = Console(highlight=False)
    started_s = time.monotonic()
    model = output / "best.onnx"
    link = output / "gsr"
    _step(console, 1, "Train on 60 simulated people (a small input makes it a matter of seconds)")
    _run(console, "training.run", "--dataset", "synthetic", "--input-length", "500",
         "--epochs", "16", "--output", str(output))  # fmt: skip
    _step(console, 2, "Export both networks to one ONNX file")
    _run(console, "export.onnx", str(output / "best.pt"))
    _step(console, 3, f"Plug in a simulated sensor (a person not seen before, at {_SPEED}x speed)")
    sensor = _start_sensor(console, link, person)
    try:
        _step(console, 4, "Run live on it")
        rows = _live(console, link, model)
    finally:
        sensor.terminate()
        sensor.wait(timeout=10)
    _summary(console, rows, output, time.monotonic() - started_s)


def _step(console: Console, number: int, text: str) -> None:
    console.print(f"\n[bold cyan]{number}/4[/] [bold]{text}[/]")


def _command(console: Console, shown: str, module: str, *options: str) -> list[str]:
    console.print(f"[dim]$ {shown} {' '.join(options)}[/]")
    return [sys.executable, "-m", module, *options]


def _run(console: Console, module: str, *options: str) -> None:
    done = subprocess.run(_command(console, f"python -m {module}", module, *options), check=False)
    if done.returncode:
        raise click.ClickException(f"python -m {module} failed; see above")


def _start_sensor(console: Console, link: Path, person: int) -> subprocess.Popen[str]:
    options = ("--link", str(link), "--speed", str(_SPEED), "--period", f"{_PERIOD_S:g}",
               "--seed", str(person))  # fmt: skip
    command = _command(console, "rtcan-sim", "device.simulation.simulator", *options)
    sensor = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    line = sensor.stdout.readline() if sensor.stdout else ""
    if not line:
        raise DeviceError("The simulated sensor did not start; see above")
    console.print(line.rstrip())
    return sensor


def _live(console: Console, link: Path, model: Path) -> list[dict[str, Any]]:
    """Show predictions beside the truth as they come; return those that have one."""
    felt = alternating(_PERIOD_S)
    seconds = _PERIODS * _PERIOD_S / _SPEED
    options = ("--port", str(link), "--rate", f"{_RATE_HZ:g}", "--model", str(model),
               "--output", "jsonl", "--duration", f"{seconds + 1:g}")  # fmt: skip
    command = _command(console, "rtcan-live", "runtime.live.command", *options)
    rows: list[dict[str, Any]] = []
    window_s = 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            event = json.loads(line)
            if event["type"] == "start":
                window_s = event["window_s"]
                total_s = event["context_s"] + window_s
                console.print(
                    f"the first window fills: {total_s:g} s of signal, which are "
                    f"{total_s / _SPEED:.1f} s at {_SPEED}× real time"
                )
                console.print("[bold]  time   felt            predicted arousal[/]")
            elif event["type"] == "prediction" and event["arousal"]["smoothed"] is not None:
                end_s = event["time_s"]
                now, before = felt(end_s - 1e-6), felt(end_s - window_s)
                steady = now == before
                row = event["arousal"] | {"time_s": end_s, "felt": now, "steady": steady}
                rows.append(row)
                if round(end_s) % _LINE_EVERY_S == 0:
                    console.print(_line(row))
    if process.returncode:
        raise click.ClickException("rtcan-live failed; see above")
    return rows


def _line(row: dict[str, Any]) -> Text:
    feeling = ("high" if row["felt"] > 0.5 else "low") if row["steady"] else "changing"
    style = STYLES[row["state"]]
    text = Text(f"{clock(row['time_s']):>6}   {feeling:<9}     ")
    text.append_text(bar(row["smoothed"], _BAR, style))
    text.append(f" {100 * row['smoothed']:3.0f} % high  ")
    return text.append(row["state"], style=style)


def _summary(console: Console, rows: list[dict[str, Any]], output: Path, seconds: float) -> None:
    steady = [row for row in rows if row["steady"]]
    right = sum(row["state"] == ("high" if row["felt"] > 0.5 else "low") for row in steady)
    undecided = sum(row["state"] == "undecided" for row in steady)
    means = [
        sum(r["smoothed"] for r in group) / max(len(group), 1)
        for group in (
            [r for r in steady if r["felt"] > 0.5],
            [r for r in steady if r["felt"] <= 0.5],
        )
    ]
    console.print(
        f"\n[bold]Done in {seconds:.0f} s.[/] {len(rows)} predictions. Of the {len(steady)} whose "
        f"whole window had one feeling, {right / max(len(steady), 1):.0%} were right, "
        f"{undecided / max(len(steady), 1):.0%} undecided "
        f"(mean probability of high arousal: {means[0]:.0%} when high, {means[1]:.0%} when low).\n"
        "This model has only seen simulated people: it shows the chain, and says nothing about "
        "real ones.\n\n"
        "[bold]Where to look next[/]\n"
        f"{_activation()}"
        f"  {output / 'metrics.json'}   the figures on people held out, beside their baselines\n"
        f"  {output / 'best.onnx'}      all that the edge needs\n"
        "  rtcan-live --port /dev/ttyUSB0 --model "
        f"{output / 'best.onnx'}   with a real Grove sensor\n"
        "  python -m training.run --dataset eevr --data-root PATH   real people, open data\n"
        "  README.md, docs/"
    )


def _activation() -> str:
    """Return the line that makes the commands be found in a shell in which they are not."""
    if shutil.which("rtcan-live") is not None:
        return ""
    folder = Path(sys.prefix)
    if folder.is_relative_to(Path.cwd()):
        folder = folder.relative_to(Path.cwd())
    return f"  . {folder / 'bin' / 'activate'}   makes a shell find the commands below\n"


if __name__ == "__main__":
    main()
