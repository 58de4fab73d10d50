"""The model files that need no naming, and which of them a recording was made with."""

from __future__ import annotations

from pathlib import Path

from device.digest import sha256
from device.errors import ModelError

DEFAULT_MODEL = Path("save/best.onnx")
# Learnt from real people by `make model`; its contract says from whom, and what it tells.
SHIPPED_MODEL = Path(__file__).with_name("people.onnx")


def default_model() -> tuple[Path, str | None]:
    """Return the model where none was named, and what is to be said of it.

    It is `save/best.onnx` below the current folder. Where there is none, it is the model that is
    part of the package: on the edge there is nothing to train another with.
    """
    if DEFAULT_MODEL.is_file():
        return DEFAULT_MODEL, None
    return SHIPPED_MODEL, (
        f"No model was named and there is no {DEFAULT_MODEL}: the model of the package answers"
    )


def model_of(recording: Path, name: str, digest: str) -> tuple[Path, str | None]:
    """Return the model for a recording where none was named, and what is to be said of it.

    Parameters
    ----------
    recording : Path
        For the message.
    name, digest : str
        Name and SHA-256 of the model that answered when it was recorded; "" where none did.

    Raises
    ------
    ModelError
        If another model answered then, which is not at hand, nor is save/best.onnx.
    """
    if not digest:
        return default_model()
    for path in (DEFAULT_MODEL, SHIPPED_MODEL):
        if path.is_file() and sha256(path.read_bytes()).hexdigest() == digest:
            return path, None
    used = f"{recording} was recorded with {name} (SHA-256 {digest[:12]}…)"
    if not DEFAULT_MODEL.is_file():
        raise ModelError(f"{used}; name that file with --model")
    return DEFAULT_MODEL, f"{used}; {DEFAULT_MODEL} is another, and may answer otherwise"
