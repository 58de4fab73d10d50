"""One run on one person: reading the sensor, the loop, and the smoothed decision."""
