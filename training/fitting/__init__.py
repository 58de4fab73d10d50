"""Fitting networks: data, optimiser, epochs, stacked fits, calibration."""
