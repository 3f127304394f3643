"""A drawing in a network: laid as its training images lie, and compared with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np

from striate.errors import ImageError
from striate.model.classifier import Classifier
from striate.model.segmentation.glyph_frame import GlyphFrame
from striate.model.segmentation.glyph_frame import Kind as FrameKind
from striate.model.segmentation.ink import find_ink
from striate.studio_app.drawing.likeness import (
    Likeness,
    choose_layout,
    has_bright_ink,
    learn_likeness,
)
from striate.studio_app.drawing.strokes import MNIST, Stroke, lay, measure_extent
from striate.studio_app.images import Images
from striate.studio_app.networks import Networks, OpenNetwork
from striate.studio_app.scenes import Scene, Scenes

SMALLEST = 0.05  # of the pad: less is a dot
DRAWN = "drawing"  # begins the names of drawings where an address of an image stands


@dataclass(frozen=True, eq=False)
class Drawing:
    """What stands on the pad.

    Attributes:
        strokes: in shares of the pad.
        picture: the address of an image that was dragged there instead; "" for none.
    """

    strokes: tuple[Stroke, ...]
    picture: str = ""

    @property
    def state(self) -> str:
        """Tell "empty", "dot" or "drawn"."""
        if self.picture:
            return "drawn"
        if not any(map(len, self.strokes)):
            return "empty"
        return "dot" if measure_extent(self.strokes) < SMALLEST else "drawn"


@dataclass(frozen=True, eq=False)
class Pad:
    """Lets drawings pass through networks.

    Args:
        networks: that there are.
        images: that there are.
        scenes: where drawings are kept, so that they can be looked into.
    """

    networks: Networks
    images: Images
    scenes: Scenes
    _known: WeakKeyDictionary[OpenNetwork, Likeness] = field(default_factory=WeakKeyDictionary)
    _lock: Lock = field(default_factory=Lock)

    def see(self, network: str, drawing: Drawing, name: str) -> Scene:
        """Return a drawing in a network.

        Args:
            network: its address.
            drawing: what stands on the pad.
            name: under which it is kept.

        Raises:
            StriateError: the network or the image is missing, or nothing stands out in the image.
        """
        model = self.networks.open(network).classifier
        return self.scenes.see(network, self.lay(model, drawing), name)

    def lay(self, model: Classifier, drawing: Drawing) -> np.ndarray:
        """Return a drawing as the training images of a classifier are: uint8 (rows, columns, ...).

        Raises:
            StriateError: the image is missing, or nothing stands out in it.
        """
        if drawing.picture:
            return self._lay_picture(model, self.images.open(drawing.picture))
        layout = choose_layout(model)
        if drawing.state == "empty":
            laid = np.zeros((layout.side, layout.side), np.uint8)
        else:
            laid = lay(drawing.strokes, layout)
        return _with_channels(model, laid)

    def _lay_picture(self, model: Classifier, picture: np.ndarray) -> np.ndarray:
        layout = choose_layout(model)
        if model.preprocess.channels != 1 or picture.shape[:2] == (layout.side, layout.side):
            return picture  # a photograph, or laid already
        try:
            ink = find_ink(picture)
        except ImageError as error:
            raise ImageError(f"no digit stands out in this image: {error}") from error
        rows, columns = np.nonzero(ink.mask)
        cut = ink.values[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        kind: FrameKind = "centred" if layout is MNIST else "filling"
        frame = GlyphFrame(1, layout.side, layout.side, kind, bright=True)
        return _with_channels(model, frame.lay(cut)[0])

    def likeness(self, network: str) -> Likeness | None:
        """Return what is known of a network's digits, if that has been worked out."""
        return self._known.get(self.networks.open(network))

    def learn(self, network: str) -> tuple[Likeness | None, str]:
        """Work out what a network has learnt; None, and why, where that cannot be known.

        Raises:
            StriateError: the network is missing, or its data cannot be read.
        """
        opened = self.networks.open(network)
        model = opened.classifier
        if model.preprocess.channels != 1:
            return None, "colour"
        if opened.note:
            return None, "untrained"
        if opened.data is None:
            return None, "no data"
        with self._lock:
            if opened not in self._known:
                own, handwritings = opened.copy(), opened.handwritings
                self._known[opened] = (
                    learn_likeness(own, opened.data)
                    if handwritings is None
                    else learn_likeness(own, handwritings, other_hands=True)
                )
        return self._known[opened], ""


def _with_channels(model: Classifier, laid: np.ndarray) -> np.ndarray:
    """Return ink as a picture: bright or dark, as the classifier has learnt it."""
    shown = laid if has_bright_ink(model) else 255 - laid
    return np.repeat(shown[:, :, None], model.preprocess.channels, axis=2)
