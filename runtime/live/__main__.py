"""`python -m runtime.live`, the same as `rtcan-live`."""

from runtime.live.command import main

main()
