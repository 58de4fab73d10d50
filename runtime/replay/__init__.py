"""Recordings played as sensors: our own, plain tables, Empatica E4, OpenSignals."""

from device.renamed import register

register(
    __name__,
    {},
    {
        "empatica": "device.readers.empatica",
        "opensignals": "device.readers.opensignals",
        "sensor": "device.sources.replay",
        "source": ".find",
        "table": "device.readers.table",
    },
)
