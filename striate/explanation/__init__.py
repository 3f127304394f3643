"""Explanations of a trained network: every number of it, and maps that are put to the test.

explain       where an image speaks for a class: attribution_methods, of grad_cam and perturbation
evaluate_map  whether a map can be trusted: deletion_insertion, parameter_randomization,
              pointing_game
feature_maps  layer_maps; filters: layer_filters; receptive_field: receptive_fields
recompute_activation, trace_contributions, decompose_score: the sum of one number, the path from a
              logit to a pixel, and a logit split over the units and positions of a layer
top_activations, crop_patches, visualize_unit: what units answer to in a folder of images
find_shortcuts  whether a class hangs on its border, by occlusion
inspect, inspect_units  all of one image, all of a folder: what the pages show

Public names are loaded when first used; they are listed in ``__init__.pyi``.

>>> import striate.explanation
>>> "feature_maps" in dir(striate.explanation)
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
