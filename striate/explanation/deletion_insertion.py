"""Deletion and insertion: does the class go when what a map marks is taken away, and come with it?

The pixels are taken away, or laid onto an image without detail, in the order of the map; the
class's probability is followed. A map that finds what the network uses has a small area under the
first curve and a large one under the second, against any other order. Source: V. Petsiuk, A. Das,
K. Saenko, RISE, BMVC 2018, https://arxiv.org/abs/1806.07421.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, stdev

import numpy as np
import torch

from striate.backends.torch import normalize
from striate.errors import SettingError
from striate.explanation.baselines import make_baseline
from striate.explanation.hooks import device_of, frozen
from striate.explanation.target import Target
from striate.model.classifier import Classifier

TILES = 32  # along the shorter side at most: what is moved at once
AT_ONCE = 64  # images a forward pass
RANDOM_ORDERS = (3, 20)  # fewest and most random orders


@dataclass(frozen=True)
class ScoreCurve:
    """The class while pixels go away, or come, in one order.

    Attributes:
        probability: of the class after each step, the untouched start first; 0 to 1.
        margin: the logit difference after each step: of the class to the class it is asked
            against, else to the strongest other class of the whole image.
        auc: under the probability, over the share of pixels moved; 0 to 1.
        margin_auc: under the margin.
    """

    probability: tuple[float, ...]
    margin: tuple[float, ...]
    auc: float
    margin_auc: float


@dataclass(frozen=True)
class PerturbationTest:
    """Deletion or insertion in the order of a map, beside orders that know nothing.

    Attributes:
        kind: "deletion" or "insertion".
        fractions: of the pixels moved after each step, 0 to 1.
        by_map: in the order of the map.
        by_center: from the middle of the image outwards.
        by_random: in random orders, one each.
        baseline: what replaces pixels that are away: "blur" or "mean".
        tile: pixels are moved in squares of this side.
    """

    kind: str
    fractions: tuple[float, ...]
    by_map: ScoreCurve
    by_center: ScoreCurve
    by_random: tuple[ScoreCurve, ...]
    baseline: str
    tile: int

    @property
    def random_auc(self) -> tuple[float, float, float]:
        """Mean area of the random orders, and the 95 % interval of one more such order."""
        from scipy import special

        areas = [each.auc for each in self.by_random]
        student = float(special.stdtrit(len(areas) - 1, 0.975))
        reach = student * stdev(areas) * math.sqrt(1 + 1 / len(areas))
        return mean(areas), max(0.0, mean(areas) - reach), min(1.0, mean(areas) + reach)

    @property
    def better_than_random(self) -> bool:
        """Whether the map's area lies beyond the interval of random orders, on the good side."""
        _, low, high = self.random_auc
        return self.by_map.auc < low if self.kind == "deletion" else self.by_map.auc > high

    @property
    def better_than_center(self) -> bool:
        """Whether the map's area is better than that of the middle outwards."""
        ours, theirs = self.by_map.auc, self.by_center.auc
        return ours < theirs if self.kind == "deletion" else ours > theirs

    @property
    def words(self) -> str:
        """The verdict with its figures.

        >>> flat = ScoreCurve((1.0, 0.0), (1.0, -1.0), 0.5, 0.0)
        >>> low = ScoreCurve((1.0, 0.0), (1.0, -1.0), 0.1, 0.0)
        >>> print(PerturbationTest("deletion", (0.0, 1.0), low, flat, (flat,) * 3, "blur", 1).words)
        deletion: area 0.100, where smaller is better; 0.500 in random order (95 %: ...
        """
        middle, low, high = self.random_auc
        wanted = "smaller" if self.kind == "deletion" else "larger"
        return (
            f"{self.kind}: area {self.by_map.auc:.3f}, where {wanted} is better; {middle:.3f} in "
            f"random order (95 %: {low:.3f} to {high:.3f}), {self.by_center.auc:.3f} from the "
            f"middle outwards (baseline: {self.baseline})"
        )


def measure_deletion_insertion(
    model: Classifier,
    pixels: np.ndarray,
    values: np.ndarray,
    target: Target,
    *,
    steps: int = 16,
    n_random: int = 5,
    baseline: str = "blur",
) -> tuple[PerturbationTest, PerturbationTest]:
    """Delete and insert an image's pixels in the order of a map, at random, and from the middle.

    Random orders are drawn from a fixed seed, so a second call gives the same.

    Args:
        model: the classifier.
        pixels: uint8 (channels, height, width), as `PreprocessedImage.pixels` has them.
        values: the map, (height, width) of the network's input; what is high goes first.
        target: the class asked about.
        steps: into how many equal shares the pixels are cut.
        n_random: how many random orders, 3 to 20.
        baseline: what replaces pixels that are away; see `make_baseline`.

    Returns:
        Deletion and insertion.

    Raises:
        SettingError: the map has another size than the input, or a number is out of its range.

    >>> from striate.backends.torch import build
    >>> from striate.data.images import Preprocess
    >>> text = "input 1x8x8 classes=2 > gap > flatten > fc"
    >>> model = Classifier(build(text), text, ("a", "b"), Preprocess(1, 8, 8))
    >>> pixels = np.arange(64, dtype=np.uint8).reshape(1, 8, 8)
    >>> dark = Target(0, None, "a")
    >>> deleted, inserted = measure_deletion_insertion(model, pixels, pixels[0], dark, steps=4)
    >>> deleted.fractions, len(inserted.by_map.probability)
    ((0.0, 0.25, 0.5, 0.75, 1.0), 5)
    """
    size = pixels.shape[1:]
    if values.shape != size:
        raise SettingError(
            f"a map of {values.shape} on an input of {size}: resize it first "
            "(`striate.explanation.map_resampling.resize_map`)"
        )
    if not RANDOM_ORDERS[0] <= n_random <= RANDOM_ORDERS[1]:
        raise SettingError(
            f"n_random is {n_random}; expected {RANDOM_ORDERS[0]} to {RANDOM_ORDERS[1]}"
        )
    if not 2 <= steps <= size[0] * size[1]:
        raise SettingError(f"steps is {steps}; expected 2 to {size[0] * size[1]}")
    chance = np.random.default_rng(0)
    maps = [values, center_gaussian(*size), *(chance.random(size) for _ in range(n_random))]
    deleted, inserted = score_curves(model, pixels, maps, target, steps=steps, baseline=baseline)
    shares = tuple((np.arange(steps + 1) / steps).tolist())
    tile = tile_size(*size)
    return (
        PerturbationTest("deletion", shares, deleted[0], deleted[1], deleted[2:], baseline, tile),
        PerturbationTest(
            "insertion", shares, inserted[0], inserted[1], inserted[2:], baseline, tile
        ),
    )


