"""The ideas behind convolutional networks, seen to happen: one experiment each.

Each compares networks of like size over several seeds, and gives accuracies with intervals, an
image, and what is to be seen in it.

Names are loaded when first used, since carrying one out loads torch; they are listed in
``__init__.pyi``.
"""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """Return a public name; the list of them is read when the first one is asked for."""
    import lazy_loader

    find, names, public = lazy_loader.attach_stub(__name__, __file__)
    globals().update({"__getattr__": find, "__dir__": names, "__all__": public})
    return public if name == "__all__" else find(name)


def __dir__() -> list[str]:
    return sorted(__getattr__("__all__"))
