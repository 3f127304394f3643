"""Training digits as other writers would draw them on the pad.

Scikit-learn's digits come from few people. What a pad gives differs: its pen is even, and whoever
draws leans, curves and ends the lines differently. So each training digit is traced, its strokes
are bent a little, and laid as the pad lays them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from striate.data.collection import Collection
from striate.data.sources.digits import choose_test_split
from striate.studio_app.drawing.skeleton import find_strokes
from striate.studio_app.drawing.strokes import DIGITS, LEAST, Stroke, lay

COPIES = 3  # of each training digit
TURN, LEAN, STRETCH = 0.25, 0.3, 0.25  # standard deviations: radians, shear, log of the width
BEND, WAVES = 0.05, 4  # of the height, each wave; how many
SLOWEST, FASTEST = 1.6, 5.0  # radians of a wave along the height
PENS = (0.75, 1.25)  # of the pad's pen
FINE = 48  # pixels a side, in which digits of 8 x 8 are traced
SEED = 0


def draw_anew(strokes: Sequence[Stroke], draw: np.random.Generator) -> list[Stroke]:
    """Return strokes as another hand might draw them: turned, leaning, stretched and bent.

    Args:
        strokes: with one point at least.
        draw: of the differences.

    >>> bar = [np.array([[0.0, 0.0], [0.0, 1.0]])]
    >>> draw_anew(bar, np.random.default_rng(1))[0].shape
    (2, 2)
    """
    points = np.concatenate(list(strokes))
    low, size = points.min(axis=0), max(float(np.ptp(points, axis=0).max()), LEAST)
    turn, lean, wide = draw.normal(0, (TURN, LEAN, STRETCH))
    around = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    shape = around @ np.array([[np.exp(wide), lean], [0, 1]])
    pace, phase = draw.uniform(SLOWEST, FASTEST, (2, WAVES)), draw.uniform(0, 2 * np.pi, WAVES)
    height = draw.normal(0, BEND, (WAVES, 2))
    placed = ((stroke - low) / size for stroke in strokes)
    return [(each + np.sin(each @ pace + phase) @ height) @ shape.T for each in placed]


def add_hands(digits: Collection, *, copies: int = COPIES, seed: int = SEED) -> Collection:
    """Return scikit-learn's digits, to which digits of other handwritings are added.

    Of the training split every fifth image becomes the validation split, with all that is drawn
    after it. The test split stays as it is.

    Args:
        digits: as `find_digits` gives them.
        copies: of each training image.
        seed: of the differences.
    """
    images = np.stack([np.asarray(digits.open(place)) for place in range(len(digits))])
    draw = np.random.default_rng(seed)
    splits = np.array(digits.splits)
    train = np.flatnonzero(splits == "train")
    splits[train[choose_test_split(digits.labels[train])]] = "val"
    traced = [find_strokes(images[place] / 255, fine=FINE) for place in train]
    drawn = [
        lay(draw_anew(strokes, draw), replace(DIGITS, pen=DIGITS.pen * draw.uniform(*PENS)))
        for _ in range(copies)
        for strokes in traced
    ]
    return replace(
        digits,
        content=np.concatenate([images, np.stack(drawn)]),
        labels=np.concatenate([digits.labels, np.tile(digits.labels[train], copies)]),
        names=digits.names
        + tuple(
            f"{digits.names[place]}, drawn anew {number}"
            for number in range(1, copies + 1)
            for place in train
        ),
        splits=tuple(str(each) for each in (*splits, *np.tile(splits[train], copies))),
        notes=(*digits.notes, f"each training digit drawn anew by {copies} other writers"),
    )
