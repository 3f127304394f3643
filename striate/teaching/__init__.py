"""What a convolution computes, number by number, and experiments that show why it works.

convolve      one filter over one image: convolution/, with the arithmetic of every value
work_through  an image through a network to a loss and back, number by number: worked_path/
compare_losses  what losses say of tables of probabilities, and when they disagree: losses/
experiment    networks of like size compared over seeds: experiments/, one file an experiment

The reference, every word of the notation in plain NumPy to be read, is `striate.backends.numpy`.
Public names are loaded when first used; they are listed in ``__init__.pyi``.

>>> import striate.teaching
>>> striate.teaching.convolve("123", "1 -1").map.tolist()
[[-1.0, -1.0]]
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
