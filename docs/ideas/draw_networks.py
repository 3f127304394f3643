"""The drawings of networks.md; the trained networks are those of its examples."""

from __future__ import annotations

import doctest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from drawing import bare, explain, pixels, plain, write

from striate import summary
from striate.render import BLUE, GREEN, ORANGE
from striate.render.feature_map_plot import Scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE = Path(__file__).with_name("networks.md")
NAMES: dict[str, Any] = {}  # what the page's examples define, once they have run


def page() -> dict[str, Any]:
    """Run the examples of the page, once, and give the names they define."""
    if not NAMES:
        text = PAGE.read_text("utf-8")
        test = doctest.DocTestParser().get_doctest(text, {}, PAGE.name, str(PAGE), 0)
        flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
        if doctest.DocTestRunner(optionflags=flags).run(test, clear_globs=False).failed:
            raise SystemExit("the examples of networks.md fail; mend them first")
        NAMES.update(test.globs)
    return NAMES


def backward() -> None:
    """LeNet-5's costs forward and backward, layer by layer."""
    rows = [row for row in summary("lenet5").layers if row.macs]
    names = [row.name for row in rows]
    forward = np.array([row.macs for row in rows])
    for_input = forward * (np.arange(len(rows)) > 0)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        at = np.arange(len(rows))
        axes.bar(at - 0.2, forward, 0.38, color=BLUE, label="forward")
        axes.bar(at + 0.2, forward, 0.38, color=ORANGE, label="backward: of the weights")
        axes.bar(
            at + 0.2, for_input, 0.38, bottom=forward, color=GREEN, label="backward: of the input"
        )
        axes.set_xticks(at, names)
        plain(axes, "multiply-accumulates of LeNet-5 for one image")
        axes.yaxis.set_major_formatter("{x:,.0f}")
        explain(axes)

    write("backward", draw, 6.4, 2.6)


def complexity() -> None:
    """How the cost of a convolution grows."""

    def macs(side: int = 32, channels: int = 64, kernel: int = 3) -> int:
        conv = f"conv {kernel}x{kernel} {channels}"
        return summary(f"input {channels}x{side}x{side} > {conv}").macs

    def draw(figure: Figure) -> None:
        sides, counts, kernels = (16, 32, 64, 128, 256), (16, 32, 64, 128, 256), (1, 3, 5, 7, 9)
        for axes, places, values, name in zip(
            figure.subplots(1, 3, sharey=True),
            (sides, counts, kernels),
            (
                [macs(side=n) for n in sides],
                [macs(channels=n) for n in counts],
                [macs(kernel=n) for n in kernels],
            ),
            ("side of the image", "channels in and out", "side of the kernel"),
            strict=True,
        ):
            axes.plot(places, values, "o-", color=BLUE, ms=4)
            axes.set(xscale="log", yscale="log")
            axes.set_xticks(places, [str(place) for place in places])
            axes.minorticks_off()
            plain(axes, "MACs" if "image" in name else "", name)

    write("complexity", draw, 7.2, 2.4)


def hierarchy() -> None:
    """First filters, maps of each stage, and what the layers tell."""
    import torch

    names = page()
    trained, shown = names["trained"], names["images"][10:13]
    filters = trained.unit1.conv1.weight.detach().numpy()[:, 0]
    maps, values = [], shown
    with torch.no_grad():
        for name, layer in trained.named_children():
            values = layer(values)
            if name in ("unit1", "unit2", "unit4"):
                maps.append((name, values.numpy()))
    top = np.abs(filters).max()

    def draw(figure: Figure) -> None:
        left, right = figure.subfigures(1, 2, width_ratios=[1.5, 1])
        rows = left.subplots(5, 8)
        for axes, each in zip(rows[0], filters, strict=True):
            bare(axes)
            axes.imshow(Scale(-top, top).colours(each), interpolation="nearest")
        for number, row in enumerate(rows[1:]):
            channels = shown[:1, 0] if number == 0 else maps[number - 1][1][0, :8]
            for place, axes in enumerate(row):
                bare(axes)
                if place < len(channels):
                    image = channels[place]
                    high = max(float(image.max()), 1e-6)
                    pixels(axes, np.asarray(image), low=0, high=high)
        labels = ("filters", "a digit", "unit1", "unit2", "unit4")
        for row, label in zip(rows, labels, strict=True):
            row[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=9)
        axes = right.add_subplot()
        keys = ["pixels", "unit1", "unit2", "unit3", "unit4", "gap1"]
        for found, colour, mark, label in (
            (names["after"], BLUE, "o", "trained"),
            (names["before"], ORANGE, "s", "untrained"),
        ):
            axes.plot(
                keys, [100 * found[key] for key in keys], marker=mark, color=colour, label=label
            )
        plain(axes, "accuracy of the nearest class mean, %")
        explain(axes)
        axes.set_ylim(40, 100)

    write("hierarchy", draw, 8.6, 3.0)


def transfer() -> None:
    """The mirrored digits, and both ways by the number of images a class."""
    names = page()
    counts, seeds = (1, 2, 3, 5, 10), range(5)
    found = np.array([[names["told"](count, seed) for seed in seeds] for count in counts])

    def draw(figure: Figure) -> None:
        left, right = figure.subfigures(1, 2, width_ratios=[1, 2])
        places = left.subplots(3, 2)
        for row, number in zip(places, (2, 3, 5), strict=True):
            pixels(row[0], names["images"][number, 0].numpy(), low=0, high=1)
            pixels(row[1], names["mirrored"][number, 0].numpy(), low=0, high=1)
        places[0, 0].set_title("learnt", fontsize=9)
        places[0, 1].set_title("to be told", fontsize=9)
        axes = right.add_subplot()
        for way, colour, mark, label in (
            (0, BLUE, "o", "frozen body, a new fc"),
            (1, ORANGE, "s", "a new network"),
        ):
            shares = 100 * found[:, :, way]
            axes.fill_between(
                counts, shares.min(axis=1), shares.max(axis=1), color=colour, alpha=0.2, lw=0
            )
            axes.plot(counts, shares.mean(axis=1), marker=mark, color=colour, label=label)
        axes.set_xticks(counts)
        plain(axes, "accuracy, %; five draws, all within the band", "images a class")
        explain(axes, "lower right")

    write("transfer", draw, 7.2, 2.8)


ALL = (backward, complexity, hierarchy, transfer)
