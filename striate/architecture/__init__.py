"""Networks as text: words, notation, zoo, layer table, diagram; whole-number arithmetic, no torch.

parse, expand  a text as a tree; worked out, layer by layer, for one input shape
summary        the table of a network: shapes, costs, receptive fields, each with its formula
draw_architecture, draw_graph  the architecture diagram and the data-flow graph, as SVG texts
zoo            known networks as texts

Public names are loaded when first used; they are listed in ``__init__.pyi``.

>>> import striate.architecture
>>> striate.architecture.summary("input 1x8x8 > flatten > fc 2").parameters
130
"""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """Find a public name; the list of them is read when the first one is asked for."""
    import lazy_loader

    find, names, public = lazy_loader.attach_stub(__name__, __file__)
    globals().update({"__getattr__": find, "__dir__": names, "__all__": public})
    return public if name == "__all__" else find(name)


def __dir__() -> list[str]:
    return sorted(__getattr__("__all__"))
