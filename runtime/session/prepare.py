"""Before a run: everything is claimed, or the run does not begin."""

from __future__ import annotations

from collections.abc import Sequence

from device.errors import ContractError
from device.sensor import Sensor
from runtime.preprocessing.contract import Contract
from runtime.session.pace import too_slow
from runtime.sinks.sink import Sink


def prepare(sensor: Sensor, sinks: Sequence[Sink], contract: Contract) -> None:
    """Claim everything; what cannot be had is told before anything runs."""
    claimed = []
    try:
        for sink in sinks:
            sink.prepare()
            claimed.append(sink)
        sensor.open()
        try:
            too_slow(sensor.describe(), contract)
        except ContractError:
            sensor.close()
            raise
    except BaseException:
        for sink in claimed:
            sink.release()
        raise
