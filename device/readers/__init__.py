"""Files of recorded skin conductance, read into samples: one module per format."""
