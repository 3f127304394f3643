"""Which channels that arrive each channel of a convolution reads: the table of LeNet-5.

LeCun, Bottou, Bengio and Haffner 1998, table I, https://doi.org/10.1109/5.726791: a map that sees
only some of the maps below has fewer weights, and has to become another feature than its
neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from striate.errors import NotationError

if TYPE_CHECKING:
    import numpy as np

    from striate.architecture.aspects.numpy_pass import Array
    from striate.architecture.aspects.onnx_graph import OnnxGraph

TORCH_CLASS: Final = '''
class TableConv2d(nn.Conv2d):
    """Convolution whose maps read only the arriving channels that a table gives them."""

    def __init__(self, *sizes: int, table: str, **options) -> None:
        super().__init__(*sizes, **options)
        rows = enumerate(table.split("_"))
        read = [(out, int(digit)) for out, row in rows for digit in sorted(row)]
        self.read = tuple(map(list, zip(*read)))  # channels that leave and arrive
        self.weight = nn.Parameter(self.weight.detach()[self.read])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        sizes = (self.out_channels, self.in_channels, *self.kernel_size)
        weight = self.weight.new_zeros(sizes)
        weight[self.read] = self.weight
        return self._conv_forward(x, weight, self.bias)
'''
KERAS_CLASS: Final = '''
class TableConv2D(layers.Conv2D):
    """Convolution whose maps read only the arriving channels that a table gives them."""

    def __init__(self, *sizes, table: str, **options) -> None:
        super().__init__(*sizes, **options)
        self.table = table.split("_")

    def build(self, input_shape) -> None:
        rows = self.table
        read = [[str(i) in row for i in range(input_shape[-1])] for row in rows]
        count = sum(map(sum, read))
        numbers = iter(range(count))  # the kernel behind the last one stands for zeros
        self.places = [[next(numbers) if one else count for one in row] for row in read]
        self.weight = self.add_weight((count, *self.kernel_size), name="weight")
        if self.use_bias:
            self.bias = self.add_weight((len(rows),), "zeros", name="bias")
        self.built = True

    @property
    def kernel(self):
        none = keras.ops.zeros((1, *self.kernel_size))
        every = keras.ops.concatenate([self.weight, none])
        kernels = keras.ops.take(every, self.places, axis=0)
        return keras.ops.transpose(kernels, (2, 3, 1, 0))
'''


@dataclass(frozen=True)
class ConnectionTable:
    """A row for each channel that leaves: the digits of the channels, from 0, that it reads.

    Attributes:
        rows: as they are written, ``("012", "123")``.

    >>> table = ConnectionTable(("01", "12", "02"))
    >>> print(table, table.links, table.places(3).tolist())
    01_12_02 6 [[0, 1, 6], [6, 2, 3], [4, 6, 5]]
    """

    rows: tuple[str, ...]

    @property
    def links(self) -> int:
        """How many pairs of an arriving and a leaving channel have a kernel."""
        return sum(map(len, self.rows))

    def check(self, *, arriving: int, leaving: int) -> None:
        """Make sure that it fits the channels.

        Raises:
            NotationError: it has another number of rows, a channel that is not there, or one twice.
        """
        if len(self.rows) != leaving:
            raise NotationError(
                f"table has {len(self.rows)} rows for {leaving} channels; expected one for each "
                "channel that leaves, as in table=01_12_02 for 3"
            )
        for number, row in enumerate(self.rows):
            if len(set(row)) < len(row):
                raise NotationError(f"row {number} of the table, {row}, names a channel twice")
            if int(max(row)) >= arriving:
                raise NotationError(
                    f"row {number} of the table, {row}, reads channel {max(row)} of the {arriving} "
                    f"that arrive; they count from 0 to {arriving - 1}"
                )

    def places(self, arriving: int) -> np.ndarray:
        """Return which kernel stands where: int64 (leaving, arriving), ``links`` where none does.

        Args:
            arriving: how many channels arrive.
        """
        import numpy as np

        read = np.array([[str(i) in row for i in range(arriving)] for row in self.rows])
        return np.where(read, np.cumsum(read).reshape(read.shape) - 1, self.links)

    def spread(self, weight: Array, arriving: int) -> Array:
        """Return kernels with zeros where a channel is not read.

        Args:
            weight: (links, rows, columns), row by row of the table, channels rising.
            arriving: how many channels arrive.

        Returns:
            (leaving, arriving, rows, columns).
        """
        import numpy as np

        kernels = np.concatenate([weight, np.zeros_like(weight[:1])])
        return np.take(kernels, self.places(arriving), axis=0)

    def gather(self, dense: Array) -> Array:
        """Return the kernels that there are, from all: the way back of `spread`."""
        kernels: Array = dense[self.places(dense.shape[1]) < self.links]
        return kernels

    def __str__(self) -> str:
        return "_".join(self.rows)


def spread_in(graph: OnnxGraph, weight: str, places: np.ndarray, at: str) -> str:
    """Add the nodes of `ConnectionTable.spread` to an ONNX graph, and return their result.

    Args:
        graph: takes them.
        weight: the name of the kernels, (links, rows, columns).
        places: from `ConnectionTable.places`.
        at: the address of the layer.
    """
    import numpy as np

    first = graph.constant(f"{at}.first", np.array([0], np.int64))
    kernel = graph.node("Gather", [weight, first], f"{at}.kernel", {"axis": 0})
    none = graph.node("Sub", [kernel, kernel], f"{at}.none")
    every = graph.node("Concat", [weight, none], f"{at}.kernels", {"axis": 0})
    where = graph.constant(f"{at}.table", np.asarray(places, np.int64))
    return graph.node("Gather", [every, where], f"{at}.weights", {"axis": 0})
