"""BrainFlow's own EmotiBit client, an independent reading of the protocol, reads our simulator."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from device.simulation.faults import Faults
from tests.device.wireless.parts import emotibit_at, own_address

pytest.importorskip("brainflow", reason="BrainFlow is not installed (pip install brainflow)")

# It waits five seconds for data that it has asked to stop: the process ends without that.
_CLIENT = """
import json, os, sys, time
from brainflow.board_shim import BoardIds, BoardShim, BrainFlowInputParams, BrainFlowPresets
BoardShim.disable_board_logger()
kind, preset = BoardIds.EMOTIBIT_BOARD.value, BrainFlowPresets.ANCILLARY_PRESET
params = BrainFlowInputParams()
params.ip_address, params.timeout, params.serial_number = sys.argv[1], 2, sys.argv[2]
board = BoardShim(kind, params)
board.prepare_session()
board.start_stream()
time.sleep(2.5)
data = board.get_board_data(preset=preset)
eda = data[BoardShim.get_eda_channels(kind, preset)[0]]
number = data[BoardShim.get_package_num_channel(kind, preset)]
print(json.dumps([eda.tolist(), number.tolist()]), flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("faults", [Faults(), Faults(drop=0.1)], ids=["none", "loss"])
def test_brainflow_reads_what_the_simulator_sends(faults: Faults) -> None:
    host = own_address()
    with emotibit_at(host, faults, device_id="MD-V5-0000042") as (_, log):
        done = subprocess.run(
            [sys.executable, "-c", _CLIENT, host, "MD-V5-0000042"],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
    eda_us, numbers = json.loads(done.stdout)
    assert len(eda_us) > 20
    came = [f"{sent.eda_us:.6f}" for sent in log if sent.arrived]
    # What was sent before it asked for data, or after it had looked, it does not have.
    first = came.index(f"{eda_us[0]:.6f}")
    assert [f"{value:.6f}" for value in eda_us] == came[first : first + len(eda_us)]
    assert sorted(numbers) == numbers
