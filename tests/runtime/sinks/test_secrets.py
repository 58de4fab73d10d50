"""A broker's password and the dashboard's token are written nowhere by a run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runtime.live_parts import free_port

PASSWORD, TOKEN = "hunter2-of-the-broker", "token-of-the-dashboard"


@pytest.mark.parametrize("given", ["address", "environment"])
def test_a_run_writes_them_nowhere(given: str, tmp_path: Path) -> None:
    # A broker that is not there makes the run say the most about it.
    user = f"me:{PASSWORD}" if given == "address" else "me"
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path / "data")}
    if given == "environment":
        environment |= {"RTCAN_MQTT_PASSWORD": PASSWORD, "RTCAN_TOKEN": TOKEN}
    done = subprocess.run(
        [sys.executable, "-m", "rtcan", "live", "--demo", "--duration", "3", "--record", "rec",
         "--profile", "me", "--output", "jsonl", "--websocket", str(free_port()),
         *(["--token", TOKEN] if given == "address" else []),
         "--mqtt", f"mqtt://{user}@127.0.0.1:{free_port()}/topic"],
        capture_output=True, text=True, check=False, cwd=tmp_path, env=environment, timeout=100,
    )  # fmt: skip
    assert '"type":"start"' in done.stdout, done.stderr
    assert "127.0.0.1" in done.stdout + done.stderr  # the broker that did not answer is named
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert PASSWORD not in done.stdout + done.stderr
    assert TOKEN not in done.stdout and f"?token={TOKEN}" in done.stderr
    for path in files:
        data = path.read_bytes()
        assert PASSWORD.encode() not in data and TOKEN.encode() not in data, path
