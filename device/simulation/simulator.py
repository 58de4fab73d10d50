"""`rtcan-sim`: a sensor that is not there, on a real pseudo-terminal or the network.

It speaks like the sensor that is asked for, at the pace of a real one or faster, plays either a
simulated person or a recording, and does on demand what real sensors do to their users.
"""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import click

from device.boards.bitalino import BitalinoBoard
from device.boards.board import Board
from device.boards.emotibit import EmotibitBoard
from device.boards.grove import DEFAULT_RATE_HZ, GroveBoard
from device.boards.rtcan import RtcanBoard
from device.boards.shimmer import ShimmerBoard
from device.calibration import parse_calibration
from device.cli import RtcanCommand
from device.errors import RecordingError
from device.protocols.shimmer import SHIMMER3R
from device.readers.base import Source
from device.readers.registry import open_recording
from device.simulation.announce import Simulated, announced
from device.simulation.ending import play_until_ended
from device.simulation.faults import Faults
from device.simulation.lsl import DEFAULT_RATE_HZ as LSL_RATE_HZ
from device.simulation.lsl import NAME, LslPlayer
from device.simulation.network import EmotibitPort
from device.simulation.person import SITES
from device.simulation.player import Player
from device.simulation.port import Port
from device.simulation.pty import PseudoTerminal
from device.simulation.skin import PersonSkin, RecordingSkin, Skin, alternating
from device.wireless.lookup import parse_address

__all__ = ["alternating", "main", "make_board"]

_SHARE = click.FloatRange(0, 1)
_SECONDS = click.FloatRange(min=0)


def make_board(name: str, calibration: str | None, rate_hz: float | None) -> Board:
    """Return a simulated board by its sensor's name.

    Parameters
    ----------
    name : str
        grove, bitalino, shimmer, shimmer3r, rtcan or emotibit.
    calibration : str or None
        What a Grove prints.
    rate_hz : float or None
        Lines per second of a Grove; the others are told by their reader.
    """
    if name == "bitalino":
        return BitalinoBoard()
    if name == "shimmer":
        return ShimmerBoard()
    if name == "shimmer3r":
        return ShimmerBoard(hardware=SHIMMER3R)
    if name == "rtcan":
        return RtcanBoard()
    if name == "emotibit":
        return EmotibitBoard()
    return GroveBoard(parse_calibration(calibration or "512"), rate_hz or DEFAULT_RATE_HZ)


def _network_port(address: str | None) -> EmotibitPort:
    parsed = parse_address(address or "127.0.0.1")
    if parsed is None:
        raise click.UsageError(
            f"--address is {address}; expected: an IPv4 address, with or without a port: 127.0.0.2"
        )
    return EmotibitPort(*parsed)


def _recording(path: Path, rate_hz: float | None, column: str | None) -> Source:
    """Return a recording; where its file has a rate of its own, --rate is the Grove's alone."""
    try:
        return open_recording(path, rate_hz, column)
    except RecordingError:
        if rate_hz is None:
            raise
        return open_recording(path, None, column)


