"""Recordings played as sensors: our own, plain tables, Empatica E4, OpenSignals."""