def score_curves(
    model: Classifier,
    pixels: np.ndarray,
    maps: Sequence[np.ndarray],
    target: Target,
    *,
    steps: int = 16,
    baseline: str = "blur",
) -> tuple[tuple[ScoreCurve, ...], tuple[ScoreCurve, ...]]:
    """Return a class's curves while an image's pixels go, and come, in the order of each map.

    Args:
        model: the classifier.
        pixels: uint8 (channels, height, width).
        maps: (height, width) each.
        target: the class asked about.
        steps: into how many equal shares the pixels are cut.
        baseline: what replaces pixels that are away; see `make_baseline`.

    Returns:
        The deletions and the insertions, one a map each.

    Example: ``deleted, inserted = score_curves(model, seen.pixels, [first, second], target)``.
    """
    ranks = [_ranks(each, tile_size(*pixels.shape[1:])) for each in maps]
    whole = torch.from_numpy(np.ascontiguousarray(pixels, np.float32))
    away = torch.from_numpy(make_baseline(pixels, baseline))
    places = (target.index, _against(model, whole, target))
    return (
        tuple(_fall(model, whole, away, rank, steps=steps, places=places) for rank in ranks),
        tuple(_fall(model, away, whole, rank, steps=steps, places=places) for rank in ranks),
    )


def tile_size(rows: int, columns: int) -> int:
    """Return the side of the squares in which pixels are moved: a 32nd of the shorter side, or 1.

    >>> tile_size(224, 224), tile_size(28, 28)
    (7, 1)
    """
    return max(1, min(rows, columns) // TILES)


def center_gaussian(rows: int, columns: int) -> np.ndarray:
    """Return the map that only knows that images show their thing in the middle: a Gaussian.

    Its standard deviation is a quarter of each side.

    Returns:
        float64 (rows, columns), 1 at most.

    >>> center_gaussian(3, 3).argmax()
    np.int64(4)
    """
    down = (np.arange(rows) + 0.5 - rows / 2) / (rows / 4)
    across = (np.arange(columns) + 0.5 - columns / 2) / (columns / 4)
    return np.exp(-0.5 * (down[:, None] ** 2 + across[None] ** 2))


def _ranks(values: np.ndarray, tile: int) -> np.ndarray:
    """Return when each pixel is moved, 0 to below 1: tiles by their mean, the highest first."""
    rows, columns = values.shape
    down, across = np.arange(rows) // tile, np.arange(columns) // tile
    places = down[:, None] * (across[-1] + 1) + across[None]
    sums = np.bincount(places.ravel(), np.asarray(values, np.float64).ravel())
    counts = np.bincount(places.ravel())
    order = np.argsort(-sums / counts, kind="stable")
    before = np.cumsum(counts[order]) - counts[order]  # pixels moved before this tile
    when = np.empty(len(order))
    when[order] = before / values.size
    return np.asarray(when[places])


def _against(model: Classifier, whole: torch.Tensor, target: Target) -> int:
    """The class that the margin is taken to."""
    if target.against is not None:
        return target.against
    logits = _logits(model, whole[None])[0]
    logits[target.index] = -np.inf
    return int(np.argmax(logits))


def _fall(
    model: Classifier,
    start: torch.Tensor,
    goal: torch.Tensor,
    rank: np.ndarray,
    *,
    steps: int,
    places: Sequence[int],
) -> ScoreCurve:
    """Turn one image into the other in the order of the ranks, and follow the class."""
    shares = torch.arange(steps + 1) / steps
    moved = torch.from_numpy(rank)[None, None] < shares.view(-1, 1, 1, 1) - 1e-9
    logits = _logits(model, torch.where(moved, goal, start))
    scaled = logits / model.temperature
    powers = np.exp(scaled - scaled.max(1, keepdims=True))
    probability = powers[:, places[0]] / powers.sum(1)
    margin = logits[:, places[0]] - logits[:, places[1]]
    return ScoreCurve(
        tuple(probability.tolist()),
        tuple(margin.tolist()),
        _area(probability),
        _area(margin),
    )


def _area(values: np.ndarray) -> float:
    """Return the area under a curve over 0 to 1, by the trapezoidal rule."""
    return float((values[1:] + values[:-1]).mean() / 2)


def _logits(model: Classifier, images: torch.Tensor) -> np.ndarray:
    """Return the logits of images of values 0 to 255: float64 (batch, classes)."""
    network, rows = model.module, []
    with frozen(network), torch.no_grad():
        for start in range(0, len(images), AT_ONCE):
            part = images[start : start + AT_ONCE]
            values = normalize(part, model.preprocess).to(device_of(network))
            rows.append(network(values).double().cpu().numpy())
    return np.concatenate(rows)
