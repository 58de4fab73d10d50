"""What an exported graph needs to be opened anywhere, and nothing of the machine that built it."""

from __future__ import annotations

from collections.abc import Iterable

import onnx
from google.protobuf.message import Message

# Where torch's exporter notes source lines, stack traces and the names of modules.
_TRACES = ("doc_string", "metadata_props")


def portable(model: onnx.ModelProto) -> None:
    """Remove the builder's traces from a model and stamp the lowest IR version, in place.

    Every note of every part of the model goes, the model's own metadata too: write that afterwards.
    Those notes hold paths and source lines of the machine that exported, and only they need IR
    version 10; what remains is opened by every onnxruntime that knows the operator set.

    Parameters
    ----------
    model : onnx.ModelProto
        As torch's exporter or onnxruntime's tools leave it.
    """
    _strip(model)
    # An operator set of somebody else, com.microsoft for one, asks for no IR version.
    model.ir_version = onnx.helper.find_min_ir_version_for(model.opset_import, ignore_unknown=True)


def _strip(message: Message) -> None:
    for field, value in message.ListFields():
        if field.name in _TRACES:
            message.ClearField(field.name)
        elif isinstance(value, Message):
            _strip(value)
        elif field.message_type is not None and isinstance(value, Iterable):
            for item in value:
                _strip(item)
