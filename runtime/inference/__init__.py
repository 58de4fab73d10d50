"""From a window to an answer: the ONNX classifier, its seal, music features, the pipeline."""

import os

# onnxruntime 1.32 reports its use to Microsoft, under an identifier of the computer, unless this is
# set before it is imported. What reads a person's skin reports to nobody; 0 allows it again.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
