"""Sensors: serial transport, wire protocols, calibration to microsiemens, and a simulator."""

from device.renamed import register

register(
    __name__,
    {
        "drivers": "registry",
        "serial": "detect ports transport",
        "simulation": "faults physiology player pty simulator skin",
        "timing": "clock counter host_clock",
    },
    {
        "demo_sensor": ".sources.demo",
        "recording_file": ".readers.columns",
        "recording_sensor": ".sources.recording",
        "serial_sensor": ".sources.serial",
    },
)
