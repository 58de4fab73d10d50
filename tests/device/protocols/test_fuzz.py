"""Random and mutated bytes into every decoder: nothing is raised, nothing grows.

Twenty thousand inputs each here; RTCAN_FUZZ=1000000 gives each a million.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from device.protocols import bitalino, grove, rtcan, shimmer
from device.protocols.bitalino import BitalinoDecoder
from device.protocols.grove import GroveDecoder
from device.protocols.readings import Readings
from device.protocols.rtcan import Identity, RtcanDecoder
from device.protocols.shimmer import ShimmerDecoder

INPUTS = int(os.environ.get("RTCAN_FUZZ", "20000"))
_HELLO = rtcan.encode_text(Identity("x", 14, 8192, 100, True).to_text())

Encode = Callable[[int], bytes]
DECODERS: dict[str, tuple[Encode, Callable[[], Any]]] = {
    "grove": (lambda i: grove.encode(i % 1024, i % 3), GroveDecoder),
    "bitalino 1": (lambda i: bitalino.encode([i % 1024], i, (0, 1, 0, 1)), BitalinoDecoder),
    "bitalino 6": (
        lambda i: bitalino.encode([i % 64] * 6, i, (0, 1, 0, 1)),
        lambda: BitalinoDecoder(6, 5),
    ),
    "shimmer, no CRC": (
        lambda i: shimmer.encode(512 * i, i % 65536, 0),
        lambda: ShimmerDecoder(512, 0),
    ),
    "shimmer": (lambda i: shimmer.encode(512 * i, i % 65536), lambda: ShimmerDecoder(512)),
    "rtcan": (
        lambda i: _HELLO if i % 50 == 0 else rtcan.encode_sample(i, 10_000 * i, i % 65536),
        RtcanDecoder,
    ),
}


def held(decoder: Any) -> int:
    """Return the bytes that a decoder keeps between two calls."""
    kept = 0
    for value in vars(decoder).values():
        if isinstance(value, (bytes, list)):
            kept += len(value)
        elif isinstance(value, np.ndarray) and value.ndim == 1:
            kept += value.size
    return kept


@pytest.mark.timeout(0 if INPUTS > 100_000 else 120)
@pytest.mark.parametrize("name", list(DECODERS))
def test_nothing_is_raised_and_nothing_grows(name: str) -> None:
    encode, make = DECODERS[name]
    rng = np.random.default_rng(len(name))
    frames = [encode(i) for i in range(200)]
    decoder = make()
    for i in range(INPUTS):
        kind = rng.integers(3)
        if kind == 0:
            data = rng.bytes(int(rng.integers(40)))
        else:
            start = int(rng.integers(len(frames)))
            data = b"".join(frames[start : start + 3])
            if kind == 2 and data:
                wounded = bytearray(data)
                wounded[int(rng.integers(len(wounded)))] ^= 1 << int(rng.integers(8))
                data = bytes(wounded[int(rng.integers(4)) :])
        readings = decoder.push(data)
        assert isinstance(readings, Readings)
        assert held(decoder) <= 600
        if i % 1000 == 999:
            decoder.reset()
    assert decoder.good > 0
