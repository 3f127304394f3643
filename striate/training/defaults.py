"""What a run chooses by its data where the user chose nothing; every choice is explained."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from striate.architecture.notation import ExpandedNetwork, Leaf, expand, parse
from striate.architecture.words import Softmax
from striate.architecture.zoo import compact
from striate.data import Collection, Images, Survey
from striate.data.images import Preprocess
from striate.errors import NotationError
from striate.settings import Settings

LARGEST = 128  # pixels a side that are chosen without being asked for
STATISTICS = 5000  # images that mean and std are taken from
# 5,000 give an interval narrow enough; a fifth of MNIST would be 12,000 images not learnt from.
MOST_HELD_OUT = 5000  # images for validation where the data has no such part
RATE = 5e-3  # peak learning rate of a network with batch normalisation, at most
WIDE = 3.0  # that times the numbers that go into an output of its middle weight, at most
PLAIN_RATE = 1e-3  # of one without, which bears less

PHOTOGRAPH = 128  # pixels of the shorter side, from which colour images are photographs
FEW = 20_000  # images that are learnt from, up to which a trained backbone is worth more

Say = Callable[[str], None]


def reason_for_transfer(
    collection: Collection, looks: Callable[[], Survey], settings: Settings
) -> str:
    """Say why a run should start from a trained network, in the words of its note, or "".

    Few large colour images do better with features from ImageNet. Whoever sets epochs, minutes
    or anything else that training step by step needs asks for training from scratch.
    """
    if settings.for_steps():
        return ""
    learnable = len(collection.splits) - collection.splits.count("test")
    if learnable > FEW:
        return ""
    found = looks()
    if found.channels != 3 or min(found.height, found.width) < PHOTOGRAPH:
        return ""
    return f"{learnable:,} photographs (the middle one {found.height}x{found.width})"


def image_size(survey: Survey, settings: Settings, text: str | None) -> tuple[int, int]:
    """Choose (rows, columns): as set, else as the network text says, else by the images.

    Images that all have one size keep it, up to `LARGEST` on the longer side. Others become
    squares of their median shorter side, in steps of 16, up to `LARGEST`.
    """
    asked = settings.rows_and_columns()
    if asked:
        return asked
    given = parse(text).input if text else None
    if given is not None and len(given) == 3:
        return given[1], given[2]
    rows, columns = survey.height, survey.width
    if survey.all_same_size:
        if max(rows, columns) <= LARGEST:
            return rows, columns
        shrink = LARGEST / max(rows, columns)
        return max(4, round(rows * shrink)), max(4, round(columns * shrink))
    side = min(LARGEST, max(16, min(rows, columns) // 16 * 16))
    return side, side


def preprocess_for(survey: Survey, settings: Settings, text: str | None, say: Say) -> Preprocess:
    """Choose how images become the network's input; mean and std are found after decoding."""
    rows, columns = image_size(survey, settings, text)
    given = parse(text).input if text else None
    channels = given[0] if given is not None else survey.channels
    if channels not in (1, 3):
        say(f"the network text asks for {channels} channels; images have {survey.channels}")
        channels = survey.channels
    fit = settings.fit or "pad"
    if not survey.all_same_size or (survey.height, survey.width) != (rows, columns):
        say(
            f"images are {survey.height}x{survey.width} (median); the network gets "
            f"{rows}x{columns}, other shapes by '{fit}'"
        )
    return Preprocess(
        channels,
        rows,
        columns,
        fit=fit,  # type: ignore[arg-type]  # checked by Settings
        background=settings.background_color(),
        mean=(0.5,) * channels,
        std=(0.25,) * channels,
        draft=True,
    )


