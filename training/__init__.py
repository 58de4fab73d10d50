"""Data sets, the network, fitting and honest figures."""
