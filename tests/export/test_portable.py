"""An exported file opens anywhere, and holds nothing of the machine that built it."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest
from google.protobuf.message import Message

from device.errors import ModelError
from export import graph as graphs
from export import variants
from runtime.inference.classifier import Classifier
from runtime.inference.models import SHIPPED_MODEL
from runtime.inference.seal import seal
from training.network import checkpoint

SOURCE = Path(__file__).resolve().parents[2]
# A path of two or more folders, or a line of a stack trace.
PATH = re.compile(r"""(?:^|[\s'"(=])(?:/[\w.~-]+){2,}|[A-Za-z]:\\\w|\.py\b""")


def texts(message: Message, place: str = "model") -> Iterator[tuple[str, str]]:
    """Every piece of text in a protobuf message, and where it stands."""
    for field, value in message.ListFields():
        one = isinstance(value, (Message, str, bytes, int, float))
        for item in [value] if one else value:
            here = f"{place}.{field.name}"
            if isinstance(item, Message):
                yield from texts(item, here)
            elif isinstance(item, str):
                yield here, item
            elif isinstance(item, bytes) and field.name != "raw_data":
                yield here, item.decode("latin-1")


@pytest.fixture(scope="module")
def exported(tiny_model: Path, tiny_checkpoint: Path) -> dict[str, bytes]:
    """Every kind of file that an export writes, and the one in the package."""
    stored = checkpoint.load(tiny_checkpoint)
    data = tiny_model.read_bytes()
    return {
        "float32": data,
        "fp16": variants.half(data, stored.contract),
        "int8": variants.eight_bit(data, stored.contract, stored.calibration),
        "demo": SHIPPED_MODEL.read_bytes(),
    }


@pytest.mark.parametrize("kind", ["float32", "fp16", "int8", "demo"])
def test_no_exported_file_holds_a_path(exported: dict[str, bytes], kind: str) -> None:
    model = onnx.load_from_string(exported[kind])
    found = [(place, text[:200]) for place, text in texts(model) if PATH.search(text)]
    assert found == []
    for trace in (str(Path.cwd()), sys.prefix, str(SOURCE), "site-packages"):
        assert trace.encode() not in exported[kind]
    assert not any(node.metadata_props or node.doc_string for node in model.graph.node)


@pytest.mark.parametrize("text", ['File "/tmp/x/export/graph.py", line 5', r"C:\Users\me", "/a/b"])
def test_a_path_would_be_found(tiny_model: Path, text: str) -> None:
    model = onnx.load(tiny_model)
    onnx.helper.set_model_props(model, {"note": text})
    assert any(PATH.search(said) for _, said in texts(model))


def test_traces_are_removed_from_subgraphs_too(tiny_checkpoint: Path, tiny_model: Path) -> None:
    contract = checkpoint.load(tiny_checkpoint).contract
    model = onnx.load(tiny_model)
    inner = onnx.helper.make_graph([], "inner", [], [], doc_string="/home/me/inner.py")
    model.graph.node[0].attribute.append(onnx.helper.make_attribute("body", inner))
    graphs.portable(model)
    assert model.graph.node[0].attribute[-1].g.name == "inner"
    assert model.graph.node[0].attribute[-1].g.doc_string == ""
    assert contract.targets


@pytest.mark.parametrize("kind", ["float32", "fp16", "int8", "demo"])
def test_the_ir_version_is_the_lowest_of_the_operator_set(
    exported: dict[str, bytes], kind: str
) -> None:
    model = onnx.load_from_string(exported[kind])
    assert {item.domain: item.version for item in model.opset_import}[""] == graphs.OPSET
    assert model.ir_version == 8


def test_an_ir_version_of_tomorrow_is_told_as_onnxruntime_tells_it(tiny_model: Path) -> None:
    model = onnx.load(tiny_model)
    model.ir_version = 99
    with pytest.raises(ModelError, match=r"IR version: 99.*newer onnxruntime") as told:
        Classifier(seal(model.SerializeToString()))
    assert "not an ONNX model" not in str(told.value)
