"""`rtcan-live`: its command, options, models, self-test and closing summary."""

from device.renamed import register

register(__name__, {}, {"": ".command"})
