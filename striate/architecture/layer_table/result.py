"""What `summary` gives: the table of the layers and the figures of the whole network."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from striate.architecture.layer_table import text as showing
from striate.architecture.layer_table.design_warnings import DesignWarning
from striate.architecture.layer_table.formulas import Formulas
from striate.architecture.layer_table.memory import FLOAT32, PRECISIONS, Kept, TrainingMemory
from striate.architecture.layer_table.receptive_field import Side
from striate.architecture.layer_table.repeats import fold_repeats
from striate.architecture.layer_table.row import Row, plain
from striate.architecture.notation import ExpandedNetwork
from striate.architecture.words import Shape, text_of
from striate.errors import SettingError, join_words
from striate.terminal.dataframe import make_dataframe
from striate.terminal.tables import Table
from striate.terminal.wrapping import wrap

if TYPE_CHECKING:
    from pandas import DataFrame

BATCH = 32  # images a step, where nothing else is said


@dataclass(frozen=True)
class Summary:
    """What a network is made of and what it costs.

    Attributes:
        name: the first line of its comment, or "network".
        input: (channels, rows, columns).
        classes: how many classes; None where that is not known.
        layers: every layer, in the order of running.
        parameters: numbers that it learns, in all.
        macs: multiply-accumulates of the forward pass for one image, of conv and fc alone,
            without bias. Published "FLOPs" of networks are mostly these; counted as single
            operations they are twice as many.
        receptive_field: pixels that a unit sees before the first gap, flatten or
            ``avgpool to=``; (rows, columns) where the two differ.
        backward_macs: multiply-accumulates of the backward pass for one image.
        activation_memory: bytes of the outputs of all layers for one image, in float32.
        kept: what the forward pass keeps for the backward pass.
        warnings: what a designer should know, warnings before notes.
        plan: what it was worked out from: the same layers with their blocks and branches.
    """

    name: str
    input: Shape
    classes: int | None
    layers: tuple[Row, ...]
    parameters: int
    macs: int
    receptive_field: Side
    backward_macs: int
    activation_memory: int
    kept: Kept
    warnings: tuple[DesignWarning, ...]
    plan: ExpandedNetwork = field(repr=False)

    def training_memory(self, batch: int = BATCH, *, precision: str = "float32") -> TrainingMemory:
        """Say how much memory a training step of AdamW takes, the library itself aside.

        Args:
            batch: images a step.
            precision: "float32", or "bf16" for bf16 arithmetic on float32 weights.

        Raises:
            SettingError: the batch is below 1, or the precision is unknown.

        >>> from striate.architecture.layer_table import summary
        >>> summary("input 1x28x28 classes=10 > flatten > fc").training_memory(100)
        TrainingMemory(batch=100, precision='float32', weights=31400, gradients=31400,
        moments=62800, activations=313600)
        """
        if batch < 1:
            raise SettingError(f"a batch of {batch} has no image; give at least 1")
        if precision not in PRECISIONS:
            raise SettingError(
                f"precision '{precision}' is unknown; choose {join_words(PRECISIONS, 'or')}"
            )
        weights = FLOAT32 * self.parameters
        copies = 0 if precision == "float32" else PRECISIONS[precision] * self.kept.weights
        return TrainingMemory(
            batch=batch,
            precision=precision,
            weights=weights + copies,
            gradients=weights,
            moments=2 * weights,
            activations=self.kept.activations(batch, precision=precision),
        )

    def as_json(self, batch: int = BATCH) -> dict[str, object]:
        """Give what ``striate describe --json`` prints; sizes that differ by axis are lists.

        >>> from striate.architecture.layer_table import summary
        >>> described = summary("input 1x28x28 > conv 8 > gap").as_json()
        >>> described["receptive_field"], described["layers"][0]["output"]
        (3, [8, 28, 28])
        """
        return {
            "name": self.name,
            "input": list(self.input),
            "parameters": self.parameters,
            "macs": self.macs,
            "receptive_field": plain(self.receptive_field),
            "layers": [row.as_json() for row in self.layers],
            "classes": self.classes,
            "backward_macs": self.backward_macs,
            "activation_memory": self.activation_memory,
            "training_memory": {
                name: self.training_memory(batch, precision=name).as_json() for name in PRECISIONS
            },
            "warnings": [warning.as_json() for warning in self.warnings],
        }

    def to_pandas(self) -> DataFrame:
        """Return one row a layer as a pandas DataFrame: its figures and its formulas.

        Raises:
            StriateError: pandas is not installed.
        """
        names = [each.name for each in fields(Row) if each.name != "formulas"]
        written = [each.name for each in fields(Formulas)]
        rows = (
            [
                *(getattr(row, name) for name in names),
                *(getattr(row.formulas, name) for name in written),
            ]
            for row in self.layers
        )
        return make_dataframe([*names, *(f"{name}_formula" for name in written)], rows)

    def table(self) -> Table:
        """Give one row a layer, as text or HTML."""
        return showing.layers(self.layers)

    def page(self, batch: int = BATCH) -> str:
        """Write all: the whole in a line, the layers, how their numbers come about, the totals.

        Blocks that are repeated stand there once; `table` has every layer.

        Args:
            batch: images a step, for the memory that training takes.
        """
        parts = (
            wrap(self.totals),
            str(showing.layers(fold_repeats(self.layers))),
            showing.arithmetic(self.layers),
            showing.totals(self._figures(batch), self.warnings, title=self._title),
        )
        return "\n\n".join(part for part in parts if part)

    @property
    def totals(self) -> str:
        """One line on the whole network."""
        return (
            f"{self._title}; {self.parameters:,} parameters "
            f"({showing.bytes_of(FLOAT32 * self.parameters)} in float32); "
            f"{self.macs:,} multiply-accumulates (MACs) an image; "
            f"sees {showing.by_axis(self.receptive_field)} pixels"
        )

    @property
    def _title(self) -> str:
        classes = "" if self.classes is None else f" to {self.classes:,} classes"
        return f"{self.name}: {text_of(self.input)}{classes}"

    def _figures(self, batch: int) -> list[tuple[str, str]]:
        times = f", {self.backward_macs / self.macs:.2f} times as many" if self.macs else ""
        memory = (self.training_memory(batch, precision=name) for name in ("float32", "bf16"))
        return [
            (
                "parameters",
                f"{self.parameters:,}, {showing.bytes_of(FLOAT32 * self.parameters)} in float32",
            ),
            (
                "MACs",
                f"{self.macs:,} forward, for one image; {self.backward_macs:,} backward{times}. "
                "A MAC is one multiplication and one addition of a conv or fc; bias, bn and "
                "pooling are not counted; FLOPs are twice as many",
            ),
            (
                "activations",
                f"{showing.bytes_of(self.activation_memory)} in float32, for one image",
            ),
            ("training", showing.training(*memory)),
            (
                "sees",
                f"{showing.by_axis(self.receptive_field)} of {text_of(self.input[1:])} pixels",
            ),
        ]

    def __str__(self) -> str:
        return self.page()

    def _repr_html_(self) -> str:
        said = [f"{name}: {text}" for name, text in self._figures(BATCH)]
        return showing.html(self.layers, [*said, *map(str, self.warnings)], title=self._title)
