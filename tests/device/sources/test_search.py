"""`rtcan devices`: every kind of sensor is looked for at once."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner

from device import devices
from device.errors import DeviceError, MissingExtraError
from device.serial.ports import PortInfo
from device.sources import registry, search
from device.sources.registry import Found, SourceKind
from tests.device.conftest import Wire


class _Kind(SourceKind):
    """A kind whose search is a function here."""

    def find(self, timeout_s: float) -> list[Found]:
        self.require()
        if self.module == "off":
            raise DeviceError("Bluetooth is off")
        if self.module == "slow":
            time.sleep(1.0)
        return [Found(f"{self.scheme}:one", "the one\x1b[31m")] if self.module == "there" else []


_KINDS = [
    _Kind("a", "A sensors", "there"),
    _Kind("b", "B sensors", "absent"),
    _Kind("c", "C sensors", "off"),
    _Kind("d", "D sensors", "there", "no_such_package", "dd"),
    _Kind("e", "E sensors", "there", "no_such_package", "ee"),
]


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "KINDS", {kind.scheme: kind for kind in _KINDS})
    monkeypatch.setattr(devices, "ports_present", list)
    monkeypatch.setattr(devices, "simulated_ports", list)


@pytest.mark.usefixtures("only")
def test_every_kind_is_listed_and_what_is_missing_is_said_once() -> None:
    said = CliRunner().invoke(devices.main).output.splitlines()
    assert said == [
        "No serial port is connected to this machine: is the sensor plugged in?",
        said[1],
        "None there: B sensors.",
        "Not looked for: D sensors, E sensors. To find them: pip install 'rtcan[dd,ee]'",
        "Not looked for: C sensors. Bluetooth is off",
    ]
    assert said[1].startswith("a:one  the one") and "\x1b" not in said[1]


@pytest.mark.usefixtures("only")
def test_as_json() -> None:
    told: dict[str, Any] = json.loads(CliRunner().invoke(devices.main, ["--json"]).output)
    assert [device["port"] for device in told["devices"]] == ["a:one"]
    assert told["devices"][0]["kind"] == "a" and told["devices"][0]["sensor"] is None
    missing = {one["kind"]: one["extra"] for one in told["not_searched"]}
    assert missing == {"c": None, "d": "dd", "e": "ee"}


def test_who_takes_too_long_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    # A port that talks nonsense at every speed, and a kind that hangs.
    def talk(port: str, *_: object) -> search.Device:
        time.sleep(1.0)
        return search.Device("serial", port, "")

    monkeypatch.setattr(search, "look_at", talk)
    began_s = time.monotonic()
    kinds = [_Kind("s", "S", "slow"), _KINDS[0]]
    ports = [PortInfo("/dev/ttyX", "X", None)]
    found, missed = search.search(ports, kinds=kinds, timeout_s=0.2)
    assert time.monotonic() - began_s < 0.9
    assert [device.port for device in found] == ["/dev/ttyX", "a:one"]
    late = "no answer within 0.2 s; to wait longer: --timeout SECONDS"
    assert found[0].answer == late
    assert [(one.kind, one.reason) for one in missed] == [("s", late)]


def test_a_silent_port_is_known_as_such_in_time(wire: Wire) -> None:
    found, _ = search.search([PortInfo(wire.port, "", None)], kinds=[], timeout_s=0.9)
    assert found[0].answer == "nothing that is known answers"


def test_the_real_kinds_can_all_be_looked_for() -> None:
    kinds = list(registry.KINDS.values())
    found, missed = search.search([], kinds=kinds)
    searched = {kind.scheme for kind in kinds} - {one.kind for one in missed}
    assert "emotibit" in searched
    assert {device.kind for device in found} <= searched


def test_an_extra_that_is_missing_is_named_with_its_install_line() -> None:
    for scheme in ("lsl", "ble", "brainflow"):
        kind = replace(registry.KINDS[scheme], package="no_such_package")
        with pytest.raises(MissingExtraError, match=rf"pip install 'rtcan\[{scheme}\]'"):
            kind.make("", registry.SourceOptions())
    assert registry.kind_of("COM3") is None and registry.kind_of("socket://a:1") is None
