"""A whole trained network, before it is cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch

from striate.architecture.notation import ExpandedNetwork
from striate.data.images import Preprocess


@dataclass(frozen=True, eq=False)
class WholeNetwork:
    """A whole trained network, before it is cut.

    Attributes:
        plan: its layers.
        tensors: its weights.
        preprocess: how it was shown images.
        words: where it comes from.
        seen: hashes of the images it has used.
    """

    plan: ExpandedNetwork
    tensors: Mapping[str, torch.Tensor]
    preprocess: Preprocess
    words: str
    seen: Mapping[str, np.ndarray] = field(default_factory=dict)
