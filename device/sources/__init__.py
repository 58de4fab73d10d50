"""Whatever gives samples: a sensor on a serial port, a recording, a simulated person."""
