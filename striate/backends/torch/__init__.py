"""A network as a torch module: its parts, how its weights start, and how it is run."""

from __future__ import annotations

from striate.backends.torch.convolution_products import convolution_products
from striate.backends.torch.evaluation_mode import eval_mode, normalize
from striate.backends.torch.network import BATCH_NORMS, Net, build

__all__ = ["BATCH_NORMS", "Net", "build", "convolution_products", "eval_mode", "normalize"]
