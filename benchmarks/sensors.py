"""How fast the decoders are, against the fastest that their sensors can send.

python -m benchmarks.sensors [--quick] [--output DIR]
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import click
import numpy as np

from benchmarks.common.report import show_table, write_result
from device.cli import RtcanCommand
from device.protocols import bitalino, grove, rtcan, shimmer
from device.protocols.bitalino import BitalinoDecoder
from device.protocols.grove import GroveDecoder
from device.protocols.readings import Readings
from device.protocols.rtcan import RtcanDecoder
from device.protocols.shimmer import ShimmerDecoder

# A Bluetooth link or a USB adapter hands over what has gathered about this long.
_PIECE_S = 0.02


class _Decoder(Protocol):
    def push(self, data: bytes) -> Readings: ...


def _bitalino(channels: int) -> tuple[Callable[[int], bytes], Callable[[], _Decoder]]:
    values = [512] * min(channels, 4) + [32] * max(channels - 4, 0)
    return (
        lambda i: bitalino.encode(values, i, (0, 0, 0, 0)),
        lambda: BitalinoDecoder(channels),
    )


# Name, top rate (Hz), encoder of sample i, decoder. Seeed's sketch prints 19 lines a second; at
# 9600 baud lines of five characters cannot come faster than 192 a second.
_CONTESTANTS: list[tuple[str, float, Callable[[int], bytes], Callable[[], _Decoder]]] = [
    ("grove", 192.0, lambda i: grove.encode(300 + i % 200), lambda: GroveDecoder()),
    ("bitalino, 1 channel", 1000.0, *_bitalino(1)),
    ("bitalino, 6 channels", 1000.0, *_bitalino(6)),
    ("shimmer", 1024.0, lambda i: shimmer.encode(32 * i, 2000), lambda: ShimmerDecoder(32)),
    ("rtcan", 200.0, lambda i: rtcan.encode_sample(i, 5000 * i, 9000), lambda: RtcanDecoder()),
]


def decode_rate_hz(
    encode: Callable[[int], bytes], make: Callable[[], _Decoder], top_hz: float, count: int
) -> float:
    """Return samples decoded in a second of processor time, in pieces as they arrive."""
    frames = [encode(i) for i in range(count)]
    per_piece = max(1, round(top_hz * _PIECE_S))
    pieces = [b"".join(frames[i : i + per_piece]) for i in range(0, count, per_piece)]
    decoder = make()
    began_s = time.process_time()
    decoded = sum(len(decoder.push(piece)) for piece in pieces)
    took_s = time.process_time() - began_s
    if decoded < count - 100:
        raise AssertionError(f"only {decoded} of {count} samples were decoded")
    return decoded / took_s


@click.command(cls=RtcanCommand)
@click.option("--quick", is_flag=True, help="Fewer samples.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the result.")
def main(quick: bool, output: Path | None) -> None:
    """Measure every decoder on one core."""
    count, repeats = (4_000, 3) if quick else (40_000, 5)
    figures = {}
    rows = []
    for name, top_hz, encode, make in _CONTESTANTS:
        speeds = [decode_rate_hz(encode, make, top_hz, count) for _ in range(repeats)]
        speed_hz = float(np.median(speeds))
        figures[name] = {
            "top_rate_hz": top_hz,
            "decoded_per_s": speed_hz,
            "headroom": speed_hz / top_hz,
        }
        rows.append([name, f"{top_hz:g}", f"{speed_hz:,.0f}", f"{speed_hz / top_hz:.0f}"])
    show_table(
        "Decoding on one core", ["sensor", "top rate, Hz", "samples/s", "times its top rate"], rows
    )
    claims = {"decode_headroom_min": min(item["headroom"] for item in figures.values())}
    write_result("sensors", figures, claims, output, quick=quick)


if __name__ == "__main__":
    main()
