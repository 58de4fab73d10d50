"""Names of the data sets, as typed on the command line; without importing any of them."""

NAMES = ("synthetic", "eevr")
