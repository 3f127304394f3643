"""A trained body, a new head: the low layers of a network that has learnt, and a new end."""

from __future__ import annotations

from striate.transfer.body import Body, open_body
from striate.transfer.moved import Moved, moved
from striate.transfer.start import ahead, choose, learn_head, spoken

__all__ = ["Body", "Moved", "ahead", "choose", "learn_head", "moved", "open_body", "spoken"]
