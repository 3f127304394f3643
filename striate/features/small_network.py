"""What a small network says of images that it has not learnt from, where no backbone knows more.

It is trained from scratch five times, each time without a fifth of the images. A few passes are
enough, and better than many: what is wrong among the labels is learnt last.
https://arxiv.org/abs/1706.05394.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from striate.backends.adamw import AdamW
from striate.backends.torch import build, eval_mode
from striate.data.augmentation import Augmentation, augment, draw_numbers
from striate.features.out_of_fold import FOLDS, OutOfFold, deal_folds

BATCH: Final = 128
BLOCK: Final = 1024  # images that are answered at once
RATE: Final = 0.01  # the peak learning rate, reached after a quarter of the steps
DECAY: Final = 0.05  # of AdamW
IMAGES: Final = 320_000  # that all five trainings go through together, about
EPOCHS: Final = (2, 20)  # at least and at most
COARSE: Final = 20  # pixels a side, from which the first convolution halves them
TIMED: Final = 4  # steps by which the time is foretold

Progress = Callable[[int, int], None]


def predict_by_small_network(
    pixels: np.ndarray,
    labels: np.ndarray,
    *,
    classes: int,
    groups: np.ndarray | None = None,
    augmentation: Augmentation | None = None,
    progress: Progress = lambda done, total: None,
) -> OutOfFold:
    """Train a small network without each fifth of the images, and ask it about that fifth.

    Args:
        pixels: uint8 (n, channels, side, side), the sides at least 8.
        labels: int64 (n,), each class at least once.
        classes: how many there are.
        groups: int64 (n,), which images stand in one fifth; None where each stands alone.
        augmentation: of the training images; None changes nothing.
        progress: told the images gone through and their total, after each step.

    >>> from sklearn.datasets import load_digits
    >>> digits = load_digits()
    >>> images = (digits.images[:300, None] * 15).astype(np.uint8)
    >>> found = predict_by_small_network(images, digits.target[:300], classes=10)
    >>> bool((found.probabilities.argmax(1) == digits.target[:300]).mean() > 0.8)
    True
    """
    fold = deal_folds(labels, np.arange(len(labels)) if groups is None else groups)
    folds = int(fold.max(initial=-1)) + 1
    held_out = fold >= 0
    probabilities = np.full((len(labels), classes), np.nan)
    if folds < 2 or len(np.unique(labels)) < 2:
        return OutOfFold(probabilities, np.zeros(len(labels), np.bool_), DECAY, folds)
    epochs = count_epochs(len(labels))
    total, done = epochs * int((fold[None] != np.arange(folds)[:, None]).sum()), 0
    for number in range(folds):
        network = build(make_text(pixels.shape[2]), input=pixels.shape[1:], classes=classes)
        learnt = np.flatnonzero(fold != number)
        steps = _train(network, pixels, labels, learnt, epochs=epochs, augmentation=augmentation)
        for gone_through in steps:
            done += gone_through
            progress(done, total)
        mine = np.flatnonzero(fold == number)
        probabilities[mine] = _answer(network, pixels, mine)
    return OutOfFold(probabilities, held_out, DECAY, folds)


def make_text(side: int) -> str:
    """Return the network for images of so many pixels a side.

    >>> make_text(28)
    'bn > conv 16 stride=2 > bn > relu > conv 32 stride=2 > bn > relu > flatten > dropout 0.25 > fc'
    """
    first = " stride=2" if side >= COARSE else ""
    return (
        f"bn > conv 16{first} > bn > relu > conv 32 stride=2 > bn > relu > flatten > "
        "dropout 0.25 > fc"
    )


def count_epochs(images: int) -> int:
    """Return how often each image is gone through, so that the time is bounded.

    >>> count_epochs(1_000), count_epochs(10_000), count_epochs(1_000_000)
    (20, 8, 2)
    """
    few, most = EPOCHS
    return min(most, max(few, IMAGES // ((FOLDS - 1) * images)))


def foretell_seconds(
    pixels: np.ndarray,
    labels: np.ndarray,
    *,
    classes: int,
    augmentation: Augmentation | None = None,
) -> float:
    """Return about how many seconds `predict_by_small_network` will take, by a few timed steps.

    Args:
        pixels: uint8 (n, channels, side, side).
        labels: int64 (n,).
        classes: how many there are.
        augmentation: of the training images.
    """
    network = build(make_text(pixels.shape[2]), input=pixels.shape[1:], classes=classes)
    some = np.arange(min(len(labels), BATCH))
    epochs = TIMED * 2
    times = [time.perf_counter()]
    for _ in _train(network, pixels, labels, some, epochs=epochs, augmentation=augmentation):
        times.append(time.perf_counter())
    passes = (FOLDS - 1) * count_epochs(len(labels)) * len(labels)
    return (times[-1] - times[TIMED]) / TIMED / len(some) * passes


def _train(
    network: nn.Module,
    pixels: np.ndarray,
    labels: np.ndarray,
    learnt: np.ndarray,
    *,
    epochs: int,
    augmentation: Augmentation | None,
) -> Iterator[int]:
    """Train a network, and give after each step how many images it was of."""
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = AdamW(network.parameters(), lr=RATE, weight_decay=DECAY, fused=True)
    generator = np.random.Generator(np.random.Philox(key=[0, 7]))
    steps, taken = max(1, len(learnt) // BATCH), 0
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)  # of dropout
        for epoch in range(epochs):
            for chosen in np.array_split(generator.permutation(learnt), steps):
                share = taken / (steps * epochs)
                rate = RATE * min(0.05 + share / 0.25, (1 - share) / 0.75, 1.0)
                for group in optimizer.param_groups:
                    group["lr"] = rate
                batch = torch.from_numpy(pixels[chosen])
                if augmentation is not None:
                    numbers = torch.from_numpy(draw_numbers(0, epoch, len(labels))[chosen])
                    batch = augment(batch, augmentation, numbers)
                logits = network(_scale(batch))
                loss = functional.cross_entropy(logits, torch.from_numpy(labels[chosen]))
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                optimizer.zero_grad()
                taken += 1
                yield len(chosen)


def _answer(network: nn.Module, pixels: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the probabilities of some images: float64 (k, classes)."""
    with eval_mode(network), torch.inference_mode():
        parts = [
            functional.softmax(network(_scale(torch.from_numpy(pixels[block]))).double(), 1)
            for block in np.array_split(wanted, max(1, -(-len(wanted) // BLOCK)))
        ]
    return np.asarray(torch.cat(parts).numpy())


def _scale(batch: torch.Tensor) -> torch.Tensor:
    """Return pixels as the network takes them: float32, 0 to 1, channels last."""
    return (batch.float() / 255).contiguous(memory_format=torch.channels_last)
