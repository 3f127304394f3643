"""The drawings of learning.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from drawing import bare, explain, grid, plain, write
from sklearn.datasets import load_digits

from striate.architecture.aspects.numpy_pass import Visit
from striate.architecture.words import LeakyRelu, Relu, Sigmoid, Softmax
from striate.architecture.words.softmax import softmax_jacobian
from striate.backends import numpy
from striate.backends.numpy.losses import softmax_cross_entropy, squared_error
from striate.render import BLUE, GREEN, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from striate.architecture.aspects.numpy_pass import Array
    from striate.architecture.words import Layer

NN1 = np.array([[0.9, 0.1], [0.1, 0.9], [0.4, 0.6]])
NN2 = np.array([[0.6, 0.4], [0.3, 0.7], [0.1, 0.9]])


def digits() -> tuple[Array, Array]:
    """Give the digits as (image, channel, row, column) from 0 to 1, and their labels."""
    found = load_digits()
    return found.images[:, None] / 16, found.target


def with_slope(axes: Axes, word: Layer, name: str, reach: float) -> None:
    """Draw an activation and its slope."""
    x = np.linspace(-reach, reach, 801)[None]
    y, back = word.numpy_pass(x, Visit())
    axes.plot(x[0], y[0], color=BLUE, lw=2, label="y")
    slope = back(np.ones_like(x))["x"][0]
    axes.plot(x[0], slope, color=ORANGE, lw=2, ls=(0, (4, 2)), label="its slope")
    plain(axes, name, "x")
    explain(axes)


def relu_and_dead() -> None:
    """ReLU, and how many of 32 units are dead after training, by the learning rate."""
    images, labels = digits()
    network = "input 1x8x8 classes=10 > flatten > fc 32 > relu > fc"
    rates, dead = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0), []
    for rate in rates:
        batches = numpy.batches(images[:1000], labels[:1000], size=50, epochs=2)
        start = numpy.start(network)
        *_, learnt = numpy.train(network, start, batches, learning_rate=rate)
        units = numpy.forward(network, learnt.parameters, images).values["relu1"]
        dead.append(int((units == 0).all(axis=0).sum()))

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        with_slope(left, Relu(), "ReLU", 2)
        bars = right.bar([f"{rate:g}" for rate in rates], dead, color=ORANGE)
        right.bar_label(bars, fontsize=9)
        plain(right, "dead units of 32 after two epochs", "learning rate", lines=False)
        right.set_ylim(0, 36)

    write("relu", draw, 7.2, 2.5)


def leaky() -> None:
    """Leaky ReLU with a slope that can be seen."""

    def draw(figure: Figure) -> None:
        with_slope(figure.add_subplot(), LeakyRelu(0.1), "leaky ReLU, slope 0.1", 2)

    write("leaky", draw, 4.0, 2.5)


def vanishing() -> None:
    """The sigmoid's slope, and the gradients of ten layers."""
    images, labels = digits()
    sizes = {}
    for word in ("sigmoid", "relu"):
        network = f"input 1x8x8 classes=10 > flatten > [fc 32 > {word}]*10 > fc"
        passed = numpy.forward(network, numpy.start(network), images[:100])
        _, dy = numpy.softmax_cross_entropy(passed.output, numpy.one_hot(labels[:100], 10))
        found = numpy.backward(passed, dy).parameters
        sizes[word] = [np.abs(found[f"fc{layer}.weight"]).mean() for layer in range(1, 11)]

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        with_slope(left, Sigmoid(), "sigmoid", 8)
        for word, colour, mark in (("relu", BLUE, "o"), ("sigmoid", ORANGE, "s")):
            right.plot(range(1, 11), sizes[word], color=colour, marker=mark, ms=4, label=word)
        right.set_yscale("log")
        right.set_xticks(range(1, 11))
        plain(right, "mean size of the gradient of a weight", "layer")
        explain(right)

    write("vanishing", draw, 7.2, 2.6)


def softmax_and_jacobian() -> None:
    """Scores, shares, and how each share moves with each score."""
    scores = np.array([[2.0, 1.0, 0.1]])
    y, _ = Softmax().numpy_pass(scores, Visit())

    def draw(figure: Figure) -> None:
        axes = figure.subplots(1, 3)
        for each, values, title in ((axes[0], scores, "scores x"), (axes[1], y, "softmax y")):
            bars = each.bar(["0", "1", "2"], values[0], color=BLUE)
            each.bar_label(bars, fmt="%.2f", fontsize=9)
            plain(each, title, "class", lines=False)
            each.set_ylim(0, values.max() * 1.18)
        grid(axes[2], softmax_jacobian(y[0]), "dy[i] / dx[j]", form=".3f", size=9)
        axes[2].set_xlabel("score j", fontsize=9)
        axes[2].set_ylabel("share i", fontsize=9)

    write("softmax", draw, 7.2, 2.4)


