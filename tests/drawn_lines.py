"""Lines of type, drawn with the font that Pillow brings, and a classifier that has learnt it."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from sklearn.linear_model import LogisticRegression

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.model.classifier import Classifier
from striate.model.segmentation.glyph_frame import GlyphFrame
from striate.model.segmentation.grouping import lean

DIGITS = "0123456789"
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
FRAME = GlyphFrame(1, 28, 28, "centred", bright=True)


def draw_text(
    text: str, *, size: int = 40, spacing: int = 4, paper: float = 250, ink: float = 20
) -> np.ndarray:
    """Draw a line of type: uint8 (rows, columns). Letters stand ``spacing`` pixels apart.

    With less than 0 they overlap, and so touch.
    """
    font = ImageFont.load_default(size)
    made = [_draw_letter(letter, font, size) for letter in text]
    widths = [each.shape[1] + spacing for each in made]
    line = np.zeros((len(made[0]) + 2 * (size // 2), sum(widths) - spacing + 2 * (size // 2)))
    left = size // 2
    for each, width in zip(made, widths, strict=True):
        part = line[size // 2 :, left : left + each.shape[1]][: len(each)]
        np.maximum(part, each, out=part)
        left += width
    return np.rint(paper + (ink - paper) * line).astype(np.uint8)


def _draw_letter(letter: str, font: Font, size: int) -> np.ndarray:
    """Draw one letter, cut at its left and right: 0 to 1."""
    image = Image.new("L", (2 * size, 2 * size))
    ImageDraw.Draw(image).text((size // 2, size // 4), letter, fill=255, font=font)
    drawn = np.asarray(image, np.float64)[size // 4 : size // 4 + round(1.2 * size)] / 255
    inked = np.flatnonzero(drawn.max(0) > 0.4)
    if not len(inked):  # a blank
        return np.zeros((len(drawn), size // 2))
    return drawn[:, inked[0] : inked[-1] + 1]


@functools.cache
def learn_type(classes: str = DIGITS) -> Classifier:
    """Return a classifier of this font: a softmax regression on 28x28 pixels, as MNIST has them."""
    font = ImageFont.load_default(48)
    images, labels = [], []
    generator = np.random.default_rng(0)
    for label, letter in enumerate(classes):
        drawn = _draw_letter(letter, font, 48)
        drawn = drawn[np.flatnonzero(drawn.max(1) > 0.4)[0] :]
        drawn = drawn[: np.flatnonzero(drawn.max(1) > 0.4)[-1] + 1]
        for _ in range(40):
            squeezed = np.asarray(_resize(drawn, generator.uniform(0.8, 1.2, 2)))
            leaning = lean(squeezed.astype(np.float32), float(generator.uniform(-0.3, 0.3)))
            laid = FRAME.lay(leaning)[0] / 255
            images.append(np.roll(laid, generator.integers(-1, 2, 2), (0, 1)))
            labels.append(label)
    x = np.stack(images).reshape(len(images), -1)
    mean, std = float(x.mean()), float(x.std())
    learnt = LogisticRegression(C=0.3, max_iter=1000).fit((x - mean) / std, labels)
    text = f"input 1x28x28 classes={len(classes)} > flatten > fc"
    network = build(text)
    with torch.no_grad():
        weight, bias = network.parameters()
        weight.copy_(torch.tensor(learnt.coef_))
        bias.copy_(torch.tensor(learnt.intercept_))
    preprocess = Preprocess(1, 28, 28, mean=(mean,), std=(std,))
    return Classifier(network, text, tuple(classes), preprocess)


def _resize(drawn: np.ndarray, by: Sequence[float] | np.ndarray) -> Image.Image:
    size = (max(2, round(drawn.shape[1] * by[1])), round(drawn.shape[0] * by[0]))
    return Image.fromarray(drawn.astype(np.float32)).resize(size, Image.Resampling.BILINEAR)
