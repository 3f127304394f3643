"""A network as a torch module: its parts, how its weights start, and how it is run."""

from __future__ import annotations

from striate.backends.torch.evaluation_mode import evaluating, normalised
from striate.backends.torch.modules import BATCH_NORMS, Net, build

__all__ = ["BATCH_NORMS", "Net", "build", "evaluating", "normalised"]
