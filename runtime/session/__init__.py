"""One run on one person: reading the sensor, the loop, and the smoothed decision."""

from device.renamed import register

register(__name__, {}, {"": ".loop"})