def losses() -> None:
    """Three losses of the two networks."""
    truth = numpy.one_hot([0, 1, 0], 2)
    found = [
        ("classification error", lambda y: numpy.classification_error(y, truth)),
        ("squared error", lambda y: numpy.squared_error(y, truth)[0]),
        ("cross-entropy", lambda y: numpy.cross_entropy(y, truth)[0]),
    ]

    def draw(figure: Figure) -> None:
        for axes, (name, loss) in zip(figure.subplots(1, 3), found, strict=True):
            bars = axes.bar(["NN1", "NN2"], [loss(NN1), loss(NN2)], color=[BLUE, ORANGE])
            axes.bar_label(bars, fmt="%.2f")
            plain(axes, name, lines=False)
            axes.set_ylim(0, 1.25)

    write("losses", draw, 6.6, 2.3)


def steep() -> None:
    """Both losses behind a softmax of two, and their slopes, over the score of the truth."""
    x = np.linspace(-10, 6, 321)
    t = np.array([[1.0, 0.0]])
    rows = []
    for each in x:
        scores = np.array([[each, 0.0]])
        y, back = Softmax().numpy_pass(scores, Visit())
        square, slope = squared_error(y, t)
        entropy, steepness = softmax_cross_entropy(scores, t)
        rows.append((square, back(slope)["x"][0, 0], entropy, steepness[0, 0]))
    values = np.array(rows).T

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        for axes, (square, entropy), title in (
            (left, (values[0], values[2]), "loss"),
            (right, (values[1], values[3]), "its slope by the score"),
        ):
            axes.plot(x, entropy, color=BLUE, lw=2, label="cross-entropy")
            axes.plot(x, square, color=ORANGE, lw=2, ls=(0, (4, 2)), label="squared error")
            axes.axvspan(-10, -4, color=ORANGE, alpha=0.08, lw=0)
            plain(axes, title, "score of the true class, the other's being 0", lines=False)
        explain(left)
        right.text(-9.8, -0.5, "sure and wrong", fontsize=9)

    write("steep", draw, 7.2, 2.6)


def y_minus_t() -> None:
    """What is said, what is true, and the gradient."""
    scores, t = np.array([[2.0, 1.0, 0.1]]), np.array([[0.0, 1.0, 0.0]])
    y, _ = Softmax().numpy_pass(scores, Visit())
    _, gradient = softmax_cross_entropy(scores, t)

    def draw(figure: Figure) -> None:
        for axes, values, title, colour in zip(
            figure.subplots(1, 3),
            (y[0], t[0], gradient[0]),
            ("said: y", "true: t", "gradient by the scores: y - t"),
            (BLUE, GREEN, ORANGE),
            strict=True,
        ):
            bars = axes.bar(["0", "1", "2"], values, color=colour)
            axes.bar_label(bars, fmt="%.2f", fontsize=9)
            axes.axhline(0, color="black", lw=0.6)
            axes.set_ylim(-1.05, 1.2)
            plain(axes, title, "class", lines=False)

    write("y-minus-t", draw, 7.2, 2.3)


def dropout() -> None:
    """A digit, half of its numbers dropped, four times."""
    images, _ = digits()
    one = images[5:6]
    dropped = [
        numpy.forward("input 1x8x8 > dropout 0.5", {}, one, training=True, seed=seed).output
        for seed in range(4)
    ]

    def draw(figure: Figure) -> None:
        titles = ["as it is", *(f"training, step {step}" for step in range(1, 5))]
        for axes, values, title in zip(figure.subplots(1, 5), [one, *dropped], titles, strict=True):
            bare(axes, title)
            axes.imshow(values[0, 0], cmap="Blues", vmin=0, vmax=2, interpolation="nearest")
            axes.set_xlabel(f"mean {values.mean():.2f}", fontsize=9)

    write("dropout", draw, 7.6, 1.9)


ALL = (
    relu_and_dead,
    leaky,
    vanishing,
    softmax_and_jacobian,
    losses,
    steep,
    y_minus_t,
    dropout,
)
