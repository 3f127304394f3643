"""Networks of many sizes, with dropout and without: how far is what they learnt from what they can?

Dropout drops units: in each training step it sets a random half of them to 0, with all their
connections. DropConnect (Wan and others 2013) drops connections: single weights are 0 for a step,
and the units stay; the notation has no word for it.
"""

from __future__ import annotations

from striate.teaching.experiments.design import (
    Design,
    Given,
    Pixels,
    Views,
    format_share,
    keep_pixels,
    make_network,
    tell_difference,
    write_input_line,
)
from striate.teaching.experiments.experiment_result import ComparedNetwork, Outcome

UNITS = (16, 64, 256, 1024)
WITHOUT, WITH = "without", "dropout 0.5"
TRAINING, TEST = "training images", "test images"
QUESTION = (
    "Small and large networks, with dropout and without: how far apart are training and test?"
)


def name_network(kind: str, units: int) -> str:
    """Name a network.

    >>> name_network(WITH, 64), parse_kind(name_network(WITH, 64))
    ('dropout 0.5, 64 units', 'dropout 0.5')
    """
    return f"{kind}, {units} units"


def parse_kind(name: str) -> str:
    """Return whether a named network has dropout: `WITH` or `WITHOUT`."""
    return name.split(",")[0]


def parse_units(name: str) -> int:
    """Return the units of a named network.

    >>> parse_units("without, 16 units")
    16
    """
    return int(name.split(", ")[1].split()[0])


def make_networks(shape: tuple[int, int, int], classes: int) -> tuple[ComparedNetwork, ...]:
    """Return the networks, with dropout and without; dropout has no weights.

    >>> [(each.name, each.parameters) for each in make_networks((1, 8, 8), 10)][:2]
    [('without, 16 units', 1482), ('dropout 0.5, 16 units', 1482)]
    """
    line = write_input_line(shape, classes)
    return tuple(
        make_network(
            name_network(kind, units), f"{line}\nflatten > [fc {units} > relu{word}]*2 > fc"
        )
        for units in UNITS
        for kind, word in ((WITHOUT, ""), (WITH, " > dropout 0.5"))
    )


def make_design(given: Given) -> Design:
    """Design the experiment for images of a shape."""

    def views(pixels: Pixels, network: ComparedNetwork) -> Views:
        yield TEST, parse_units(network.name), [pixels]

    compared = make_networks(given.shape, given.classes)
    return Design(QUESTION, compared, ("",), keep_pixels, views, conclude)


def take_gaps(outcome: Outcome, name: str) -> list[float]:
    """Return by how many points training images are known better than test images, a seed."""
    training, test = (outcome.point(name, each).accuracies for each in (TRAINING, TEST))
    return [100 * (a - b) for a, b in zip(training, test, strict=True)]


def conclude(outcome: Outcome) -> tuple[str, ...]:
    """Describe the gaps with and without dropout, and why."""
    largest, smallest = UNITS[-1], UNITS[0]
    said = []
    for units in (smallest, largest):
        plain, dropped = (name_network(kind, units) for kind in (WITHOUT, WITH))
        gap = [
            a - b
            for a, b in zip(take_gaps(outcome, dropped), take_gaps(outcome, plain), strict=True)
        ]
        test = [
            100 * (a - b)
            for a, b in zip(
                outcome.point(dropped, TEST).accuracies,
                outcome.point(plain, TEST).accuracies,
                strict=True,
            )
        ]
        told = "; ".join(
            f"{kind} {format_share(outcome.point(name, TRAINING).accuracy.mean)} of the training "
            f"and {format_share(outcome.point(name, TEST).accuracy.mean)} of the test images"
            for kind, name in ((WITHOUT, plain), (WITH, dropped))
        )
        said.append(
            f"{units:,} units: {told}. Dropout changes the gap between the two by "
            f"{tell_difference(gap)}, and the accuracy on test images by {tell_difference(test)}."
        )
    return (
        *said,
        "Dropout drops units: in every training step a random half of them is 0, with all their "
        "connections, so that no unit can rely on another. DropConnect drops connections: single "
        "weights are 0 for a step, and the units stay. A network with few units has none to "
        "spare; one with many can learn its training images by heart, and dropout makes that "
        "harder. Nothing is dropped in testing, on training and on test images alike.",
    )
