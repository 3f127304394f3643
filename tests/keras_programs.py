"""Run Keras programs, each in a folder of its own, in a process of its own: prints JSON lines.

The process needs KERAS_BACKEND=torch. A folder holds program.py, weights.safetensors, x.npy
(channels first) and gets y.npy.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np


def main(folders: list[str]) -> None:
    for folder in map(Path, folders):
        names: dict[str, object] = {}
        text = (folder / "program.py").read_text(encoding="utf-8")
        exec(compile(text, str(folder), "exec"), names)
        model = names["load"](str(folder / "weights.safetensors"))  # type: ignore[operator]
        x = np.moveaxis(np.load(folder / "x.npy"), 1, -1)
        y = np.asarray(model(x, training=False).detach().numpy())
        np.save(folder / "y.npy", np.moveaxis(y, -1, 1) if y.ndim == 4 else y)
        learnt = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
        sys.stdout.write(json.dumps({"folder": folder.name, "parameters": learnt}) + "\n")


if __name__ == "__main__":
    warnings.simplefilter("error")
    # a random network may have one channel, of which a softmax is always 1
    warnings.filterwarnings("ignore", message="You are using a softmax over axis")
    main(sys.argv[1:])
