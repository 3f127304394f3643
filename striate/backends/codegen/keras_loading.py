"""The part of a Keras program that reads the weights of a classifier's file."""

from __future__ import annotations

from typing import Final

LOADING: Final = '''
def load(path: str) -> keras.Model:
    """Give the network with the weights of a classifier file that Striate saved."""
    from safetensors.numpy import load_file

    model = network()
    carry(load_file(path), model)
    return model


def carry(weights: dict, model: keras.Model) -> None:
    """Put torch's weights into the model.

    Kernels turn from (out, in, rows, columns) to (rows, columns, in, out), full
    connections from (out, in) to (in, out).
    """
    own = {}
    for name, value in weights.items():
        address, _, part = name.rpartition(".")
        own.setdefault(address.replace(".", "_"), {})[part] = value
    parts = ("weight", "bias", "running_mean", "running_var")
    for layer in model.layers:
        if layer.weights:
            values = [own[layer.name][p] for p in parts if p in own[layer.name]]
            if values[0].ndim == 4:
                values[0] = values[0].transpose(2, 3, 1, 0)
            elif values[0].ndim == 2:
                values[0] = values[0].transpose()
            shapes = [weight.shape for weight in layer.weights]
            layer.set_weights([v.reshape(s) for v, s in zip(values, shapes)])
'''
