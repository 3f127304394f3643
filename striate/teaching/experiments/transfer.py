"""Layers that learnt something else, lent to a new task: what do they save, and what did they cost?

Grey images, such as digits, are divided: a network learns the first half of the classes and lends
its layers to the other half. For colour images a trained backbone that is installed lends its own.
The same few images are then learnt by a new head on these layers, which stay as they are, by all
layers trained on from there, and by a network that begins from scratch.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING

from striate.architecture import zoo
from striate.architecture.layer_table import summary
from striate.architecture.notation import parse
from striate.errors import SettingError, WeightsError
from striate.teaching.experiments.design import (
    Design,
    Given,
    Pixels,
    Views,
    count_pools,
    keep_pixels,
    make_network,
    write_input_line,
)
from striate.teaching.experiments.experiment_result import ComparedNetwork
from striate.teaching.experiments.transfer_findings import (
    FROZEN,
    SCRATCH,
    TRAINED_ON,
    Lender,
    describe,
)

if TYPE_CHECKING:
    from striate.features.backbone import Backbone

COUNTS = (5, 20, 100)  # images a class
WIDTH = 24
QUESTION = "Few images: layers that learnt something else, or a network from scratch?"
PUBLISHED = {"efficientnet_lite0": 350, "mobilenet_v2": 300}
"""Epochs of the published training: the default of EfficientNet's program (218,949 steps of 2,048
images, github.com/tensorflow/tpu, models/official/efficientnet/main.py), and torchvision's
reference (github.com/pytorch/vision, references/classification)."""


def divides(given: Given) -> bool:
    """Whether half of the classes lend to the other half; else a backbone does."""
    return given.shape[0] == 1


def count_lent(classes: int) -> int:
    """Return how many classes, the first ones, are learnt by the network that lends.

    >>> count_lent(10), count_lent(5)
    (5, 2)
    """
    return classes // 2


def name_way(count: int) -> str:
    """Name a way by its images a class.

    >>> name_way(20), parse_count(name_way(20))
    ('20 a class', 20)
    """
    return f"{count} a class"


def parse_count(way: str) -> int:
    """Return the images a class of a named way."""
    return int(way.split()[0])


def choose_counts(fewest: int | None) -> tuple[int, ...]:
    """Choose the images a class: 5, 20 and 100, as far as the smallest class has them.

    >>> choose_counts(None), choose_counts(60), choose_counts(3)
    ((5, 20, 100), (5, 20), (3,))
    """
    if fewest is None:
        return COUNTS
    return tuple(count for count in COUNTS if count <= fewest) or (fewest,)


@functools.lru_cache(1)
def open_lender(rows: int, columns: int) -> Backbone:
    """Open the first trained backbone that is at hand without a download, for images of a size.

    Raises:
        WeightsError: none is.
    """
    from striate.events import ignore
    from striate.features.backbone import open_first_backbone
    from striate.settings import Settings

    try:
        return open_first_backbone(
            Settings(image_size=(rows, columns), offline=True), callback=ignore
        )
    except WeightsError as error:
        raise WeightsError(
            f"no trained backbone is installed to lend its layers: {error}"
        ) from error


def make_networks(given: Given) -> tuple[ComparedNetwork, ...]:
    """Return the networks that are compared, for the classes of the new task.

    >>> [each.parameters for each in make_networks(Given((1, 8, 8), 10, (0,)))]
    [5621, 5621, 5621]

    Raises:
        SettingError: there are too few classes.
        WeightsError: no backbone is installed.
    """
    shape = given.shape
    if divides(given):
        if given.classes < 4:
            raise SettingError(
                f"transfer divides the classes of grey images, and there are {given.classes}; "
                "expected four or more: half of them lend, half are learnt. Take other --data; "
                "colour images need two classes"
            )
        line = write_input_line(shape, given.classes - count_lent(given.classes))
        unit = f"[conv {WIDTH} bias=no > bn > relu > maxpool 2]*{count_pools(min(shape[1:]))}"
        text = f"{line}\n{unit} > gap > flatten > fc"
        return tuple(make_network(name, text) for name in (FROZEN, TRAINED_ON, SCRATCH))
    backbone = open_lender(*shape[1:])
    lent = str(parse(zoo.text(backbone.name)).with_input(shape, classes=given.classes))
    scratch = zoo.compact(shape, given.classes)
    return (
        replace(make_network(FROZEN, lent), known_as=f"{backbone.name}, with a new fc"),
        replace(make_network(SCRATCH, scratch), known_as="compact"),
    )


def make_design(given: Given) -> Design:
    """Design the experiment for images of a shape."""
    compared = make_networks(given)
    lender = None
    if not divides(given):
        name = open_lender(*given.shape[1:]).name
        lender = Lender(name, summary(zoo.text(name)).macs, PUBLISHED.get(name))
    counts = choose_counts(given.fewest)

    def views(pixels: Pixels, network: ComparedNetwork) -> Views:
        return iter(())  # each trial tests on the classes of its task

    return Design(
        QUESTION,
        compared,
        tuple(map(name_way, counts)),
        keep_pixels,
        views,
        functools.partial(describe, lender=lender, networks=compared),
    )
