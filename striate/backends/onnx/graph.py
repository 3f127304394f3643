"""A network and its weights as an ONNX model, for engines that are faster than torch.

ONNX is a format for networks that many engines read: https://onnx.ai
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from striate.architecture.layer_table.feature_layer import NO_FEATURES, find_feature_layer
from striate.architecture.notation import Block, ExpandedNetwork, Join, Leaf, Step
from striate.backends.onnx.graph_builder import Building
from striate.backends.onnx.model_file import Model
from striate.errors import ClassifierError

PIXELS: Final = "pixels"  # the input
OUTPUT: Final = "output"
FEATURES: Final = "features"  # the second output, where it is asked for


def graph(
    plan: ExpandedNetwork,
    weights: Mapping[str, np.ndarray],
    *,
    mean: Sequence[float] = (),
    std: Sequence[float] = (),
    features: bool = False,
) -> Model:
    """Write a trained network as an ONNX model.

    Its input "pixels" is float32 (n, channels, rows, columns) of values 0 to 255, any n; the
    first thing the model does is (pixels / 255 - mean) / std. Its output "output" is what the
    network says in evaluation mode, float32 (n, ...). Results carry the addresses of the layers.

    Args:
        plan: the network, worked out.
        weights: by name as in torch: "conv1.weight", "b2.bn1.running_mean".
        mean: of each channel, of values 0 to 1; left empty, 0.
        std: of each channel, of values 0 to 1; left empty, 1.
        features: whether a second output "features", float32 (n, features), gives what goes into
            the last linear layer (`find_feature_layer`), the mean over positions where it has such.

    Raises:
        ClassifierError: a weight is missing, or features are asked for and there are none.

    >>> from striate.architecture.notation import expand
    >>> plan = expand("input 1x4x4 > conv 2 bias=no > relu > gap > flatten")
    >>> model = graph(plan, {"conv1.weight": np.ones((2, 1, 3, 3), np.float32)})
    >>> [node.kind for node in model.nodes]
    ['Sub', 'Div', 'Conv', 'Relu', 'GlobalAveragePool', 'Flatten', 'Identity']
    """
    building = Building(weights)
    x = PIXELS
    for kind, name, values in (("Sub", "mean", mean or (0.0,)), ("Div", "std", std or (1.0,))):
        scaled = np.array(values, np.float32).reshape(1, -1, 1, 1) * 255
        x = building.node(kind, [x, building.constant(name, scaled)], f"{PIXELS}.{kind.lower()}")
    outputs: dict[str, Sequence[int | str]] = {OUTPUT: ("n", *plan.output)}
    layer = find_feature_layer(plan) if features else None
    building.node("Identity", [_run(plan.steps, x, building, layer)], OUTPUT)
    if layer is not None:
        outputs[FEATURES] = ("n", layer.input[0])
    elif features:
        raise ClassifierError(NO_FEATURES)
    return Model(
        name=plan.network.name or "network",
        nodes=tuple(building.nodes),
        constants=building.constants,
        inputs={PIXELS: ("n", *plan.input)},
        outputs=outputs,
        encoded=tuple(building.encoded),
    )


def _run(steps: Sequence[Step], x: str, building: Building, tapped: Leaf | None) -> str:
    """Add what the steps are, and what goes into one of them; give the name of what comes out."""
    for step in steps:
        if isinstance(step, Block):
            x = _run(step.steps, x, building, tapped)
        elif isinstance(step, Join):
            branches = [_run(branch, x, building, tapped) for branch in step.branches]
            x = step.layer.onnx_nodes(branches, step.address, building)
        else:
            if step is tapped:
                _tap(step, x, building)
            x = step.layer.onnx_nodes(step, x, building)
    return x


def _tap(step: Leaf, x: str, building: Building) -> None:
    """Add what goes into a layer as a row an image."""
    if len(step.input) == 1:
        building.node("Identity", [x], FEATURES)
    else:
        mean = building.node("GlobalAveragePool", [x], f"{FEATURES}.mean")
        building.node("Flatten", [mean], FEATURES)
