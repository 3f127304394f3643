"""A network as levels that stand behind one another: a layer with what follows it in place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import nn
from torch.nn.functional import adaptive_avg_pool2d

from striate.explanation.unit_arithmetic import FOLLOWING
from striate.model.json_value import JsonObject
from striate.studio_app.scenes import INPUT, Scene

MOST_MAPS = 32  # of a level that are shown
MOST_FEATURES = 256
SIDE = 32  # of a map that is shown; larger ones are averaged
PASSING = (nn.Flatten, nn.Dropout, nn.Identity)  # hand on the numbers that they get


@dataclass(frozen=True)
class Level:
    """A layer as it is shown.

    Attributes:
        name: of its last layer, whose numbers are shown.
        first: the layer that makes the sum; normalisation and activation follow it.
        text: the kinds of its layers.
        shape: of what it gives.
        sources: the levels that it takes from, in the order of its first layer's inputs.
    """

    name: str
    first: str
    text: str
    shape: tuple[int, ...]
    sources: tuple[str, ...]

    @property
    def shown(self) -> int:
        """How many of its maps or features are shown, the first ones."""
        return min(self.shape[0], MOST_MAPS if len(self.shape) == 3 else MOST_FEATURES)

    def as_json(self) -> JsonObject:
        """Return what the page gets."""
        return {
            "name": self.name,
            "first": self.first,
            "text": self.text,
            "shape": list(self.shape),
            "sources": list(self.sources),
            "shown": self.shown,
        }


def find_levels(scene: Scene) -> list[Level]:
    """Return the levels of a network, its input first.

    Args:
        scene: an image in it.
    """
    made = {INPUT: INPUT}  # layer: the level that has its numbers
    found = [Level(INPUT, INPUT, INPUT, tuple(scene.passed.input.shape[1:]), ())]
    for call in scene.calls.values():
        sources = tuple(made.get(each, "") for each in scene.sources[call.name])
        if isinstance(call.module, PASSING) and len(sources) == 1 and sources[0]:
            made[call.name] = sources[0]
            continue
        last = found[-1]
        kind = type(call.module).__name__
        if isinstance(call.module, FOLLOWING) and sources == (last.name,) and last.name != INPUT:
            names = {layer: call.name for layer, level in made.items() if level == last.name}
            made |= names | {call.name: call.name}
            text = f"{last.text} · {kind}"
            found[-1] = Level(call.name, last.first, text, last.shape, last.sources)
            continue
        made[call.name] = call.name
        shape = tuple(int(each) for each in call.output.shape[1:])
        found.append(Level(call.name, call.name, kind, shape, sources))
    return found


def show_values(scene: Scene, level: Level) -> np.ndarray:
    """Return what is shown of a level: float32 (units, rows, columns), features as 1 x 1."""
    values = scene.values(level.name)[: level.shown].detach().float()
    if values.ndim == 1:
        values = values[:, None, None]
    rows, columns = (int(each) for each in values.shape[1:])
    longest = max(rows, columns)
    if longest > SIDE:
        size = (max(1, rows * SIDE // longest), max(1, columns * SIDE // longest))
        values = adaptive_avg_pool2d(values[None], size)[0]
    return np.ascontiguousarray(values.cpu().numpy(), np.float32)
