"""How long each layer takes, forward and backward, and how much memory a step, on this machine.

A round runs the network layer by layer, each cut from the others, so that a layer's forward and
backward pass can be timed by itself, in their order and on real values. Beside it the whole
network is run as always; the sum of the layers against that says what cutting costs.
"""

from __future__ import annotations

from striate.backends.profiler.layer_timing import Cut, profile
from striate.backends.profiler.memory import Ledger
from striate.backends.profiler.result import LayerProfile, Profile

__all__ = ["Cut", "LayerProfile", "Ledger", "Profile", "profile"]
