"""Names of the data sets, as typed on the command line; without importing any of them."""

NAMES = ("synthetic", "eevr", "deap", "amigos", "pmemo")
# Those that the published system was trained on.
PUBLISHED = ("deap", "amigos", "pmemo")
GSR_UNITS = ("auto", "ohm", "us")
