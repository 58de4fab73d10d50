"""What a run reports: the page, its figures, and the terminal summary."""

from device.renamed import register

register(__name__, {}, {"": ".summary"})
