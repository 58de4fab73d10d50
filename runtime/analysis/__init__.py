"""Whole recordings, offline: responses, features, tables and pages. `from rtcan import analyse`."""
