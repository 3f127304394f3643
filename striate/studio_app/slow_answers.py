"""What takes seconds: learning the digits, a unit's top images, an image made for it.

Each works on a module of its own, so that looking goes on meanwhile, and says how far it is.
"""

from __future__ import annotations

import tempfile
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Final

import numpy as np

from striate.data import Data
from striate.data.sources.digits import find_digits
from striate.errors import SettingError
from striate.events import Callback, Epoch, Event, Note, Progress, ignore
from striate.explanation.activation_maximization import VisualizationSettings, visualize_unit
from striate.explanation.image_ranking import top_activations
from striate.explanation.unit_activations import TopActivations
from striate.explanation.unit_patches import crop_patches
from striate.model.json_value import Json
from striate.settings import Settings
from striate.studio_app.drawing.handwritings import add_hands
from striate.studio_app.images import Images
from striate.studio_app.networks import DIGITS, Networks, OpenNetwork
from striate.studio_app.question import Answer, Tell
from striate.training.runs import start_run

NETWORK: Final = (
    "conv 16 > bn > relu > conv 32 > bn > relu > maxpool 2 > conv 32 > bn > relu > maxpool 2 > "
    "flatten > dropout 0.3 > fc"
)
EPOCHS = 10
RUN = Path("runs") / "digits-studio"
SHOWN = 9  # top images of a unit
MOST_IMAGES = 120  # of the user's own that a network's units are shown, where its data is not known
REMEMBERED = 8  # layers whose rankings are kept
ONE_IMAGE = VisualizationSettings(count=1, steps=48)


class SlowAnswers:
    """Answers what takes seconds.

    Args:
        networks: that there are; the first button's network is put among them.
        images: that there are.
        folder: where the run of the first button is written, if that is allowed.
    """

    def __init__(self, networks: Networks, images: Images, folder: Path) -> None:
        self._networks, self._images, self._folder = networks, images, folder
        self._ranked: OrderedDict[tuple[OpenNetwork, str], TopActivations] = OrderedDict()
        self.alone = Lock()  # held by one work at a time: each takes all cores

    def learn(self, tell: Tell) -> Answer:
        """Train the first button's network, unless it is there."""
        with self.alone:
            return self._learn(tell)

    def top(self, network: str, layer: str, unit: int, tell: Tell) -> Answer:
        """Return the patches that a unit answers most to.

        Raises:
            StriateError: there is no such unit, or no images to show it.
        """
        with self.alone:
            return self._top(self._networks.open(network), layer, unit, tell)

    def optimum(self, network: str, layer: str, unit: int, tell: Tell) -> Answer:
        """Return an image made for a unit.

        Raises:
            StriateError: there is no such unit.
        """
        with self.alone:
            found = visualize_unit(
                self._networks.open(network).copy(),
                layer,
                unit,
                settings=ONE_IMAGE,
                progress=False,
                callback=_told(tell),
            )
        return Answer(
            {"activation": found.activation[0], "initial": found.initial_activation[0]},
            {"image": np.ascontiguousarray(found.images[0])},
        )

    def _learn(self, tell: Tell) -> Answer:
        if self._networks.has_digits:
            return Answer({"network": DIGITS, "note": ""})
        place, note = self.find_place()
        tell("drawing the digits anew, as other writers would", 0.0)
        digits = add_hands(find_digits())
        settings = Settings(
            epochs=EPOCHS,
            precision="float32",
            augment=False,
            learning_rate=0.01,
            batch_size=64,
            label_smoothing=0.0,
        )
        result = start_run(digits, NETWORK, out=place, settings=settings, callback=_told(tell))
        self._networks.keep_digits(result.model, digits)
        found = result.evaluation
        return Answer(
            {
                "network": DIGITS,
                "note": note,
                "accuracy": found.accuracy,
                "n": found.n,
                "folder": str(result.folder),
            }
        )

    def find_place(self) -> tuple[Path, str]:
        """Return where the run is written, and what is to be said of it."""
        own = self._folder / RUN
        for number in range(2, 1000):
            if not own.exists():
                break
            own = self._folder / f"{RUN}-{number}"
        is_new = not own.parent.exists()
        try:
            own.mkdir(parents=True)
            own.rmdir()
            if is_new:
                own.parent.rmdir()
        except OSError as error:
            kept = Path(tempfile.mkdtemp(prefix="striate-"))
            return kept / "digits", (
                f"nothing can be written below '{self._folder}' ({error.strerror}), so the run is "
                f"in '{kept}' and will be gone with it; start the studio in a folder of your own "
                "to keep it"
            )
        return own, ""

    def _top(self, network: OpenNetwork, name: str, unit: int, tell: Tell) -> Answer:
        own = network.copy()
        ranked = self._ranking(network, name, tell)
        tell("cutting patches", 0.9)
        key = (name, unit)
        layer = ranked[name]
        if not 0 <= unit < len(layer.mean_activation):
            raise SettingError(
                f"'{name}' has {len(layer.mean_activation)} units and none of number {unit}"
            )
        patches = crop_patches(own, ranked, [key], rank="top")[key]
        listed: list[Json] = [
            {
                "name": patch.name,
                "label": patch.label,
                "activation": patch.activation,
                "row": patch.row,
                "column": patch.column,
            }
            for patch in patches
        ]
        classes: list[Json] = [
            [ranked.classes[place], mean] for place, mean in layer.top_classes(unit)[:3]
        ]
        return Answer(
            {
                "patches": listed,
                "classes": classes,
                "active_share": float(layer.active_share[unit]),
                "selectivity": float(layer.selectivity[unit]),
                "n": len(ranked.names),
                "of": network.data or "",
            },
            {str(number): patch.pixels for number, patch in enumerate(patches)},
        )

    def _ranking(self, network: OpenNetwork, layer: str, tell: Tell) -> TopActivations:
        key = (network, layer)
        if key not in self._ranked:
            data = network.data or self._own_images(network)
            self._ranked[key] = top_activations(
                network.copy(), data, layers=[layer], n_images=SHOWN, callback=_told(tell)
            )
            while len(self._ranked) > REMEMBERED:
                self._ranked.popitem(last=False)
        return self._ranked[key]

    def _own_images(self, network: OpenNetwork) -> Data:
        """Return the images of the page's list that suit a network whose data is not known."""
        gray = network.classifier.preprocess.channels == 1
        groups = ("digits",) if gray else ("drawn", "photographs", "files", "uploads")
        listed = [one for one in self._images.entries() if one.group in groups][:MOST_IMAGES]
        pixels = [self._images.open(one.address) for one in listed]
        return pixels, [one.title for one in listed]


def _told(tell: Tell) -> Callback:
    """Tell the page what a work says of itself."""

    def hear(event: Event) -> None:
        match event:
            case Progress(stage="training", epochs=epochs) if epochs:
                done = (event.epoch - 1 + event.done / max(1, event.total)) / epochs
                tell(f"epoch {event.epoch} of {epochs}", done)
            case Progress():
                tell(event.stage, event.done / event.total if event.total else 0.0)
            case Epoch():
                tell(f"validation accuracy {event.val_accuracy:.1%}", event.epoch / event.epochs)
            case Note():
                pass
            case _:
                ignore(event)

    return hear
