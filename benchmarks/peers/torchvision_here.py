"""torchvision beside a torch for the CPU alone, whose build lacks two operators it looks for."""

from __future__ import annotations

import contextlib
from typing import Any

import torch

make: Any = torch.library.Library  # which torch does not annotate
library = make("torchvision", "DEF")
for operator in (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
):
    # beside a torch for CUDA torchvision brings them, and ends the process where they are there
    if torch.version.cuda is None:
        with contextlib.suppress(RuntimeError):  # this torch has it
            library.define(operator)
