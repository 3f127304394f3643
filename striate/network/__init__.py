"""A network as a torch module: its parts, how its weights start, and how it is run."""

from __future__ import annotations

from striate.network.modules import Net, build
from striate.network.running import evaluating, normalised

__all__ = ["Net", "build", "evaluating", "normalised"]
