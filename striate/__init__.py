"""Striate: a folder of pictures in; a convolutional classifier out that you understand.

Every public name stands in this one namespace and is loaded when it is first used (SPEC 1),
so that ``import striate`` is instant. The names are listed in ``__init__.pyi``, which
editors and type checkers read too.

>>> import striate as st
>>> "StriateError" in dir(st)
True
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
