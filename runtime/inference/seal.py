"""A model file's seal: its own SHA-256, so that a damaged or edited file is refused.

An ONNX file is a protobuf message, and bytes appended to a message are more of its fields. The
seal is one more entry of the metadata, of fixed length, at the very end; it hashes all before it.
So neither side needs a protobuf parser. It guards against accidents and careless editing, not
against somebody who seals anew.
"""

from __future__ import annotations

from device.digest import sha256
from device.errors import ModelError

_KEY = b"rtcan_sha256"
_HEX = 64
# ModelProto.metadata_props is field 14; its entries have key (field 1) and value (field 2).
_ENTRY = bytes([0x0A, len(_KEY)]) + _KEY + bytes([0x12, _HEX])
_PREFIX = bytes([0x72, len(_ENTRY) + _HEX]) + _ENTRY
_LENGTH = len(_PREFIX) + _HEX


def seal(model: bytes) -> bytes:
    """Return a serialised ONNX model with its seal appended."""
    return model + _PREFIX + sha256(model).hexdigest().encode("ascii")


def check(model: bytes, name: str) -> str:
    """Check the seal of a file's content, and return the SHA-256 of all of it, seal included.

    Raises
    ------
    ModelError
        If there is no seal at the end, or it is not this file's.
    """
    tail = model[-_LENGTH:]
    digest = sha256(memoryview(model)[:-_LENGTH])
    expected = _PREFIX + digest.hexdigest().encode("ascii")
    digest.update(tail)
    if tail != expected:
        raise ModelError(
            f"{name} is not as it was exported: its seal is missing or broken, so the file was "
            "cut, damaged or edited. Export it again: python -m export.onnx save/best.pt"
        )
    return digest.hexdigest()