def with_statistics(
    preprocess: Preprocess, images: Images, training: np.ndarray, seed: int
) -> Preprocess:
    """Set mean and std (of values 0 to 1, a channel) to those of training images.

    At most `STATISTICS` of them, drawn by the seed. A channel that never varies gets std 1.
    """
    chosen = training
    if len(training) > STATISTICS:
        generator = np.random.Generator(np.random.Philox(key=[seed, 1]))
        chosen = np.sort(generator.choice(training, STATISTICS, replace=False))
    counts = torch.zeros(preprocess.channels, 256, dtype=torch.int64)  # of each value from 0 to 255
    for group in np.array_split(chosen, max(1, len(chosen) // 256)):
        values = torch.from_numpy(images.take(group)).transpose(0, 1).flatten(1)
        counts += torch.stack([torch.bincount(each, minlength=256) for each in values])
    levels = np.arange(256) / 255
    shares = counts.numpy() / (len(chosen) * preprocess.height * preprocess.width)
    mean = shares @ levels
    std = np.sqrt(np.maximum(shares @ levels**2 - mean**2, 0))
    return replace(
        preprocess,
        mean=tuple(round(float(value), 6) for value in mean),
        std=tuple(round(float(value), 6) if value > 1e-4 else 1.0 for value in std),
    )


def network_text(text: str | None, shape: tuple[int, int, int], classes: int, say: Say) -> str:
    """Give the whole text of the network for these images and classes.

    Raises:
        NotationError: the text cannot be read, or does not fit the images.
    """
    if text is None:
        text = compact(shape, classes)
        say(f"no network was given: a compact residual network for {shape[1]}x{shape[2]} images")
        return text
    network = parse(text)
    size = "x".join(map(str, shape))
    if network.input is not None and network.input != shape:
        say(f"the network's input {'x'.join(map(str, network.input))} becomes {size}")
    if network.classes is not None and network.classes != classes:
        say(f"the network's classes={network.classes} becomes classes={classes}, as the data has")
    if network.input is None:
        say(f"the network has no input line: input {size} classes={classes}")
    network = network.with_input(shape, classes=classes)
    expand(network)  # points into the text as it was given, where it does not fit
    return with_logits(str(network), say)


def with_logits(text: str, say: Say) -> str:
    """Give a network text that ends with one value a class, before any softmax.

    Raises:
        NotationError: it ends with anything else.

    >>> print(with_logits("input 1x8x8 classes=2 > gap > flatten > fc > softmax", print))
    the network's last softmax is left out: training and prediction apply their own
    input 1x8x8 classes=2 > gap > flatten > fc
    """
    plan = expand(text)
    if isinstance(list(plan.layers())[-1].layer, Softmax):
        without = re.sub(r"[\s>]*\bsoftmax\s*$", "", text)
        if without == text:
            raise NotationError(
                "the network ends with a softmax inside a block; leave it out there"
            )
        say("the network's last softmax is left out: training and prediction apply their own")
        return with_logits(without, say)
    plan.check_classes()
    return text


def validation_fraction(collection: Collection) -> float:
    """Choose the share to hold out: a fifth of what may be learnt from, at most 5,000 images."""
    learnable = len(collection.splits) - collection.splits.count("test")
    return min(0.2, MOST_HELD_OUT / max(1, learnable))


def batch_size(n: int) -> int:
    """Choose images a step: about a fiftieth of them, a power of two from 16 to 256.

    >>> [batch_size(n) for n in (40, 1150, 48000)]
    [16, 32, 256]
    """
    return int(2 ** np.clip(round(np.log2(max(1, n) / 50)), 4, 8))


def epochs_for(n: int) -> int:
    """Choose passes: 1,200 over the square root of the number of images, 10 to 60.

    >>> [epochs_for(n) for n in (200, 1150, 12000, 48000)]
    [60, 35, 11, 10]
    """
    return int(np.clip(round(1200 / max(1, n) ** 0.5), 10, 60))


def has_batch_norm(network: ExpandedNetwork | None) -> bool:
    """Return whether a network normalises by its batch, which then needs more than one image.

    Args:
        network: None, a torch module whose layers are not looked at, may.

    >>> has_batch_norm(expand("input 1x8x8 classes=2 > bn > relu > gap > flatten > fc"))
    True
    >>> has_batch_norm(expand("input 1x8x8 classes=2 > flatten > fc")), has_batch_norm(None)
    (False, True)
    """
    return network is None or network.uses_batch_statistics


def learning_rate(network: ExpandedNetwork | None) -> float:
    """Return the peak learning rate: higher where batch normalisation steadies the network.

    Adam moves every weight by about the rate, and an output by that times the numbers it sums: so
    wide networks get a lower one, in inverse proportion, as Yang and others 2022 have it for Adam,
    https://arxiv.org/abs/2203.03466. What counts is the layer that the middle weight is of.

    >>> wide = "input 3x8x8 classes=2 > conv 512 > bn > relu > conv 512 > bn > gap > flatten > fc"
    >>> learning_rate(expand("input 1x8x8 classes=2 > conv 4 > bn > gap > flatten > fc"))
    0.005
    >>> round(learning_rate(expand(wide)), 5)  # 3 / (3 * 3 * 512)
    0.00065
    """
    if network is None or not has_batch_norm(network):
        return PLAIN_RATE
    weighted = [
        leaf.layer.tensors(leaf.input)["weight"]
        for leaf in network.layers()
        if isinstance(leaf, Leaf) and leaf.layer.width is not None
    ]
    summed = np.array([math.prod(shape[1:]) for shape in weighted])
    numbers = np.array([math.prod(shape) for shape in weighted])
    order = np.argsort(summed, kind="stable")
    held = np.cumsum(numbers[order])
    middle = summed[order][np.searchsorted(held, held[-1] / 2)] if len(held) else 1
    return float(min(RATE, WIDE / middle))
