"""From a window to an answer: the ONNX classifier, its seal, music features, the pipeline."""
