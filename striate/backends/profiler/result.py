"""The time and memory of each layer, as measured."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING, Final

from striate.backends.peak import Utilization
from striate.render.notebook import Text, to_html
from striate.terminal.dataframe import make_dataframe
from striate.terminal.tables import Table
from striate.terminal.wrapping import wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

WARM_UP: Final = 2  # rounds that are not counted


@dataclass(frozen=True)
class LayerProfile:
    """How long one layer takes for a batch.

    Attributes:
        name: its address.
        text: the word with its values.
        forward: seconds, the median of the rounds.
        backward: seconds, the median of the rounds; 0 where no gradient passes.
    """

    name: str
    text: str
    forward: float
    backward: float


@dataclass(frozen=True)
class Profile:
    """How long a network takes for a batch, layer by layer and as a whole.

    Attributes:
        layers: every layer, in the order of running.
        forward: seconds of the whole network's forward pass, the median of the rounds.
        backward: seconds of its backward pass.
        peak_memory: the most bytes that tensors held at once in two training steps with AdamW.
        batch: images a round.
        rounds: how many were counted.
        device: what computed: "cpu", "cuda (NVIDIA H200)".
        threads: of the CPU.
        precision: "float32" or "bf16".
        torch: its version.
        utilization: how much of what the machine computes at best the whole network reaches.
    """

    layers: tuple[LayerProfile, ...]
    forward: float
    backward: float
    peak_memory: int
    batch: int
    rounds: int
    device: str
    threads: int
    precision: str
    torch: str
    utilization: Utilization

    @property
    def sum(self) -> float:
        """Seconds of all layers, forward and backward."""
        return sum(layer.forward + layer.backward for layer in self.layers)

    def as_json(self) -> dict[str, object]:
        """Give it as plain values."""
        layers = [vars(layer) for layer in self.layers]
        return {
            **vars(self),
            "layers": layers,
            "utilization": vars(self.utilization),
            "sum": self.sum,
        }

    def table(self) -> Table:
        """Give a row a layer: milliseconds, and its share of the sum."""
        rows = tuple(
            (
                layer.name,
                layer.text,
                f"{1000 * layer.forward:.2f}",
                f"{1000 * layer.backward:.2f}" if layer.backward else "",
                f"{(layer.forward + layer.backward) / self.sum * 100:.1f} %",
            )
            for layer in self.layers
        )
        header = ("layer", "what it is", "forward ms", "backward ms", "share")
        return Table(header, rows, set(header[2:]))

    def to_pandas(self) -> DataFrame:
        """Return one row a layer as a pandas DataFrame, its columns named as in `LayerProfile`.

        Raises:
            StriateError: pandas is not installed.
        """
        columns = [each.name for each in fields(LayerProfile)]
        return make_dataframe(columns, map(astuple, self.layers))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the milliseconds of each layer, forward and backward; return the matplotlib axes.

        Args:
            ax: the axes to draw into; None makes a new figure, `plot().figure`.
        """
        from striate.render import BLUE, ORANGE
        from striate.render.plot_axes import open_axes

        names = [layer.name for layer in self.layers]
        forward = [1000 * layer.forward for layer in self.layers]
        backward = [1000 * layer.backward for layer in self.layers]
        with open_axes(ax, width=6.0, height=1.0 + 0.22 * len(names)) as axes:
            axes.barh(names, forward, color=BLUE, label="forward")
            axes.barh(names, backward, left=forward, color=ORANGE, label="backward")
            axes.invert_yaxis()
            axes.set_xlabel(f"ms, {self.batch} images, {self.device}")
            axes.legend(frameon=False)
        return axes

    @property
    def totals(self) -> str:
        """Say how long the whole takes, and how it was measured."""
        whole = self.forward + self.backward
        return (
            f"the whole network: {1000 * self.forward:.2f} ms forward, "
            f"{1000 * self.backward:.2f} ms backward ({self.backward / self.forward:.2f} times as "
            f"long), {self.batch / whole:,.0f} images a second; the layers by themselves sum to "
            f"{self.sum / whole * 100:.0f} % of that\nthat is {self.utilization}\n"
            "in two training steps with AdamW, tensors held "
            f"{self.peak_memory / 1e6:,.1f} MB at most\n"
            f"medians of {self.rounds} rounds after {WARM_UP} to warm up, {self.batch} images "
            f"each, {self.precision}, {self.device}, {self.threads} CPU threads, torch {self.torch}"
        )

    def __str__(self) -> str:
        return f"{self.table()}\n\n{wrap(self.totals)}"

    def _repr_html_(self) -> str:
        return to_html(self.table(), Text(self.totals))
