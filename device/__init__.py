"""Sensors: serial transport, wire protocols, calibration to microsiemens, and a simulator."""
