"""A model's file: its bytes, and onnxruntime's session of them."""

from __future__ import annotations

import ctypes
import os
from typing import Any

from device import arguments
from device.errors import ArgumentError, MissingExtraError, ModelError

ModelSource = str | os.PathLike[str] | bytes | bytearray | memoryview

_PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}


def content(model: object) -> tuple[str, bytes]:
    """Return a model's name for people, and its bytes."""
    if isinstance(model, (bytes, bytearray, memoryview)):
        return "model", bytes(model)
    if not isinstance(model, (str, os.PathLike)):
        raise ArgumentError(
            f"model is {arguments.shown(model)}; expected: the path of an .onnx file, or its "
            "content as bytes"
        )
    path = arguments.path("model", model)
    if path.is_dir():
        raise ModelError(f"{path} is a folder; expected: the .onnx file in it")
    if not path.is_file():
        raise ModelError(
            f"There is no model {path}. Make one: python -m training.run --dataset synthetic, "
            "then python -m export.onnx save/best.pt"
        )
    return path.name, path.read_bytes()


def open_session(data: bytes, name: str, threads: int, provider: str) -> Any:
    """Return an `onnxruntime.InferenceSession` of a model.

    Parameters
    ----------
    data : bytes
        The file's content.
    name : str
        For messages.
    threads : int
        Threads within an operator.
    provider : str
        "cpu", "cuda" or "tensorrt".

    Raises
    ------
    ArgumentError
        If `provider` is none of these.
    ModelError
        If it is no ONNX file that this onnxruntime opens, or the provider is not there.
    MissingExtraError
        If onnxruntime is not installed.
    """
    if provider not in _PROVIDERS:
        raise ArgumentError(f"provider is {provider!r}; expected: one of {', '.join(_PROVIDERS)}")
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("onnxruntime", "edge", "Running a model") from error
    if _PROVIDERS[provider] not in onnxruntime.get_available_providers():
        raise _no_provider(provider, onnxruntime.get_available_providers())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # A live classifier works for milliseconds a second: threads that spin meanwhile cost power.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # With an arena, the buffers of one run serve the next. Without, the C library hands most of
    # them back and faults them in anew, and a process ends up 6 MB larger.
    options.enable_cpu_mem_arena = True
    # The arena reuses buffers by itself. Planned as one block from the second run on, they come
    # beside those of the first run, which stay: 3 MB more, and no run is quicker for it.
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(data, options, providers=[_PROVIDERS[provider]])
    except Exception as error:  # onnxruntime has no common base for its own errors
        if type(error).__module__.split(".")[0] != "onnxruntime":
            raise
        raise _refused(name, data, error, onnxruntime.__version__) from error
    # onnxruntime falls back to the CPU without raising when a provider cannot be had.
    if session.get_providers()[0] != _PROVIDERS[provider]:
        raise _no_provider(provider, session.get_providers())
    if provider == "cpu":
        # onnxruntime keeps the file's bytes to open it again on the CPU where another provider
        # fails, beside its own copy of the weights.
        session.disable_fallback()
        session._model_bytes = None
    _release_freed()
    return session


def _release_freed() -> None:
    """Have glibc give back what it holds free: the message that the model was read from.

    It lies below the weights on the heap, so it would stay with the process: malloc_trim(3).
    """
    try:
        malloc_trim = ctypes.CDLL(None).malloc_trim
    except (OSError, TypeError, AttributeError):  # another C library, or Windows
        return
    malloc_trim(0)


def _refused(name: str, data: bytes, error: Exception, version: str) -> ModelError:
    """Return what to raise where onnxruntime does not open a file, with what it said."""
    said = f"onnxruntime {version} says: {str(error).strip()}"
    if type(error).__name__ == "InvalidProtobuf" or not data:
        return ModelError(
            f"{name} is not an ONNX model ({len(data)} bytes, beginning with {data[:12]!r}). "
            f"Expected: the save/best.onnx that python -m export.onnx writes. {said}"
        )
    return ModelError(
        f"{name} cannot be opened. {said}. Export it again with this version of RTCAN "
        "(python -m export.onnx save/best.pt), or install a newer onnxruntime."
    )


def _no_provider(provider: str, offered: list[str]) -> ModelError:
    return ModelError(
        f"onnxruntime cannot compute on {provider} here: it offers {', '.join(offered)}. Install "
        "the driver, then: pip uninstall --yes onnxruntime, pip install onnxruntime-gpu; or "
        "compute on the cpu."
    )
