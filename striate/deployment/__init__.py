"""The sealed file: one ONNX model that takes raw images and carries the proof of its answers."""
