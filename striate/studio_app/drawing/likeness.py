"""Whether what is drawn is like what a network has learnt, and how often it is read right.

Test images that the network never saw are drawn anew: the middle of their ink becomes strokes,
which are laid as the pad lays what a hand draws. How many of these are classified correctly is how
often the pad is right. How far they lie from the nearest training images, and how much line they
have, is how far a digit lies and how much it has; what goes beyond is unlike them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from striate.data import Data, load
from striate.errors import DataError
from striate.evaluation.image_selection import find_candidates, find_images, select_images
from striate.evaluation.test_uses import count_test_use
from striate.model.classifier import Classifier
from striate.model.segmentation.glyph_frame import choose_frames
from striate.studio_app.drawing.handwritings import draw_anew
from striate.studio_app.drawing.skeleton import find_strokes
from striate.studio_app.drawing.strokes import DIGITS, MNIST, Layout, Stroke, lay, measure_length

COMPARED = 4000  # training images that a drawing is compared with
REDRAWN = 200  # test images that are drawn anew
ALLOWED = 0.05  # of these may be called unlike
NEAREST = 5  # of the training images: the last of so many, so that a single odd one does not count
BLUR = 0.8  # pixels: so that a line beside another is near it
COARSE = 16  # images of fewer pixels a side lie as scikit-learn's digits
SEED = 0


@dataclass(frozen=True)
class Verdict:
    """How a drawing compares with what was learnt.

    Attributes:
        distance: to the nearest training images, as a share of what is usual at most.
        length: of its lines, likewise.
    """

    distance: float
    length: float

    @property
    def unlike(self) -> bool:
        """Whether one of them is more than digits have."""
        return max(self.distance, self.length) > 1


@dataclass(frozen=True, eq=False)
class Likeness:
    """What is known of the digits that a network has learnt.

    Attributes:
        examples: float32 (n, pixels), training images.
        farthest: from the nearest five of them that 95 % of redrawn test images are at most.
        longest: line, in heights of the digit, that a redrawn test image has.
        strokes: of the redrawn test images.
        labels: what these show, class numbers.
        correct: how many of them the network classifies correctly.
        words: what they are.
    """

    examples: np.ndarray = field(repr=False)
    farthest: float
    longest: float
    strokes: tuple[tuple[Stroke, ...], ...] = field(repr=False)
    labels: tuple[int, ...]
    correct: int
    words: str

    @property
    def n(self) -> int:
        """How many test images were redrawn."""
        return len(self.labels)

    def judge(self, pixels: np.ndarray, strokes: Sequence[Stroke]) -> Verdict:
        """Compare a drawing.

        Args:
            pixels: uint8 (1, rows, columns), as the network gets it.
            strokes: that it was laid from; none of an image.
        """
        distance = float(_distances(_flatten(pixels[None]), self.examples)[0])
        length = measure_length(strokes) if strokes else 0.0
        return Verdict(distance / self.farthest, length / self.longest)


def choose_layout(model: Classifier) -> Layout:
    """Return how the digits lie that a classifier has learnt: by the size of its input."""
    return DIGITS if min(model.preprocess.shape[1:]) < COARSE else MNIST


def has_bright_ink(model: Classifier) -> bool:
    """Tell whether it has learnt bright ink on a dark ground, by the mean of its images."""
    return choose_frames(model.preprocess)[0].bright


def to_input(model: Classifier, laid: np.ndarray) -> np.ndarray:
    """Return a laid drawing as the network gets it: uint8 (channels, rows, columns)."""
    shown = laid if has_bright_ink(model) else 255 - laid
    return model.preprocess.pixels(np.repeat(shown[:, :, None], model.preprocess.channels, 2))


def learn_likeness(model: Classifier, data: Data, *, other_hands: bool = False) -> Likeness:
    """Return what is known of the digits that a classifier has learnt.

    Args:
        model: that takes grey images.
        data: what training took.
        other_hands: whether it has learnt from other handwritings, by which the test images are
            then drawn too.

    Raises:
        DataError: nothing of it can be read, or nothing was held out.
    """
    collection = find_images(model, data)
    draw = np.random.default_rng(SEED)
    held = find_candidates(collection, None)
    has_split = len(held) < len(collection)
    some = np.sort(draw.permutation(held)[: 10 * REDRAWN])
    part = collection.only(some)
    with load(part, model.preprocess) as images:
        chosen = select_images(part.splits, images.hashes, usable=images.usable, seen=model.seen)
        indices = chosen.indices[:REDRAWN] if has_split else chosen.indices[-REDRAWN:]
        if not len(indices):
            raise DataError("no image was held out from training, so none can be redrawn")
        tests, hashes = images.take(indices), images.hashes[indices]
    labels = part.labels[indices]
    rest = np.setdiff1d(np.arange(len(collection)), held) if has_split else held
    others = collection.only(np.sort(draw.permutation(rest)[:COMPARED]))
    with load(others, model.preprocess) as images:
        learnt = images.usable
        if len(model.seen.get("train", ())):
            learnt = learnt & np.isin(images.hashes, model.seen["train"])
        if not learnt.any():
            raise DataError("no image that the network learnt from is among its data")
        examples = _flatten(images.take(np.flatnonzero(learnt)))
    bright = has_bright_ink(model)
    layout = choose_layout(model)
    strokes = [find_strokes((each if bright else 255 - each).mean(0) / 255) for each in tests]
    longest = max(measure_length(each) for each in strokes)
    if other_hands:
        strokes = [draw_anew(each, draw) for each in strokes]
    laid = np.stack([to_input(model, lay(each, layout)) for each in strokes])
    answers = model.predict_proba(list(laid.transpose(0, 2, 3, 1)))
    right = int((answers.argmax(1) == labels).sum())
    count_test_use(model, hashes, by="studio", accuracy=right / len(labels))
    far = _distances(_flatten(laid), examples)
    return Likeness(
        examples,
        float(np.quantile(far, 1 - ALLOWED)),
        longest,
        tuple(tuple(each) for each in strokes),
        tuple(int(each) for each in labels),
        right,
        f"{len(labels):,} {part.splits[0] or 'held-out'} images, redrawn"
        + (" in other handwritings" if other_hands else ""),
    )


def _flatten(images: np.ndarray) -> np.ndarray:
    """Return images as they are compared: float32 (n, pixels), 0 to 1, slightly blurred."""
    gray = images.mean(1, dtype=np.float32) / 255
    gray = ndimage.gaussian_filter(gray, (0, BLUR, BLUR))
    return np.ascontiguousarray(gray.reshape(len(gray), -1), np.float32)


def _distances(some: np.ndarray, examples: np.ndarray) -> np.ndarray:
    """Return how far each image is from the fifth nearest example, Euclidean."""
    last = min(NEAREST, len(examples)) - 1
    squares = (some**2).sum(1)[:, None] + (examples**2).sum(1)[None] - 2 * some @ examples.T
    return np.asarray(np.sqrt(np.maximum(np.partition(squares, last, axis=1)[:, last], 0)))
