"""RTCAN-1D, its layers, and checkpoints."""
