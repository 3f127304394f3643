"""A trained body, a new head: the low layers of a network that has learnt, and a new end."""

from __future__ import annotations

from striate.transfer.body import Body, open_body
from striate.transfer.start import choose, learn_head

__all__ = ["Body", "choose", "learn_head", "open_body"]
