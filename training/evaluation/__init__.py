"""One run: its experiment, the final model, and what that says of another data set."""

from device.renamed import register

_ROOMS = {
    "folds": "assembly bundle cross_validation journal problem splits stimuli_apart",
    "measures": "control_names controls figures intervals metrics ranking wording",
}
register(
    __name__,
    {},
    {name: f"training.{room}.{name}" for room, names in _ROOMS.items() for name in names.split()},
)
