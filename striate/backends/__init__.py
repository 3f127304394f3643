"""What computes a network: torch, ONNX engines, NumPy, generated code; and how fast."""
