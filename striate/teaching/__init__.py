"""Convolution with its arithmetic, and the ideas behind CNNs as experiments."""
