"""Some of the decoded images with their labels: what is learnt from, or validated on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from striate.data import Images, prefetch


@dataclass(frozen=True)
class Subset:
    """Some of the decoded images, with their labels.

    Attributes:
        images: all decoded images.
        indices: int64, which of them.
        labels: int64, the class of each of ALL images.
        groups: int64, of ALL images, equal where they belong together; None where each
            stands alone.
    """

    images: Images
    indices: np.ndarray
    labels: np.ndarray
    groups: np.ndarray | None = None

    def batches(
        self, groups: Sequence[np.ndarray]
    ) -> Iterator[tuple[np.ndarray, torch.Tensor, torch.Tensor]]:
        """Return an iterator over (index, pixels, labels) of each group of images."""
        for chosen, pixels in prefetch(self.images, groups):
            yield chosen, torch.from_numpy(pixels), torch.from_numpy(self.labels[chosen])
