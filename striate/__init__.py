"""Striate: a folder of images in; a convolutional classifier out that you understand.

Every public name stands in this one namespace and is loaded when it is first used (SPEC 1),
so that ``import striate`` is instant. The names are listed in ``__init__.pyi``, which
editors and type checkers read too.

>>> import striate as st
>>> "StriateError" in dir(st)
True
"""

from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Find a public name; the list of them is read when the first one is asked for."""
    import lazy_loader

    find, names, public = lazy_loader.attach_stub(__name__, __file__)
    globals().update({"__getattr__": find, "__dir__": names, "__all__": public})
    return public if name == "__all__" else find(name)


def __dir__() -> list[str]:
    return sorted(__getattr__("__all__"))
