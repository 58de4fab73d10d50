"""Checkpoint to ONNX: one file that the runtime can run alone."""
