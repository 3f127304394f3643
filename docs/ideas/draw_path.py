"""The drawings of a worked path, from pixels to a loss and back, and of a convolution's matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from drawing import bare, grid, write

import striate as st
from striate.render import BLUE, INK, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SMILE = "0000000/0100010/0000000/0001000/0100010/0011100/0000000"
PARAMETERS = {
    "fc1.weight": [[1, 0, 0, 1, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0, 1, 0, 0]],
    "fc1.bias": [-3, 1],
}
NETWORK = "maxpool 2 ceil=yes > flatten > fc 2 > softmax"


def path() -> None:
    """Every value of the smile's way to a loss, and every gradient on the way back."""
    found = st.teaching.work_through(
        st.convolve(SMILE, "001/100/011"),
        NETWORK,
        parameters=PARAMETERS,
        classes=("smile", "other"),
        label="smile",
    )
    names = ["image", "conv1", "maxpool1", "flatten1", "fc1", "softmax1"]
    titles = ["image", "feature map", "pooled", "flattened", "scores", "softmax y"]

    def draw(figure: Figure) -> None:
        axes = figure.subplots(2, 6, width_ratios=[7, 6, 5, 2.6, 2.6, 3.2])
        for column, (name, title) in enumerate(zip(names, titles, strict=True)):
            step = found.step(name)
            grid(axes[0, column], plane(step.values), title, form=".3g", size=7)
            if step is found.steps[-1]:
                show_loss(axes[1, column])
            elif step.gradient is not None:
                slopes = np.round(plane(step.gradient), 2) + 0.0
                title = "y - t" if name == "fc1" else "its gradient"
                size = 5 if name == "flatten1" else 6
                grid(axes[1, column], slopes, title, form=".2g", size=size, reach=0.7)
        figure.text(0.004, 0.73, "forward", rotation=90, va="center", fontsize=9, color=ORANGE)
        figure.text(0.004, 0.25, "back", rotation=90, va="center", fontsize=9, color=BLUE)

    def show_loss(axes: Axes) -> None:
        bare(axes, "loss")
        told = f"-ln 0.731\n= {found.loss.value:.3f}" if found.loss else ""
        axes.text(0.5, 0.5, told, ha="center", va="center", fontsize=9, color=INK)

    write("path", draw, 8.5, 3.7)


def plane(values: np.ndarray) -> np.ndarray:
    """One map, or features as a column."""
    return values[0] if values.ndim == 3 else values[:, None]


def matrix() -> None:
    """The matrix of a convolution, beside the patches and the kernel of im2col."""
    image = np.arange(1.0, 17).reshape(4, 4)
    found = st.convolve(image, "1 -2; 3 -1").as_convolution_matrix()

    def draw(figure: Figure) -> None:
        axes = figure.subplots(1, 3, width_ratios=[16, 5, 1.6])
        dense, stands = found.dense(), found.stands()
        grid(axes[0], dense, "T, on all 16 pixels: y = T x", form=".0f", size=7)
        for text, there in zip(axes[0].texts, stands.ravel(), strict=True):
            text.set_visible(bool(there))
        grid(axes[1], found.patches, "P, the patches", form=".0f", size=7, reach=60)
        grid(axes[2], found.weights, "W", form=".0f", size=7)

    write("matrix", draw, 8.2, 3.2)


ALL = (path, matrix)
