"""The largest number of every map, found while the network works.

Only these leave the engine, so a pass over a folder takes the memory of a prediction and hardly
more time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from striate.backends.onnx.engines import LARGEST, session_of, share_out, threads
from striate.backends.onnx.graph import PIXELS, graph
from striate.backends.onnx.model_file import Node
from striate.backends.onnx.trained_weights import Trained
from striate.data.images import Preprocess
from striate.errors import EngineError

Peaks = dict[str, np.ndarray]
"""The largest number of each map, float32 (n, units), by the address of the layer."""


def peaks(
    trained: Trained, preprocess: Preprocess, addresses: Sequence[str]
) -> Callable[[np.ndarray], Peaks]:
    """Open ONNX Runtime to find the largest number of every map.

    Args:
        trained: the network.
        preprocess: whose mean and std scale the images.
        addresses: of layers whose output is maps.

    Returns:
        A function that takes float32 (n, channels, rows, columns), values 0 to 255.

    Raises:
        EngineError: ONNX Runtime cannot be loaded, or does not take the network.

    >>> from striate.backends.torch import build
    >>> module = build("input 1x4x4 > conv 2 > relu")
    >>> trained = Trained.of(module.plan, module.state_dict())
    >>> peaks(trained, Preprocess(1, 4, 4), ["relu1"])(np.zeros((3, 1, 4, 4)))["relu1"].shape
    (3, 2)
    """
    size = sum(value.nbytes for value in trained.weights.values())
    if size > LARGEST:
        raise EngineError(f"the weights take {size / 2**30:.1f} GiB, and an ONNX model holds 2")
    model = graph(trained.plan, trained.weights, mean=preprocess.mean, std=preprocess.std)
    names = [f"{address}.largest" for address in addresses]
    # without its place: 1.2 times the time of evaluating; 1.5 with it, by TopK or ArgMax alike
    largest = [
        Node("GlobalMaxPool", (address,), name, {})
        for address, name in zip(addresses, names, strict=True)
    ]
    # what the network says is not asked for
    asked = replace(model, nodes=(*model.nodes, *largest), outputs=dict.fromkeys(names))
    session = session_of("ONNX Runtime", asked.to_bytes())

    def part(pixels: np.ndarray) -> list[np.ndarray]:
        return [np.asarray(each)[:, :, 0, 0] for each in session.run(names, {PIXELS: pixels})]

    def run(pixels: np.ndarray) -> Peaks:
        number = threads()
        parts = share_out(np.asarray(pixels, np.float32, order="C"), number)
        with ThreadPoolExecutor(min(number, len(parts)), "striate-peaks") as pool:
            found = [np.concatenate(each) for each in zip(*pool.map(part, parts), strict=True)]
        return dict(zip(addresses, found, strict=True))

    return run
