"""What each place of the last maps contributes to the classes, for many images at once.

The gradient of the score times the map, place by place (HiRes-CAM): R. L. Draelos, L. Carin, Use
HiResCAM instead of Grad-CAM, 2020, https://arxiv.org/abs/2011.08891. Where only averaging and one
full connection follow the maps, it is the class activation map, and its sum is exactly the score
without the biases; where a flattening and one full connection follow, likewise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from striate.backends.torch import normalize
from striate.errors import SettingError
from striate.explanation.cell_centers import CellCenters
from striate.explanation.hooks import check_gradient, device_of, forward_hooks, frozen, record
from striate.model.classifier import Classifier

MIN_SIDE = 4  # rows and columns that maps must have to say where something is


@dataclass(frozen=True)
class MapLayer:
    """The last maps of a network that still say where.

    Attributes:
        name: of the layer.
        call: which of its calls in a pass, counted from 0.
        rows: of its maps.
        columns: of its maps.
        centers: where its cells look; None where that is not known.
    """

    name: str
    call: int
    rows: int
    columns: int
    centers: CellCenters | None = field(default=None, repr=False)


def find_map_layer(model: Classifier) -> MapLayer:
    """Return the last maps of a network with at least 4 rows and columns.

    Raises:
        SettingError: it has none.

    >>> from striate.backends.torch import build
    >>> from striate.data.images import Preprocess
    >>> text = "input 1x8x8 classes=2 > conv 4 > relu > gap > flatten > fc"
    >>> find_map_layer(Classifier(build(text), text, ("a", "b"), Preprocess(1, 8, 8)))
    MapLayer(name='relu1', call=0, rows=8, columns=8)
    """
    passed = record(model.module, torch.zeros(1, *model.preprocess.shape))
    for each in reversed(passed.calls):
        if each.output.dim() == 4 and min(each.output.shape[2:]) >= MIN_SIDE:
            address, _, number = each.name.partition("#")
            rows, columns = each.output.shape[2:]
            return MapLayer(address, int(number or 1) - 1, rows, columns, each.centers)
    raise SettingError(
        f"no layer of the network gives maps of {MIN_SIDE}x{MIN_SIDE} places or more, so it cannot "
        "be said where it looks"
    )


def batch_hires_cam(
    model: Classifier, layer: MapLayer, pixels: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what each place speaks for each image's class, against the mean of the others.

    Only the layers behind the maps are gone back through, so the memory is that of a prediction.

    Args:
        model: the classifier.
        layer: from `find_map_layer`.
        pixels: uint8 (batch, channels, height, width), as `Preprocess.pixels` makes them.
        labels: int64 (batch,), the class asked about for each.

    Returns:
        float32 (batch, rows, columns) of the maps, and float32 (batch, classes) probabilities.

    >>> from striate.backends.torch import build
    >>> from striate.data.images import Preprocess
    >>> text = "input 1x8x8 classes=2 > conv 4 > relu > gap > flatten > fc bias=no"
    >>> model = Classifier(build(text), text, ("a", "b"), Preprocess(1, 8, 8))
    >>> pixels = np.arange(64, dtype=np.uint8).reshape(1, 1, 8, 8)
    >>> maps, shares = batch_hires_cam(model, find_map_layer(model), pixels, np.array([0]))
    >>> odds = np.log(shares[0, 0] / shares[0, 1])
    >>> maps.shape, bool(np.isclose(maps.sum(), odds, rtol=1e-4))
    ((1, 8, 8), True)
    """
    network, kept = model.module, list[Tensor]()
    calls = 0

    def hear(address: str, given: Any, output: Tensor) -> Tensor | None:
        nonlocal calls
        calls += 1
        if calls - 1 != layer.call:
            return None
        kept.append(output.detach().clone().requires_grad_())
        return kept[0].clone()  # a later layer may work in place

    values = normalize(torch.from_numpy(pixels).float(), model.preprocess)
    with frozen(network), forward_hooks(network, [layer.name], hear), torch.enable_grad():
        logits = network(values.to(device_of(network)))
        others = max(logits.shape[1] - 1, 1)
        own = logits.gather(1, torch.from_numpy(labels).to(logits.device)[:, None])[:, 0]
        score = own - (logits.sum(1) - own) / others
        check_gradient(score, kept)
        (gradient,) = torch.autograd.grad(score.sum(), kept)
    found = (gradient * kept[0].detach()).sum(1)
    shares = torch.softmax(logits.detach() / model.temperature, 1)
    return found.float().cpu().numpy(), shares.float().cpu().numpy()
