import json
import math
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.sensor import SensorCounters
from runtime.sinks.encoding import to_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec=None)), inner),
    max_leaves=12,
)


def refuse(word: str) -> None:
    raise AssertionError(f"{word} is not JSON")


@given(values)
def test_any_value_is_one_line_of_strict_json(value: object) -> None:
    text = to_json(value)
    assert text.encode().decode() == text
    assert "\n" not in text and "\r" not in text
    json.loads(text, parse_constant=refuse)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_keep_their_bits(value: float) -> None:
    assert math.copysign(1, value) == math.copysign(1, json.loads(to_json(value)))
    assert json.loads(to_json(value)) == value


def test_what_json_has_no_word_for() -> None:
    text = to_json({"a": [math.nan, math.inf, 0.5], "b": "x\ud83d", "c": "\ud83d\ude00"})
    assert text == '{"a":[null,null,0.5],"b":"x�","c":"😀"}'


def test_numpy_paths_and_data_classes() -> None:
    value = MappingProxyType({"a": np.float32(0.5), "b": np.array([1.0, np.nan]), "c": Path("x")})
    assert to_json(value) == '{"a":0.5,"b":[1.0,null],"c":"x"}'
    assert json.loads(to_json(SensorCounters(samples=3)))["samples"] == 3
    with pytest.raises(TypeError, match="set has no form in JSON"):
        to_json({1})
