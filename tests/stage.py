"""`rtcan`, where a page's commands run: what it asks for that is not here has a stand-in.

- A serial port is that of a simulated sensor, of the kind that --sensor names.
- Where something is to be kept (--record, --profile), it is a simulated person whose time runs
  sixty times as fast, so that there is something to keep.
- A live run ends after two seconds; the dashboard is served where nothing else is.
- Recordings are analysed one by one.

Everything else is the command itself.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_SECONDS = "2"
_SERIAL = re.compile(r"/dev/(tty\w+|rfcomm\d)|COM\d+")


def main(words: list[str]) -> int:
    """Run the command of these words, and return its exit status."""
    rtcan = [sys.executable, "-m", "rtcan"]
    if words[:1] == ["analyse"]:
        words += ["--jobs", "1"]
    if words[:1] != ["live"] or "--help" in words:
        return subprocess.call([*rtcan, *words])
    for option in {"--dashboard", "--websocket"} & set(words):
        words[words.index(option) + 1] = str(_free_port())
    if "--duration" in words:
        words[words.index("--duration") + 1] = _SECONDS
    elif "max" not in words:
        words += ["--duration", _SECONDS]
    place = words.index("--port") + 1 if "--port" in words else None
    serial = place is not None and _SERIAL.fullmatch(words[place])
    if {"--record", "--profile"} & set(words) and (serial or "--demo" in words):
        if place is not None:
            words[place] = "demo:"
        words += [] if "--speed" in words else ["--speed", "60"]
        serial = None
    if place is not None and words[place].startswith("./"):  # of a simulator that starts beside it
        while not Path(words[place]).exists():
            time.sleep(0.02)
    if place is None or not serial:
        return subprocess.call([*rtcan, *words])
    kind = words[words.index("--sensor") + 1] if "--sensor" in words else "grove"
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / "port"
        sensor = subprocess.Popen(
            [*rtcan, "sim", "--sensor", kind, "--link", str(link)], stdout=subprocess.DEVNULL
        )
        try:
            while not link.exists() and sensor.poll() is None:
                time.sleep(0.02)
            words[place] = str(link)
            return subprocess.call([*rtcan, *words])
        finally:
            sensor.terminate()
            sensor.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


if __name__ == "__main__":
    os.environ.pop("PYTHONSAFEPATH", None)
    sys.exit(main(sys.argv[1:]))
