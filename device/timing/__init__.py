"""The time of samples: clocks of sensors and of the host, counters that wrap around."""
