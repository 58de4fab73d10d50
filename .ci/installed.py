"""Checks an installed wheel: `python -I .ci/installed.py`, with nothing but `pip install rtcan`."""

import json
import subprocess
import sys
from importlib.metadata import version

import rtcan
from runtime.cvxeda import _kernel

print(f"rtcan {version('rtcan')} from {rtcan.__file__}, kernel on {_kernel.SIMD}")
rtcan_command = [sys.executable, "-I", "-m", "rtcan"]
demo = [*rtcan_command, "live", "--demo", "--duration", "12", "--output", "jsonl"]
done = subprocess.run(demo, capture_output=True, text=True, check=True)
events = [json.loads(line)["type"] for line in done.stdout.splitlines()]
print(f"live: {events.count('prediction')} windows")
assert "prediction" in events, done.stderr
subprocess.run([*rtcan_command, "devices"], check=True)
subprocess.run([*rtcan_command, "doctor"], check=True)
