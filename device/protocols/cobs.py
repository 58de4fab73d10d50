"""Consistent Overhead Byte Stuffing: frames without a zero byte, so that zero can end them.

Cheshire and Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM Transactions on Networking 7(2),
1999 (doi:10.1109/90.769765). The delimiter itself is not part of what is coded here.
"""

from __future__ import annotations


def encode(payload: bytes) -> bytes:
    """Return `payload` without zero bytes, one byte longer for every 254 begun."""
    coded = bytearray()
    blocks = payload.split(b"\0")
    for block in blocks:
        while len(block) >= 254:
            coded += b"\xff" + block[:254]
            block = block[254:]
        coded.append(len(block) + 1)
        coded += block
    return bytes(coded)


def decode(coded: bytes) -> bytes | None:
    """Return the payload, or None where `coded` is not such a coding."""
    if not coded or 0 in coded:
        return None
    payload = bytearray()
    at = 0
    while at < len(coded):
        code = coded[at]
        if at + code > len(coded):
            return None
        payload += coded[at + 1 : at + code]
        at += code
        if code != 0xFF and at < len(coded):
            payload.append(0)
    return bytes(payload)
