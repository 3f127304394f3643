"""Whether training may exchange left and right: measured on the images, before anything is learnt.

Class names say something of it in some languages, and nothing in others; so a small probe learns
the classes from some images and answers others, as they are and mirrored.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch.nn import functional

from striate.data import Collection, load
from striate.data.augmentation import Augmentation, choose_augmentation
from striate.data.direction_names import find_direction
from striate.data.images import Preprocess
from striate.errors import DataError
from striate.settings import Settings
from striate.training.subset import Subset

MOST = 1500  # images that are looked at
MOST_READ = 300  # of files that are read for this alone
SIDE = 48  # pixels a side, at most, that they are looked at with
CELLS = 6  # a side, in which directions of edges are counted
BINS = 8  # directions of edges
FOLDS = 5
CHANCE = 0.01  # how often mirroring is forbidden where it does no harm, at most
RIDGE = 0.1

Say = Callable[[str], None]
Sample = Callable[[], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Exchange:
    """A class whose images are answered as another once they are mirrored.

    Attributes:
        truth: index of the class.
        answer: index of the class that they are answered as.
        images: of the class that were looked at.
        before: of these, how many are answered so as they are.
        mirrored: how many are, mirrored.
        p: how probable a rise so steep is by chance, over all pairs of classes.
    """

    truth: int
    answer: int
    images: int
    before: int
    mirrored: int
    p: float


def choose_changes(
    preprocess: Preprocess,
    classes: tuple[str, ...],
    settings: Settings,
    *,
    sample: Sample,
    say: Say,
) -> Augmentation:
    """Choose how training images are changed; mirrored only where nothing speaks against it.

    What speaks against it is a direction in a class name, and what `find_exchange` measures. The
    user's word holds against both.

    Args:
        preprocess: how images become the network's input.
        classes: their names.
        settings: of the run.
        sample: gives training images uint8 (n, channels, rows, columns) and their labels.
        say: is told why they are not mirrored.
    """
    if not settings.augment:
        return Augmentation()
    change = choose_augmentation(preprocess.channels, preprocess.height, preprocess.width, classes)
    if settings.mirror is not None:
        return replace(change, mirror=settings.mirror)
    if change.mirror:
        found = find_exchange(*sample(), seed=settings.seed)
        if found is not None:
            say(
                f"no image is mirrored: of {found.images} of '{classes[found.truth]}' a small "
                f"probe takes {found.mirrored} for '{classes[found.answer]}' once they are "
                f"mirrored, and {found.before} as they are (--mirror mirrors all the same)"
            )
            return replace(change, mirror=False)
    elif preprocess.channels == 3 and (named := find_direction(classes)):
        say(
            f"no image is mirrored: the class '{named[0]}' has a direction in its name, "
            f"'{named[1]}' (--mirror mirrors all the same)"
        )
    return change


def sample_of(part: Subset, seed: int) -> Sample:
    """Return what gives some of the decoded training images, as many of each class."""

    def give() -> tuple[np.ndarray, np.ndarray]:
        labels = part.labels[part.indices]
        chosen = part.indices[_draw(labels, MOST, seed)]
        return part.images.take(chosen), part.labels[chosen]

    return give


def sample_files(collection: Collection, training: np.ndarray, seed: int) -> Sample:
    """Return what reads some training images small, where they are not decoded yet.

    Args:
        collection: the images.
        training: bool (n,), which of them are learnt from.
        seed: draws them.
    """

    def give() -> tuple[np.ndarray, np.ndarray]:
        indices = np.flatnonzero(training)
        some = collection.only(indices[_draw(collection.labels[indices], MOST_READ, seed)])
        with suppress(DataError):  # not one can be read: told where all are
            if len(some):
                with load(some, Preprocess(3, SIDE, SIDE, fit="squash", draft=True)) as images:
                    usable = np.flatnonzero(images.usable)
                    return images.take(usable), some.labels[usable]
        return np.empty((0, 3, SIDE, SIDE), np.uint8), np.empty(0, np.int64)

    return give


def _draw(labels: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Draw the places of as many images of each class, at most so many in all, in order."""
    generator = np.random.Generator(np.random.Philox(key=[seed, 2]))
    order = generator.permutation(len(labels))
    of_class = [order[labels[order] == label] for label in np.unique(labels)]
    each = max(1, most // max(1, len(of_class)))
    return np.sort(np.concatenate([order[:0], *(places[:each] for places in of_class)]))


def find_exchange(pixels: np.ndarray, labels: np.ndarray, *, seed: int) -> Exchange | None:
    """Return the classes that mirroring exchanges most surely; None where it exchanges none.

    The probe answers only images that it has not learnt from, each as it is and mirrored. Class A
    is exchanged with B where, of its mirrored images, more are answered B than A, and more are than
    of the same images as they are, so that chance (binomial, over all pairs of classes) would
    do that in 1 % of cases at most. That takes about ten images of A.

    Args:
        pixels: uint8 (n, channels, rows, columns).
        labels: int64 (n,).
        seed: divides them.
    """
    number, labels = np.unique(labels, return_inverse=True)
    counts = np.bincount(labels, minlength=len(number))
    pairs = len(number) * (len(number) - 1)
    if pairs == 0 or 0.5 ** counts.max() * pairs > CHANCE:
        return None  # too few to tell
    plain, mirrored = _answers(pixels, labels, seed)
    found = None
    for truth in range(len(number)):
        mine = labels == truth
        before, after = plain[mine], mirrored[mine]
        for answer in np.unique(after):
            now, then = after == answer, before == answer
            if answer == truth or now.sum() <= (after == truth).sum():
                continue
            p = pairs * _binomial_tail(int((now & ~then).sum()), int((now ^ then).sum()))
            if p <= CHANCE and (found is None or p < found.p):
                found = Exchange(
                    int(number[truth]),
                    int(number[answer]),
                    int(mine.sum()),
                    int(then.sum()),
                    int(now.sum()),
                    p,
                )
    return found


def _binomial_tail(heads: int, tosses: int) -> float:
    """Return how probable so many heads or more are."""
    return float(sum(math.comb(tosses, each) for each in range(heads, tosses + 1)) / 2**tosses)


def _answers(pixels: np.ndarray, labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Answer every image, as it is and mirrored, by a probe that has learnt from the others.

    The probe is kernel ridge regression on the classes, each of which weighs the same.
    """
    small = _reduced(pixels)
    images = np.concatenate([_features(small), _features(small.flip(3))])
    n, classes = len(labels), int(labels.max()) + 1
    images = (images - images[:n].mean(0)) / (images[:n].std(0) + 1e-6)
    squares = (images**2).sum(1)
    far = squares[:, None] + squares[None, :n] - 2 * images @ images[:n].T  # (2 n, n)
    near = np.exp(-far / np.median(far))
    share = np.bincount(labels)[labels] * classes / n
    wanted = np.where(labels[:, None] == np.arange(classes), 1.0, 0.0) - 1 / classes
    scores = np.zeros((2, n, classes))
    fold = _folds(labels, seed)
    for held in range(FOLDS):
        out, known = np.flatnonzero(fold == held), np.flatnonzero(fold != held)
        if not len(out):
            continue
        kernel = near[np.ix_(known, known)] + RIDGE * np.diag(share[known])
        learnt = np.linalg.solve(kernel, wanted[known])
        for turned in range(2):
            scores[turned, out] = near[np.ix_(out + turned * n, known)] @ learnt
    plain, mirrored = scores.argmax(2)
    return plain, mirrored


def _folds(labels: np.ndarray, seed: int) -> np.ndarray:
    """Divide the images of each class into as many groups of like size."""
    generator = np.random.Generator(np.random.Philox(key=[seed, 3]))
    fold = np.zeros(len(labels), np.int64)
    for label in np.unique(labels):
        mine = generator.permutation(np.flatnonzero(labels == label))
        fold[mine] = np.arange(len(mine)) % FOLDS
    return fold


def _reduced(pixels: np.ndarray) -> torch.Tensor:
    """Return the images as float32 from 0 to 1, of at most `SIDE` pixels a side."""
    size = (min(SIDE, pixels.shape[2]), min(SIDE, pixels.shape[3]))
    reduce = partial(functional.adaptive_avg_pool2d, output_size=size)
    parts = torch.split(torch.from_numpy(pixels), 64)
    return torch.cat([reduce(part.float() / 255) for part in parts])


def _features(images: torch.Tensor) -> np.ndarray:
    """Say of each image what a mirrored one has otherwise: its colours, and where edges point.

    Args:
        images: float32 (n, channels, rows, columns).

    Returns:
        float32 (n, features): the image in cells, and of each cell how much edge there is in
        each of `BINS` directions, from dark to bright.
    """
    gray = images.mean(1, keepdim=True)
    across = functional.pad(gray[..., 2:] - gray[..., :-2], (1, 1, 0, 0))
    down = functional.pad(gray[..., 2:, :] - gray[..., :-2, :], (0, 0, 1, 1))
    strength = torch.hypot(across, down)
    # half a bin on, so that level edges fall within a bin and a mirrored one within its twin
    turn = torch.floor((torch.atan2(down, across) / (2 * np.pi) * BINS + 0.5) % BINS)
    edges = torch.cat([strength * (turn == each) for each in range(BINS)], 1)
    edges = functional.adaptive_avg_pool2d(edges, min(CELLS, *images.shape[2:])).flatten(1).sqrt()
    edges = edges / (edges.norm(dim=1, keepdim=True) + 1e-3)
    cells = functional.adaptive_avg_pool2d(images, min(2 * CELLS, *images.shape[2:])).flatten(1)
    found: np.ndarray = torch.cat([edges, cells], 1).numpy()
    return found
