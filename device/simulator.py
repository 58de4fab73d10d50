"""`rtcan-sim`: a sensor that is not there, on a real pseudo-terminal.

It speaks the ASCII of the Grove GSR sensor, at the pace of a real one or faster, and plays either a
simulated person or a recording. Like an Arduino, it starts when its port is opened; it holds still
while nobody listens.
"""

from __future__ import annotations

import itertools
import os
import select
import signal
import sys
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click
import numpy as np

from device.calibration import Calibration, GroveCalibration, parse_calibration
from device.cli import RtcanCommand
from device.errors import DeviceError
from device.physiology import Course, Person, SimulatedPerson
from device.protocols import grove
from device.recording_file import read_column

# Seeed's sketch prints about 19 lines a second.
GROVE_RATE_HZ = 19.0
# Lines are written in small groups: a pseudo-terminal moves thousands of groups a second at most.
_TICK_S = 0.01
# Time between opening the port and the first line, in which the reader sets its terminal up.
_BOOT_S = 0.1


def alternating(period_s: float) -> Course:
    """Return a course that is low (0.1) for `period_s`, then high (0.9) for as long, and so on."""
    return lambda time_s: 0.9 if int(time_s // period_s) % 2 else 0.1


def person_values(course: Course, rate_hz: float, seed: int) -> Iterator[float]:
    """Yield the microsiemens of a simulated person, without end."""
    person = Person.draw(np.random.default_rng(seed))
    source = SimulatedPerson(person, rate_hz, seed)
    for second in itertools.count():
        yield from source.second(course(second)).eda_us


def to_line(eda_us: float, calibration: Calibration) -> bytes:
    """Return the line for one value; NaN reads as open electrodes."""
    if isinstance(calibration, GroveCalibration):
        open_adc = calibration.open_adc
        adc = open_adc if np.isnan(eda_us) else float(calibration.to_adc(eda_us))
        return grove.encode(min(max(adc, 0.0), open_adc))
    return grove.encode(eda_us, decimals=6)


class PseudoTerminal:
    """A pseudo-terminal with a name that stays, and the knowledge whether anybody listens."""

    def __init__(self, link: Path | None = None) -> None:
        if link is not None and link.exists() and not link.is_symlink():
            raise DeviceError(f"{link} exists and is not a link; choose another name for --link")
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        # With the slave closed here, the master reports a hang-up until a reader opens it.
        os.close(slave)
        self._link = link
        self._poll = select.poll()
        self._poll.register(self._master, select.POLLIN)
        if link is not None:
            link.unlink(missing_ok=True)
            link.symlink_to(self.path)

    def has_reader(self) -> bool:
        """Say whether the port is open on the other side."""
        events = dict(self._poll.poll(0)).get(self._master, 0)
        if events & select.POLLIN:
            os.read(self._master, 4096)
        return not events & select.POLLHUP

    def write(self, data: bytes) -> None:
        """Send; waits while the reader's buffer is full."""
        while data:
            data = data[os.write(self._master, data) :]

    def close(self) -> None:
        """Take the port away, as unplugging does."""
        os.close(self._master)
        if self._link is not None and self._link.is_symlink():
            self._link.unlink()


def play(
    values: Iterator[float],
    port: PseudoTerminal,
    *,
    rate_hz: float,
    calibration: Calibration,
    wait_for_reader_s: float | None = None,
) -> int:
    """Send values as lines at `rate_hz` of real time; return how many were sent.

    Parameters
    ----------
    values : iterator of float
        Microsiemens.
    port : PseudoTerminal
        Where to.
    rate_hz : float
        Lines per second of real time.
    calibration : Calibration
        From microsiemens to what is printed.
    wait_for_reader_s : float or None
        Stop when nobody has listened for this long; None waits for ever.
    """
    sent = 0
    while True:
        if not _await_reader(port, wait_for_reader_s):
            return sent
        time.sleep(_BOOT_S)
        start_s, sent_since = time.monotonic(), 0
        while port.has_reader():
            due = int((time.monotonic() - start_s) * rate_hz) + 1 - sent_since
            lines = [to_line(v, calibration) for v in itertools.islice(values, max(due, 0))]
            if due > 0 and not lines:
                return sent
            port.write(b"".join(lines))
            sent_since += len(lines)
            sent += len(lines)
            time.sleep(max(_TICK_S, start_s + sent_since / rate_hz - time.monotonic()))


def _await_reader(port: PseudoTerminal, patience_s: float | None) -> bool:
    start_s = time.monotonic()
    while not port.has_reader():
        if patience_s is not None and time.monotonic() - start_s > patience_s:
            return False
        time.sleep(_TICK_S)
    return True


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM end the program the way Ctrl-C does, so that the link is removed."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@click.command(cls=RtcanCommand)
@click.option("--link", type=click.Path(path_type=Path), help="Name for the port, e.g. ./gsr.")
@click.option(
    "--recording",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Play this text file (microsiemens) instead of a simulated person.",
)
@click.option("--column", help="Column of the recording: a name, or a number from 0.")
@click.option(
    "--rate",
    "rate_hz",
    type=click.FloatRange(min=0, min_open=True),
    help=f"Samples per second: the recording's own, or the person's [default: {GROVE_RATE_HZ:g}].",
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="How many times faster than life.",
)
@click.option(
    "--calibration",
    default="512",
    show_default=True,
    help="What is printed: counts of a Grove (512; 2048,12 on an ESP32), or us for microsiemens.",
)
@click.option(
    "--arousal",
    type=click.FloatRange(0, 1),
    help="Hold the person's arousal here, instead of alternating between low and high.",
)
@click.option(
    "--period",
    "period_s",
    type=click.FloatRange(min=1),
    default=120.0,
    show_default=True,
    help="Seconds of low arousal, then of high, and so on.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Which person.")
@click.option("--loop", is_flag=True, help="Start the recording again when it ends.")
def main(
    link: Path | None,
    recording: Path | None,
    column: str | None,
    rate_hz: float | None,
    speed: float,
    calibration: str,
    arousal: float | None,
    period_s: float,
    seed: int,
    loop: bool,
) -> None:
    """Put a simulated skin-conductance sensor on a pseudo-terminal.

    It prints the port's name, waits until something opens it, and plays until Ctrl-C or the end of
    the recording. Give the same --rate to rtcan-live, so that it knows the sensor's own time.
    """
    if recording is not None:
        if rate_hz is None:
            raise click.UsageError("--recording needs its sampling rate: add --rate HZ")
        data = read_column(recording, column).tolist()
        values = itertools.cycle(data) if loop else iter(data)
        what = f"{recording.name}, {len(data) / rate_hz:.0f} s"
    else:
        rate_hz = rate_hz or GROVE_RATE_HZ
        level = arousal
        course = alternating(period_s) if level is None else lambda _: level
        values = person_values(course, rate_hz, seed)
        what = f"simulated person {seed}"
    printed = parse_calibration(calibration)
    port = PseudoTerminal(link)
    click.echo(
        f"{link or port.path}: {what}, {rate_hz:g} Hz at speed {speed:g}; waiting for a reader"
    )
    sys.stdout.flush()
    try:
        with _terminated_as_interrupted():
            sent = play(values, port, rate_hz=rate_hz * speed, calibration=printed)
        # The last lines are still on their way: a port that vanishes takes them along.
        time.sleep(0.2)
        click.echo(f"{link or port.path}: all {sent} samples sent")
    except KeyboardInterrupt:
        click.echo("stopped")
    finally:
        port.close()


if __name__ == "__main__":
    main()
