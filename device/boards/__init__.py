"""Simulated boards, one for each kind of sensor: commands in, bytes out; no input or output."""
