"""What a classifier is worth: metrics with intervals, and models compared on the same images.

prediction_sets   sets of classes that hold the true one as often as is asked for: conformal
evaluate_slices   accuracy slice by slice, sorted by how surely each is worse: slices/
fit_promise       thresholds under which a precision is promised: calibration/promise_fit
measure_reliability  whether probabilities come true: metrics/reliability

Public names are loaded when first used; they are listed in ``__init__.pyi``.

>>> import striate.evaluation
>>> "prediction_sets" in dir(striate.evaluation)
True
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
