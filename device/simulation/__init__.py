"""Simulated people, simulated sensors, and what goes wrong between them and a port."""
