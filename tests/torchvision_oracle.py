"""torchvision for tests, beside a torch for the CPU alone.

The build of torchvision that PyPI serves expects two operators of the CUDA build; declared before,
they are not missed. The package itself never imports torchvision.
"""

from __future__ import annotations

import functools
import importlib
import warnings
from typing import Any

import pytest
import torch

_DECLARED: list[Any] = []  # the operators last as long as the object


@functools.cache
def torchvision() -> Any:
    """Give the package with its models; the test skips where it is not installed."""
    make: Any = torch.library.Library  # which torch does not annotate
    library = make("torchvision", "DEF")
    try:
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    except RuntimeError:  # this torch has them
        pass
    _DECLARED.append(library)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module("torchvision")
        except ImportError:
            pytest.skip("needs torchvision, an oracle of the tests: pip install '.[test]'")


def model(name: str, **settings: Any) -> torch.nn.Module:
    """Build a torchvision network without spending time on its starting weights."""
    if name in ("googlenet", "inception_v3"):
        settings.setdefault("init_weights", False)
    package = torchvision()
    return package.models.get_model(name, **settings)  # type: ignore[no-any-return]
