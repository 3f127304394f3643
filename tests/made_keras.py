"""Files of Keras made by hand, and what a network that was read gives for images."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from striate.architecture.notation import expand
from striate.backends.onnx import Trained
from striate.model.importing.foreign_graph import ForeignNetwork


def made(
    path: Path,
    layers: list[dict[str, Any]],
    *,
    weights: dict[str, np.ndarray] | None = None,
    version: str = "3.15.1",
) -> Path:
    """A .keras of a Sequential for images of 8x8."""
    start = {
        "class_name": "InputLayer",
        "config": {"name": "start", "batch_shape": [None, 8, 8, 3]},
    }
    config = {"class_name": "Sequential", "config": {"name": "it", "layers": [start, *layers]}}
    import h5py

    with h5py.File(path.with_suffix(".h5"), "w") as file:
        for name, values in (weights or {}).items():
            file[name] = values
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": version}))
        archive.write(path.with_suffix(".h5"), "model.weights.h5")
    return path


def layer(kind: str, **settings: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": f"the_{kind.lower()}", **settings}}


def logits(found: ForeignNetwork, x: np.ndarray) -> np.ndarray:
    """What a network gives for images of 0 to 255, channels last."""
    values = torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))
    if found.scaling is not None:
        mean, std = (torch.tensor(each, dtype=torch.float32) for each in found.scaling)
        values = (values / 255 - mean[:, None, None]) / std[:, None, None]
    with torch.no_grad():
        return np.asarray(Trained(expand(found.network), found.weights).module()(values))


def softmax(values: np.ndarray) -> np.ndarray:
    powers = np.exp(values - values.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))