@click.command(cls=RtcanCommand)
@click.option(
    "--sensor",
    "kind",
    type=click.Choice(["grove", "bitalino", "shimmer", "shimmer3r", "rtcan", "emotibit", "lsl"]),
    default="grove",
    show_default=True,
    help="Which sensor to be.",
)
@click.option(
    "--link",
    type=click.Path(path_type=Path),
    help=f"Name for the port, e.g. ./gsr; of an LSL stream, its own [default: {NAME}].",
)
@click.option(
    "--address",
    help="Of an EmotiBit: this computer's address on which it answers, with or without a port "
    "[default: 127.0.0.1:3131].",
)
@click.option(
    "--recording",
    type=click.Path(path_type=Path, exists=True),
    help="Play this file instead of a simulated person: a table of microsiemens, a file of an "
    "Empatica E4, OpenSignals or an Affectiva Q.",
)
@click.option("--column", help="Column of the recording: a name, or a number from 0.")
@click.option(
    "--rate",
    "rate_hz",
    type=click.FloatRange(min=0, min_open=True),
    help="Samples per second: the recording's own, where its file does not tell; of a Grove, also "
    f"its lines per second [default: {DEFAULT_RATE_HZ:g}]. The other sensors are told theirs by "
    "the reader.",
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
    help="What a Grove prints: counts (512 [default]; 2048,12 on an ESP32), or us for "
    "microsiemens.",
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
@click.option(
    "--site",
    type=click.Choice(SITES),
    default="finger",
    show_default=True,
    help="Where the person is measured: on a finger, or at the wrist as by an Empatica E4.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Which person, which faults.")
@click.option("--loop", is_flag=True, help="Start the recording again when it ends.")
@click.option(
    "--drop",
    type=_SHARE,
    default=0.0,
    help="Share of bytes that are lost; of an EmotiBit's datagrams, of an LSL stream's samples.",
)
@click.option("--corrupt", type=_SHARE, default=0.0, help="Share of bits that are flipped.")
@click.option(
    "--reorder",
    type=_SHARE,
    default=0.0,
    help="Share of an EmotiBit's datagrams, or an LSL stream's samples, that others overtake.",
)
@click.option(
    "--duplicate",
    type=_SHARE,
    default=0.0,
    help="Share of an EmotiBit's datagrams, or an LSL stream's samples, that come twice.",
)
@click.option("--jitter", type=_SECONDS, default=0.0, help="Longest random delay, seconds.")
@click.option("--drift", type=float, default=0.0, help="Error of the board's clock, ppm.")
@click.option("--burst", type=_SECONDS, default=0.0, help="Seconds of data that arrive together.")
@click.option(
    "--unplug-every", type=_SECONDS, default=0.0, help="Unplug after so many seconds, for a second."
)
@click.option(
    "--reset-every", type=_SECONDS, default=0.0, help="Reset the board after so many seconds."
)
@click.option(
    "--lift-electrodes",
    type=click.FloatRange(0, 30),
    default=0.0,
    help="Lift the electrodes for so many seconds of every 30.",
)
def main(
    kind: str,
    link: Path | None,
    address: str | None,
    recording: Path | None,
    column: str | None,
    rate_hz: float | None,
    speed: float,
    calibration: str | None,
    arousal: float | None,
    period_s: float,
    site: str,
    seed: int,
    loop: bool,
    drop: float,
    corrupt: float,
    reorder: float,
    duplicate: float,
    jitter: float,
    drift: float,
    burst: float,
    unplug_every: float,
    reset_every: float,
    lift_electrodes: float,
) -> None:
    """Put a simulated skin-conductance sensor on a pseudo-terminal, or on the network.

    It prints the port's name, waits until something opens it, and plays until Ctrl-C or the end of
    the recording. Give a Grove's --rate to rtcan-live as well, so that it knows the sensor's own
    time.
    """
    skin: Skin
    if recording is not None:
        skin = RecordingSkin.of(_recording(recording, rate_hz, column), loop)
        what = f"{recording.name}, {skin.length_s:.0f} s"
    else:
        level = arousal
        skin = PersonSkin(alternating(period_s) if level is None else lambda _: level, seed, site)
        what = f"simulated person {seed}" + (", wrist" if site == "wrist" else "")
    if kind == "emotibit":
        if link is not None:
            raise click.UsageError("--link is for serial ports; an EmotiBit has an --address")
    elif address is not None:
        raise click.UsageError("--address is for --sensor emotibit")
    elif kind == "lsl":
        if corrupt:
            raise click.UsageError("--corrupt is for bytes; LSL sends samples over TCP")
    elif reorder or duplicate:
        raise click.UsageError("--reorder and --duplicate are for --sensor emotibit and lsl")
    elif unplug_every and link is None:
        raise click.UsageError("--unplug-every needs a name by which the port returns: add --link")
    faults = Faults(
        drop=drop,
        corrupt=corrupt,
        reorder=reorder,
        duplicate=duplicate,
        jitter_s=jitter,
        drift_ppm=drift,
        burst_s=burst,
        unplug_every_s=unplug_every,
        reset_every_s=reset_every,
        lift_s=lift_electrodes,
    )
    if kind == "lsl":
        player = LslPlayer(
            skin,
            name=NAME if link is None else link.name,
            rate_hz=rate_hz or LSL_RATE_HZ,
            faults=faults,
            speed=speed,
            seed=seed,
        )
        about = f"{what}, {kind} {player.rate_hz:g} Hz at speed {speed:g}"
        play_until_ended(player.path, about, lambda: player, player.end, nullcontext())
        return
    board = make_board(kind, calibration, rate_hz)
    port: Port = _network_port(address) if kind == "emotibit" else PseudoTerminal(link)
    rate = f" {board.rate_hz:g} Hz" if kind in ("grove", "emotibit") else ""
    name = link or port.path
    # Who is asked on the network answers by itself: only a pseudo-terminal needs an announcement.
    said = (
        nullcontext()
        if port.datagrams
        else announced(Simulated(str(Path(name).absolute()), board.key, what))
    )
    play_until_ended(
        name,
        f"{what}, {kind}{rate} at speed {speed:g}",
        lambda: Player(board, skin, port, faults=faults, speed=speed, seed=seed),
        port.unplug,
        said,
    )


if __name__ == "__main__":
    main()
