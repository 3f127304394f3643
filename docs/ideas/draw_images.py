"""The drawings of images.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from drawing import explain, grid, plain, write

from striate import summary
from striate.render import BLUE, GREEN, ORANGE, PALE
from striate.teaching.convolution import Filter, convolve

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def three_matrices() -> None:
    """A drawn image of 6x7 pixels and its three matrices."""
    image = np.full((6, 7, 3), (120, 180, 255), np.uint8)  # sky
    image[4:] = (60, 150, 60)  # grass
    image[0:2, 5:7] = (255, 210, 40)  # sun
    image[2:5, 1:4] = (200, 60, 40)  # a house
    image[3:5, 2] = (90, 50, 30)  # its door

    def draw(figure: Figure) -> None:
        first, *parts = figure.subplots(1, 4)
        first.imshow(image, interpolation="nearest")
        first.set_title("what we see", fontsize=10)
        first.set_axis_off()
        for axes, values, name in zip(
            parts, np.moveaxis(image, 2, 0), ("red", "green", "blue"), strict=True
        ):
            grid(axes, values, name, grey=True, form="d", size=6.5)

    write("three-matrices", draw, 8.4, 2.2)


def integral() -> None:
    """Two boxes that slide over each other, and the triangle that comes of it."""

    def draw(figure: Figure) -> None:
        *places, last = figure.subplots(1, 4, width_ratios=[1, 1, 1, 1.3])
        for axes, t in zip(places, (0.5, 1.0, 1.6), strict=True):
            axes.fill_between([0, 1], [1, 1], color=BLUE, alpha=0.3, lw=0, step="post")
            axes.fill_between([t - 1, t], [1, 1], color=ORANGE, alpha=0.3, lw=0, step="post")
            low, high = max(0.0, t - 1), min(1.0, t)
            axes.fill_between([low, high], [1, 1], color=GREEN, alpha=0.8, lw=0)
            axes.text(
                (low + high) / 2, 0.5, f"{high - low:.1f}", ha="center", color="white", fontsize=9
            )
            plain(axes, f"t = {t:g}")
            axes.set(xlim=(-1.1, 2.1), ylim=(0, 1.3), yticks=[0, 1])
        t = np.linspace(0, 2, 201)
        box = np.ones(1000)
        whole = np.convolve(box, box) / 1000
        last.plot(np.linspace(0, 2, len(whole)), whole, color=GREEN)
        for mark in (0.5, 1.0, 1.6):
            last.plot(mark, 1 - abs(1 - mark), "o", color=GREEN)
        plain(last, "overlap: (f * g)(t)", "t")
        last.set(ylim=(0, 1.3), yticks=[0, 1], xlim=(t[0], t[-1]))

    write("integral", draw, 8.0, 1.9)


def signal() -> None:
    """A noisy step signal, averaged and differentiated."""
    generator = np.random.default_rng(1)
    steps = np.repeat([0.0, 4.0, 1.0, 3.0], 25) + generator.normal(0, 0.5, 100)
    mean = convolve(steps[None], np.ones((1, 9))).map[0] / 9
    rise = convolve(mean[None], "-1 0 1").map[0]

    def draw(figure: Figure) -> None:
        axes = figure.subplots(1, 3)
        for each, values, first, colour, title in (
            (axes[0], steps, 0, PALE, "a signal"),
            (axes[1], mean, 4, BLUE, "the mean of 9 neighbours"),
            (axes[2], rise, 5, ORANGE, "-1 0 1 over that: rises and falls"),
        ):
            each.plot(np.arange(first, first + len(values)), values, color=colour, lw=1.5)
            plain(each, title)
            each.set_xlim(0, 100)

    write("signal", draw, 8.4, 1.9)


def flip() -> None:
    """One bright pixel under a kernel, as it is and turned around."""
    dot = np.zeros((5, 5))
    dot[2, 2] = 1
    kernel = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]])

    def draw(figure: Figure) -> None:
        axes = figure.subplots(1, 4, width_ratios=[5, 3, 5, 5])
        turned = Filter.of(kernel, flip=True)
        grid(axes[0], dot, "one bright pixel", form=".0f")
        grid(axes[1], kernel, "the kernel", form="d")
        values = convolve(dot, kernel, pad="same").map
        grid(axes[2], values, "correlation (deep learning)", form=".0f")
        values = convolve(dot, turned, pad="same").map
        grid(axes[3], values, "convolution (mathematics)", form=".0f")

    write("flip", draw, 8.4, 2.3)


def locality() -> None:
    """Parameters by the side of the image: full, local and shared."""
    sides = np.array([8, 16, 32, 64, 128, 224])

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        full = [summary(f"input 3x{n}x{n} > flatten > fc {10 * n * n}").parameters for n in sides]
        shared = [summary(f"input 3x{n}x{n} > conv 5x5 10").parameters for n in sides]
        local = 10 * sides**2 * (5 * 5 * 3 + 1)
        for values, colour, mark, name in (
            (full, ORANGE, "s", "full connection"),
            (local, GREEN, "^", "5x5 windows, each with its own weights"),
            (shared, BLUE, "o", "5x5 windows with shared weights"),
        ):
            axes.plot(sides, values, color=colour, marker=mark, markersize=4, label=name)
            axes.annotate(
                f"{values[-1]:,}",
                (sides[-1], values[-1]),
                (6, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
            )
        axes.set(xscale="log", yscale="log", xlim=(7, 230), ylim=(100, 1e12))
        axes.set_xticks(sides, [f"{n}x{n}" for n in sides])
        axes.minorticks_off()
        plain(axes, "parameters from a colour image to ten maps", "pixels of the image")
        explain(axes, "upper left")

    write("locality", draw, 7.2, 3.0)


ALL = (three_matrices, integral, signal, flip, locality)
