"""The room Lesson: it asks the other rooms' questions, and one of its own, which takes seconds.

Transfer, as docs/ideas/networks.md has it: a network that has learnt the digits lends its layers to
the same digits in a mirror, of which few are labelled; beside it a network begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Final, Literal

import numpy as np
import torch
from pydantic import Field
from torch import nn

from striate.architecture.layer_table import summary
from striate.backends.threads import use_threads
from striate.backends.torch import build
from striate.data.sources.digits import find_digits
from striate.studio_app.kind import AnyKind, Kind
from striate.studio_app.question import Answer, Question, Tell
from striate.studio_app.studio import Studio

LENDER: Final = "conv 8 > relu > maxpool 2 > conv 16 > relu > maxpool 2 > flatten > fc"
INPUT, CLASSES = (1, 8, 8), 10
LEARNT = 900  # images that the lender learns from; the new task takes none of them
TESTED = 1350  # from here on images are tested on
STEPS = 300  # of the lender, on 64 images each
FEW_STEPS = 100  # of the head and of the network that begins anew, on all their images


@dataclass(frozen=True)
class Lend(Question):
    """How well lent layers do with so many images a class, and how well a network anew."""

    kind: Literal["lend"]
    images: Annotated[int, Field(ge=1, le=20)]


def _learn(
    module: nn.Module, values: torch.Tensor, labels: torch.Tensor, *, steps: int, batch: int = 0
) -> None:
    """Learn with AdamW; a batch of 0 takes all images at each step."""
    module.train()
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.01)
    for _ in range(steps):
        chosen = torch.randperm(len(values), generator=generator)[: batch or len(values)]
        loss = nn.functional.cross_entropy(module(values[chosen]), labels[chosen])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
    module.eval()


def _accuracy(module: nn.Module, values: torch.Tensor, labels: torch.Tensor) -> float:
    with torch.inference_mode():
        return float((module(values).argmax(1) == labels).float().mean())


def lend(images: int, tell: Tell) -> Answer:
    """Let both learn the digits in a mirror, and say which share each gets right.

    Args:
        images: of each class.
        tell: is told what is being done.
    """
    values, targets = _digits()
    mirrored = values.flip(3)
    tell("a network learns the digits", 0.1)
    body = _lender()
    tell("a new last layer learns the mirrored ones", 0.7)
    few = _choose(targets, images)
    with torch.no_grad():
        features = body(mirrored)
    head = nn.Linear(features.shape[1], CLASSES)
    _learn(head, features[few], targets[few], steps=FEW_STEPS)
    tell("a network learns them anew", 0.8)
    anew = build(LENDER, seed=1, input=INPUT, classes=CLASSES)
    _learn(anew, mirrored[few], targets[few], steps=FEW_STEPS)
    table = summary(LENDER, input=INPUT, classes=CLASSES)
    return Answer(
        {
            "lent": _accuracy(head, features[TESTED:], targets[TESTED:]),
            "anew": _accuracy(anew, mirrored[TESTED:], targets[TESTED:]),
            "tested": len(targets) - TESTED,
            "learnt": len(few),
            "head": table.layers[-1].parameters,
            "all": table.parameters,
        }
    )


def _digits() -> tuple[torch.Tensor, torch.Tensor]:
    """Return the images, float32 (n, 1, 8, 8) from 0 to 1, and their classes."""
    found = find_digits()
    values = torch.from_numpy(np.asarray(found.content)[:, None]).float() / 255
    return values, torch.from_numpy(np.asarray(found.labels, np.int64))


@lru_cache(maxsize=1)
def _lender() -> nn.Module:
    """Return all but the last layer of a network that has learnt the digits as they are."""
    values, targets = _digits()
    lender = build(LENDER, seed=0, input=INPUT, classes=CLASSES)
    _learn(lender, values[:LEARNT], targets[:LEARNT], steps=STEPS, batch=64)
    return nn.Sequential(*list(lender.children())[:-1])


def _choose(targets: torch.Tensor, images: int) -> torch.Tensor:
    """Return so many of each class, of those that neither the lender nor the test has."""
    between = torch.arange(LEARNT, TESTED)
    own = [between[targets[between] == label][:images] for label in range(CLASSES)]
    return torch.cat(own)


def _lend(studio: Studio, question: Lend, tell: Tell) -> Answer:
    with studio.slow.alone, use_threads(1):  # images this small keep no second one busy
        return lend(question.images, tell)


KINDS: Final[tuple[AnyKind, ...]] = (Kind(Lend, _lend, slow=True, newest=True),)
