"""What working an image through a network gave, as frozen numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from striate.architecture.notation import ExpandedNetwork, Leaf
from striate.architecture.words import Conv, Fc
from striate.errors import SettingError
from striate.teaching.worked_path.loss import WorkedLoss
from striate.teaching.worked_path.step import IMAGE, WorkedParameter, WorkedStep


@dataclass(frozen=True)
class Descent:
    """One step of gradient descent: parameter - learning rate * gradient, of every parameter.

    Attributes:
        learning_rate: how far it goes.
        chosen: whether the rate was chosen so that the loss falls; else it was given.
        raised: larger rates that were tried first and would not have lowered the loss.
        before: the loss before.
        after: the loss of the same image afterwards.
    """

    learning_rate: float
    chosen: bool
    raised: tuple[float, ...]
    before: float
    after: float

    @property
    def lowers(self) -> bool:
        """Whether the loss is lower afterwards."""
        return self.after < self.before

    def as_json(self) -> dict[str, object]:
        """Return it as plain values."""
        return asdict(self) | {"raised": list(self.raised)}


@dataclass(frozen=True, eq=False, repr=False)
class PathRecord:
    """One image's way through a network, with every number.

    Attributes:
        plan: the network, worked out.
        channels: the names of the image's channels.
        steps: the image, then every layer in the order of running.
        origin: where the parameters come from, in words.
        classes: their names, in the order of the outputs.
        loss: how wrong the answer is; None without a label.
        descent: one step of learning; None likewise.
    """

    plan: ExpandedNetwork
    channels: tuple[str, ...]
    steps: tuple[WorkedStep, ...]
    origin: str
    classes: tuple[str, ...] = ()
    loss: WorkedLoss | None = None
    descent: Descent | None = None

    def step(self, address: str) -> WorkedStep:
        """Return the step at an address; a number may be left out where there is only one.

        Raises:
            NotationError: there is none.
        """
        if address == IMAGE:
            return self.steps[0]
        full = self.plan.find(address).address
        found = {step.address: step for step in self.steps}
        if full not in found:
            raise SettingError(
                f"'{full}' is a block; expected one of its layers: "
                + ", ".join(name for name in found if name.startswith(f"{full}."))
            )
        return found[full]

    @property
    def output(self) -> np.ndarray:
        """What the network answers."""
        return self.steps[-1].values

    @property
    def parameters(self) -> Mapping[str, WorkedParameter]:
        """What the network has learnt, by name."""
        return {each.name: each for step in self.steps for each in step.parameters}

    def multiplying(self) -> tuple[tuple[Conv | Fc, tuple[int, ...]], ...]:
        """Return every convolution and full connection with the shape that it takes."""
        return tuple(
            (step.layer.layer, step.layer.input)
            for step in self.steps
            if isinstance(step.layer, Leaf) and isinstance(step.layer.layer, Conv | Fc)
        )
