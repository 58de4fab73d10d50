"""`python -m rtcan`, the same as `rtcan`."""

from rtcan.command import main

main(prog_name="python -m rtcan")
