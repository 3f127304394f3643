"""Class activation maps: a weighted sum of a layer's maps, weighted in six ways.

A are the maps (channels, rows, columns), g the gradient of the score with respect to them.

cam          sum_k w_k A_k, with the weights of the last layer: exact. Zhou et al. 2016,
             https://arxiv.org/abs/1512.04150
grad-cam     sum_k mean(g_k) A_k. Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391
hires-cam    sum_k g_k A_k, place by place. Draelos and Carin 2020, https://arxiv.org/abs/2011.08891
grad-cam++   as grad-cam, with weights that count places by how they matter. Chattopadhay et al.
             2018, https://arxiv.org/abs/1710.11063
layer-cam    sum_k relu(g_k) A_k. Jiang et al. 2021, https://doi.org/10.1109/TIP.2021.3089943
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor

from striate.errors import SettingError
from striate.explanation.last_spatial_layer import LastSpatialLayer
from striate.explanation.target import Target


def class_activation_map(
    maps: Tensor, last: LastSpatialLayer, target: Target
) -> tuple[Tensor, float]:
    """Return the class activation map and the bias beside it: mean(map) + bias is the score.

    Args:
        maps: float (channels, rows, columns), of the layer of the ending.
        last: of a network whose class map is exact.
        target: which class, or which against which.

    Returns:
        float (rows, columns), and the bias.

    Raises:
        SettingError: the network does not end so.
    """
    classes = len(maps) if last.is_class_map else 0 if last.weight is None else len(last.weight)
    if not classes:
        raise SettingError(
            "the network does not end in a mean over positions and one linear layer, so there is "
            "no exact class activation map; expected grad-cam, hires-cam or another method"
        )
    vector = torch.from_numpy(target.weights(classes)).to(maps)
    if last.is_class_map or last.weight is None or last.bias is None:
        return torch.einsum("k,krc->rc", vector, maps), 0.0
    weights = vector @ last.weight.to(maps)
    return torch.einsum("k,krc->rc", weights, maps), float(vector @ last.bias.to(maps))


def grad_cam(maps: Tensor, gradient: Tensor) -> Tensor:
    """Compute Grad-CAM: each map times the mean of its gradient, before the ReLU of the paper.

    >>> grad_cam(torch.ones(2, 1, 2), torch.tensor([[[1.0, 3.0]], [[0.0, 1.0]]])).tolist()
    [[2.5, 2.5]]
    """
    return torch.einsum("k,krc->rc", gradient.mean((1, 2)), maps)


def hires_cam(maps: Tensor, gradient: Tensor) -> Tensor:
    """Compute HiRes-CAM: maps times gradients, place by place.

    >>> hires_cam(torch.ones(2, 1, 2), torch.tensor([[[1.0, 3.0]], [[0.0, 1.0]]])).tolist()
    [[1.0, 4.0]]
    """
    return (maps * gradient).sum(0)


def grad_cam_pp(maps: Tensor, gradient: Tensor) -> Tensor:
    """Compute Grad-CAM++: maps weighted by positive gradients, each by the paper's alpha.

    alpha = g^2 / (2 g^2 + sum(A) g^3), equations 10 and 19 of the paper, which takes exp of the
    score as what is differentiated, so that higher derivatives are powers of g.

    >>> grad_cam_pp(torch.ones(1, 1, 2), torch.tensor([[[1.0, 0.0]]])).tolist()
    [[0.25, 0.25]]
    """
    square, cube = gradient**2, gradient**3
    below = 2 * square + maps.sum((1, 2), keepdim=True) * cube
    alpha = torch.where(below.abs() > 0, square / torch.where(below == 0, 1.0, below), 0.0)
    weights = (alpha * gradient.relu()).sum((1, 2))
    return torch.einsum("k,krc->rc", weights, maps)


def layer_cam(maps: Tensor, gradient: Tensor) -> Tensor:
    """Compute Layer-CAM: maps times the positive part of their gradients, place by place.

    >>> layer_cam(torch.ones(2, 1, 2), torch.tensor([[[1.0, -3.0]], [[0.0, 1.0]]])).tolist()
    [[1.0, 1.0]]
    """
    return (maps * gradient.relu()).sum(0)


GRADIENT_METHODS: Final[dict[str, Callable[[Tensor, Tensor], Tensor]]] = {
    "grad-cam": grad_cam,
    "hires-cam": hires_cam,
    "grad-cam++": grad_cam_pp,
    "layer-cam": layer_cam,
}
