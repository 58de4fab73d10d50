import dataclasses
import json

import pytest

from device.errors import ContractError
from runtime.preprocessing.contract import Contract, Target

PERSONAL = {
    "normalisation": "personal",
    "reference_s": 120.0,
    "reference_span_s": 1500.0,
    "features": ["level", "spread"],
}


def changed(**change: object) -> str:
    data = json.loads(Contract().to_json())
    data.update(change)
    return json.dumps(data)


def test_json_form_returns_the_same_contract() -> None:
    contract = Contract(
        rate_hz=2500 / 60,
        context_s=4.8,
        hop_s=1.2,
        trained_on="nobody",
        targets=(Target(name="valence", threshold=0.4, temperature=1.7),),
    )
    assert Contract.from_json(contract.to_json()) == contract


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"rate_hz": 0.0}, "rate_hz"),
        ({"rate_hz": "8"}, "rate_hz"),
        ({"rate_hz": True}, "rate_hz"),
        ({"rate_hz": float("nan")}, "rate_hz"),
        ({"input_length": 2500.5}, "input_length"),
        ({"input_length": 3}, "input_length"),
        ({"window_s": 60.03}, "window_s"),
        ({"hop_s": 0.01}, "hop_s"),
        ({"channels": ["tonic", "phasic"]}, "channels"),
        ({"channels": "tonic"}, "channels"),
        ({"max_gap_share": 1.5}, "max_gap_share"),
        ({"targets": []}, "targets"),
        ({"targets": [{"name": "arousal"}]}, "targets[0].classes"),
        ({"units": "ohm"}, "units"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_wrong_key_is_named(change: dict[str, object], named: str) -> None:
    with pytest.raises(ContractError) as caught:
        Contract.from_json(changed(**change))
    assert f"'{named}'" in str(caught.value)


@pytest.mark.parametrize(
    "classes",
    [("low", "low"), ("", "high"), ("low\x1b[2J", "high"), ("low", "\ud800"), ("a\nb", "c")]
    + [(state, "high") for state in ("undecided", "withheld", "none")],
)
def test_class_names_can_be_shown_and_told_apart(classes: tuple[str, str]) -> None:
    text = changed(targets=[dataclasses.asdict(Target(name="arousal")) | {"classes": classes}])
    with pytest.raises(ContractError, match=r"'targets\[0\]\.classes'") as caught:
        Contract.from_json(text)
    assert str(caught.value).isprintable()


def test_a_window_of_one_sample_has_no_features() -> None:
    with pytest.raises(ContractError, match="'window_s'"):
        Contract(
            rate_hz=1.0, window_s=1.0, context_s=4.0, normalisation="personal", reference_span_s=60
        )


@pytest.mark.parametrize("key", [f.name for f in dataclasses.fields(Contract)])
def test_a_missing_key_is_named(key: str) -> None:
    data = json.loads(Contract().to_json())
    del data[key]
    with pytest.raises(ContractError) as caught:
        Contract.from_json(json.dumps(data))
    assert f"'{key}'" in str(caught.value)


@pytest.mark.parametrize("schema", [0, 3, "1", None, True, 1.5])
def test_another_schema_is_refused(schema: object) -> None:
    with pytest.raises(ContractError, match="schema"):
        Contract.from_json(changed(schema=schema))


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", '{"a": 1}'])
def test_what_is_no_contract_is_refused(text: str) -> None:
    with pytest.raises(ContractError):
        Contract.from_json(text)


def test_nested_keys_are_named() -> None:
    data = json.loads(Contract().to_json())
    data["cvxeda"]["alpha"] = -1.0
    with pytest.raises(ContractError, match=r"cvxeda\.alpha"):
        Contract.from_json(json.dumps(data))
    data["cvxeda"].pop("alpha")
    with pytest.raises(ContractError, match=r"cvxeda\.alpha"):
        Contract.from_json(json.dumps(data))


def test_schema_1_means_what_it_meant() -> None:
    data = json.loads(Contract().to_json()) | {"schema": 1}
    for key in ("reference_s", "reference_span_s", "features"):
        del data[key]
    del data["cvxeda"]["baseline"]
    for target in data["targets"]:
        for key in ("words", "trained_on", "guess"):
            del target[key]
    assert Contract.from_json(json.dumps(data)) == Contract()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"normalisation": "personal"}, "reference_span_s"),
        ({"reference_s": 60.0}, "reference_s"),
        ({"features": ["level"]}, "features"),
        (PERSONAL | {"features": ["height"]}, "features"),
        (PERSONAL | {"reference_s": 1501.0}, "reference_s"),
    ],
)
def test_the_personal_reference_is_whole_or_absent(change: dict[str, object], named: str) -> None:
    Contract.from_json(changed(**PERSONAL))
    with pytest.raises(ContractError) as caught:
        Contract.from_json(changed(**change))
    assert f"'{named}'" in str(caught.value)
