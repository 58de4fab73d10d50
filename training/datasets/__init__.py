"""Data sets: files as their publishers hand them out, read into recordings."""

from device.renamed import register

register(
    __name__,
    {
        "parsers": "matlab pickles tables",
        "signals": "checks units",
        "standins": "feelings",
    },
    {
        "simulated": ".standins.mark",
        "standin_amigos": ".standins.amigos",
        "standin_deap": ".standins.deap",
        "standin_pmemo": ".standins.pmemo",
    },
)
