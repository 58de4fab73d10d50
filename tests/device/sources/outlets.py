"""LSL streams of another program, as a manufacturer's might be: run by the tests of the source.

    python -m tests.device.sources.outlets JSON

JSON is a list of streams: name, source_id, type, rate_hz (0: irregular), channels (label, unit),
and seconds. Channel c of sample k has the value 100 (c + 1) + k / 100. `jump_s` is added to the
stamps after a second; streams with it stamp their samples themselves.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import pylsl


def _outlet(stream: dict[str, Any]) -> pylsl.StreamOutlet:
    channels = stream["channels"]
    info = pylsl.StreamInfo(
        stream["name"],
        stream.get("type", "EDA"),
        len(channels),
        stream.get("rate_hz", 50.0),
        pylsl.cf_float32,
        stream.get("source_id", ""),
    )
    listed = info.desc().append_child("channels")
    for label, unit in channels:
        channel = listed.append_child("channel")
        channel.append_child_value("label", label)
        channel.append_child_value("unit", unit)
    return pylsl.StreamOutlet(info)


def main() -> None:
    streams = json.loads(sys.argv[1])
    outlets = [_outlet(stream) for stream in streams]
    print("ready", flush=True)
    began_s, k = time.monotonic(), 0
    while True:
        for stream, outlet in zip(streams, outlets, strict=True):
            values = [100 * (c + 1) + k / 100 for c in range(outlet.channel_count)]
            jump_s = stream.get("jump_s")
            if jump_s is None:
                outlet.push_sample(values)
            else:
                outlet.push_sample(values, pylsl.local_clock() + (jump_s if k >= 150 else 0.0))
        k += 1
        time.sleep(max(began_s + k / 50 - time.monotonic(), 0.0))


if __name__ == "__main__":
    main()
