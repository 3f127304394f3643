"""A network as plain program code that needs nothing of Striate: PyTorch or Keras 3.

Three stages that do not mix: each layer becomes the calls of the framework that compute the same
(`pytorch`, `keras3`), blocks that come to the same calls become one class or function (`blocks`),
and lines are written as ruff formats them (`statements`, `layout`). Nothing here loads torch or
Keras.
"""

from __future__ import annotations

from typing import Literal

from striate.architecture.notation import ExpandedNetwork, Network, expand
from striate.architecture.words import Shape
from striate.backends.codegen.keras3 import keras_code
from striate.backends.codegen.pytorch import torch_code
from striate.errors import SettingError

Framework = Literal["torch", "keras"]


def to_code(
    network: str | Network | ExpandedNetwork,
    framework: Framework,
    *,
    input: Shape | None = None,  # noqa: A002 (the notation's word)
    classes: int | None = None,
) -> str:
    """Write a network as a program of its own, in PyTorch or Keras 3.

    The program imports its framework alone, computes the same numbers as `striate.build` with
    the same weights, and has a function ``load`` that reads these from a classifier's file. In
    PyTorch the weights have the names that they have here; in Keras, images are (rows, columns,
    channels) and ``load`` turns the weights round.

    Args:
        network: a text in the notation, a zoo name, the tree of a text, or its plan.
        framework: "torch" or "keras".
        input: (channels, rows, columns); overrides what the network says.
        classes: how many classes; overrides what the network says.

    Returns:
        The text of the program, formatted as ruff does it.

    Raises:
        NotationError: the network breaks a rule, does not fit its input, or says no input.
        SettingError: the framework is neither of the two.

    >>> program = to_code("input 1x8x8 classes=2 > conv 4 > relu > flatten > fc", "torch")
    >>> print(program[program.index("    def forward") : program.index("def load")].rstrip())
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = F.relu(self.conv1(x))  # (4, 8, 8)
            x = torch.flatten(x, start_dim=1)  # (256,)
            return self.fc1(x)  # (2,)
    """
    writers = {"torch": torch_code, "keras": keras_code}
    if framework not in writers:
        raise SettingError(f"framework is '{framework}'; expected torch or keras")
    plan = expand(network, input=input, classes=classes)
    return writers[framework](plan)
