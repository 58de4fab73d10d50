"""Names of the data sets, as typed on the command line; without importing any of them."""

NAMES = ("synthetic", "eevr", "stress-predict", "e4", "deap", "amigos", "pmemo")
# Those that the published system was trained on.
PUBLISHED = ("deap", "amigos", "pmemo")
# Those of which simulated people can be written.
STANDINS = (*PUBLISHED, "stress-predict")
GSR_UNITS = ("auto", "ohm", "us")
