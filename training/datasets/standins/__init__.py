"""Simulated data in the exact formats of published data sets."""
