"""From recordings to network inputs, through the runtime's preprocessing, with a cache."""

from device.renamed import register

register(__name__, {}, {"": ".cut"})
