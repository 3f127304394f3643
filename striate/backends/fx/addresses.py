"""Which address the layers of a flow have in the network that is written of it."""

from __future__ import annotations

from collections.abc import Iterator

from striate.architecture.notation import Join, Network, expand
from striate.architecture.words import Layer
from striate.backends.fx.flow import Branched, Flow


def addresses_of(flow: Flow, network: Network) -> dict[str, str]:
    """Return the addresses of the layers that have weights, by what holds these in the source."""
    leaves = (step for step in expand(network).layers() if not isinstance(step, Join))
    return {
        target: leaf.address
        for (_, target), leaf in zip(_words(flow), leaves, strict=True)
        if target
    }


def _words(flow: Flow) -> Iterator[tuple[Layer, str]]:
    """Give the words of a flow, in the order of running, with the modules they come from."""
    for item in flow:
        if isinstance(item, Branched):
            for branch in item.branches:
                yield from _words(branch)
        else:
            yield item.word, "" if item.value is None else item.value.target
