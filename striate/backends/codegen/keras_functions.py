"""What Keras has no layer for, as functions that are written into a program which needs them."""

from __future__ import annotations

from typing import Final

FUNCTIONS: Final = {
    "edge_padding": '''
def edge_padding(x, rows: int, columns: int):
    """Repeat the border of the maps on each side."""
    for axis, width in ((1, rows), (2, columns)):
        last = x.shape[axis] - 1
        places = [min(max(i - width, 0), last) for i in range(last + 1 + 2 * width)]
        x = ops.take(x, places, axis=axis)
    return x
''',
    "max_padding": '''
def max_padding(x, rows: tuple[int, int], columns: tuple[int, int]):
    """Surround the maps, before and behind, with what no maximum can be."""
    around = ((0, 0), rows, columns, (0, 0))
    return ops.pad(x, around, constant_values=float("-inf"))
''',
    "every": '''
def every(x, rows: int, columns: int):
    """Take every n-th row and column: the strides of a dilated convolution."""
    return x[:, ::rows, ::columns]
''',
    "dilated_max_pool": '''
def dilated_max_pool(x, pool_size, strides, dilation):
    """Take the largest of values that lie dilation apart."""
    starts, ends = [], []
    for n, size, step, apart in zip(x.shape[1:3], pool_size, strides, dilation):
        starts.append([i * apart for i in range(size)])
        ends.append((n - (size - 1) * apart - 1) // step * step + 1)
    largest = None
    for row in starts[0]:
        rows = slice(row, row + ends[0], strides[0])
        for column in starts[1]:
            part = x[:, rows, column : column + ends[1] : strides[1]]
            largest = part if largest is None else ops.maximum(largest, part)
    return largest
''',
    "sum_pool": '''
def sum_pool(x, pool_size, strides):
    """Sum the values of each window."""
    rows, columns = pool_size
    return ops.average_pool(x, pool_size, strides) * (rows * columns)
''',
    "ceil_average_pool": '''
def ceil_average_pool(x, pool_size, strides, behind):
    """Average windows of which the last may reach behind the maps, which does not count."""
    inside = ops.ones((1, *x.shape[1:3], 1), dtype=x.dtype)
    around = ((0, 0), (0, behind[0]), (0, behind[1]), (0, 0))
    means = ops.average_pool(ops.pad(x, around), pool_size, strides)
    return means / ops.average_pool(ops.pad(inside, around), pool_size, strides)
''',
    "adaptive_average_pool": '''
def adaptive_average_pool(x, rows: int, columns: int):
    """Average so that this many rows and columns come out, as torch divides them."""
    for axis, count in ((1, rows), (2, columns)):
        n, parts = x.shape[axis], []
        for i in range(count):
            places = list(range(i * n // count, -(-(i + 1) * n // count)))
            part = ops.take(x, places, axis=axis)
            parts.append(ops.mean(part, axis=axis, keepdims=True))
        x = ops.concatenate(parts, axis=axis)
    return x
''',
    "local_response_norm": '''
def local_response_norm(x, size: int, alpha=0.0001, beta=0.75, k=1.0):
    """Divide by what the neighbouring channels hold; alpha has torch's meaning."""
    channels = x.shape[-1]
    around = ((0, 0), (0, 0), (0, 0), (size // 2, (size - 1) // 2))
    squares = ops.pad(ops.square(x), around)
    total = sum(squares[..., i : i + channels] for i in range(size))
    return x / (k + alpha / size * total) ** beta
''',
}

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
