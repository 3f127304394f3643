"""The weights of a trained network, handed on to one that knows more classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import nn

from striate.errors import RunError


def hand_on(
    module: nn.Module,
    weights: Mapping[str, np.ndarray],
    *,
    earlier: Sequence[str],
    now: Sequence[str],
) -> None:
    """Fill a network with the weights of an earlier one; those of a new class stay as drawn.

    A class is known by its name: where a new one moves it to another place, its weights move, too.

    Args:
        module: the network, whose last layer has a value for each class of now.
        weights: of the earlier one, by the same names.
        earlier: its classes, in their order.
        now: the classes in the order of the new network; all earlier ones are among them.

    Raises:
        RunError: another layer depends on the number of classes.

    >>> net = nn.Linear(1, 3, bias=False)
    >>> old = {"weight": np.array([[1.0], [2.0]], np.float32)}
    >>> hand_on(net, old, earlier=["ant", "wasp"], now=["ant", "bee", "wasp"])
    >>> net.weight[[0, 2], 0].tolist()
    [1.0, 2.0]
    """
    places = torch.tensor([now.index(name) for name in earlier])
    own = module.state_dict()
    last = set(list(own)[-2:])  # weight and bias of the layer that tells the classes
    for name, value in own.items():
        given = torch.from_numpy(np.array(weights[name])) if name in weights else None
        if given is not None and name in last and given.shape[:1] == (len(earlier),):
            rows = value.detach().cpu().clone()
            if rows.shape[1:] == given.shape[1:] and len(rows) == len(now):
                rows[places] = given.to(rows.dtype)
                own[name] = rows
                continue
        if given is None or given.shape != value.shape:
            raise RunError(
                f"the weights '{name}' of the run do not fit a network of {len(now)} classes, as "
                "more than its last layer depends on their number; train anew"
            )
        own[name] = given
    module.load_state_dict(own)
