"""A torch module back into the notation, where it can be.

Four stages that do not mix: torch.fx records what the module computes (`recording`), each step
gets its word (`graph`, by the `rules` of the words), values become flows and branches (`flow`),
and these a text (`texts`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor, nn

from striate.architecture.aspects.torch_reading import Refused
from striate.architecture.notation import Join, Network, expand, parse
from striate.architecture.notation.tree import check_input
from striate.architecture.words import Shape
from striate.backends.fx.addresses import addresses_of
from striate.backends.fx.flow import Flow, flow_of
from striate.backends.fx.graph import Reading
from striate.backends.fx.recording import INSTEAD, is_layer, record_graph
from striate.backends.fx.texts import network_text
from striate.backends.fx.values import Value
from striate.errors import NotationError

__all__ = ["Traced", "from_torch"]


@dataclass(frozen=True)
class Traced:
    """A torch module as a network of the notation.

    Attributes:
        network: the tree; ``str()`` of it is the text.
        names: of each weight in the module's state dict, the name that it has in
            ``striate.build(traced.network)``.
        unused: the weights of the module that its output does not depend on.
    """

    network: Network
    names: Mapping[str, str] = field(repr=False)
    unused: tuple[str, ...] = ()

    def weights(self, module: nn.Module) -> dict[str, Tensor]:
        """Give the module's weights with their names in the network, as a state dict.

        Args:
            module: the one that was traced, or another one of its kind.
        """
        state = module.state_dict()
        shapes = {
            f"{leaf.address}.{name}": shape
            for leaf in expand(self.network).layers()
            if not isinstance(leaf, Join)
            for name, shape in leaf.layer.tensors(leaf.input).items()
        }
        # a full connection over channels that stand last is a 1x1 convolution of ours
        return {
            ours: state[theirs].reshape(shapes.get(ours, state[theirs].shape))
            for theirs, ours in self.names.items()
        }


def from_torch(module: nn.Module, input: Shape) -> Traced:  # noqa: A002 (the notation's word)
    """Write a torch module in the notation, so that it can be described, drawn and rebuilt.

    What it computes in evaluation mode is followed through its code; nothing is computed, and
    the module is left as it was. Residual additions become ``add``, joined channels ``cat``.

    Args:
        module: one tensor in, one out; made of layers that the notation has words for.
        input: (channels, rows, columns) of the images that go in.

    Returns:
        The network, and the names that the weights have in it.

    Raises:
        NotationError: the module cannot be written in the notation; the message says where and why.

    >>> from torch import nn
    >>> layers = nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(512, 10)
    >>> traced = from_torch(nn.Sequential(*layers), (1, 8, 8))
    >>> print(traced.network)
    # Sequential
    input 1x8x8 classes=10
    conv 3x3 8 > relu > flatten > fc
    >>> traced.names["3.weight"]
    'fc1.weight'
    """
    check_input(input)
    if not isinstance(module, nn.Module):
        raise NotationError(
            f"from_torch takes a torch.nn.Module, but got {type(module).__name__}; "
            "a text is read by parse"
        )
    alone = is_layer(module)
    whole = nn.Sequential(module) if alone else module
    name = type(module).__name__
    try:
        flow, end = _followed(whole, tuple(input), name)
    except Refused as error:
        place = f", at {error.place}" if error.place else ""
        raise NotationError(
            f"{name} cannot be written in the notation{place}: {error.reason.rstrip('.')}. "
            f"Change that, or {INSTEAD}"
        ) from error
    if not flow:
        raise NotationError(f"{name} gives back what goes in; it has no layer")
    network = parse(network_text(name, flow, input=tuple(input), output=end.shape))
    names = _names(whole, flow, network)
    if alone:
        names = {theirs.removeprefix("0."): ours for theirs, ours in names.items()}
    unused = tuple(name for name in module.state_dict() if name not in names)
    return Traced(network, names, unused)


def _followed(module: nn.Module, shape: Shape, name: str) -> tuple[Flow, Value]:
    """Give what a module computes, and the value that comes out.

    Raises:
        Refused: it cannot be written in the notation.
        NotationError: its code cannot be followed.
    """
    reading = Reading(module, shape, name)
    end = reading.read(record_graph(module, shape))
    if reading.input is None:
        raise Refused("nothing goes into it")
    return flow_of(reading.input, end), end


def _names(module: nn.Module, flow: Flow, network: Network) -> dict[str, str]:
    """Give the names of the weights, theirs first, in our order."""
    # by name, since a module may define its layers in any order: torchvision's blocks have their
    # shortcut behind the main way
    keys, addresses = list(module.state_dict()), addresses_of(flow, network)
    found = {
        key: f"{address}{key.removeprefix(target)}"
        for target, address in addresses.items()
        for key in keys
        if key.rpartition(".")[0] == target
    }
    own = {key: f"{addresses[key]}.weight" for key in keys if key in addresses}  # a parameter alone
    return found | own
