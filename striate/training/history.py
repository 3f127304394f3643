"""The epochs of a run, as a table and as curves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING

from striate.data.collection import format_count
from striate.errors import SettingError
from striate.events import Epoch
from striate.terminal.dataframe import make_dataframe
from striate.terminal.units import format_percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from striate.render.notebook import Drawing


@dataclass(frozen=True)
class History:
    """What every epoch of a run said, in order.

    Attributes:
        epochs: one record an epoch; empty where a head was learnt at once.
    """

    epochs: tuple[Epoch, ...]

    def to_pandas(self) -> DataFrame:
        """Return one row an epoch as a pandas DataFrame, its columns named as in `Epoch`.

        Raises:
            StriateError: pandas is not installed.
        """
        return make_dataframe([each.name for each in fields(Epoch)], map(astuple, self.epochs))

    def plot(self, ax: Axes | None = None, *, kind: str = "loss") -> Axes:
        """Draw the curves of training and validation; return the matplotlib axes.

        Args:
            ax: the axes to draw into; None makes a new figure, `plot().figure`.
            kind: "loss" or "accuracy".

        Raises:
            SettingError: there is no such kind, or there were no epochs.
        """
        from striate.render.plot_axes import open_axes

        if kind not in ("loss", "accuracy"):
            raise SettingError(f"a history has no plot '{kind}'; choose loss or accuracy")
        if not self.epochs:
            raise SettingError("there were no epochs, so there are no curves: a head alone was fit")
        with open_axes(ax, width=5.0, height=3.4) as axes:
            self._draw(axes, kind)
        return axes

    def drawing(self) -> Drawing | None:
        """Return the curves of loss and accuracy as a notebook shows them; None without epochs."""
        from striate.render.figure_files import Still
        from striate.render.notebook import Drawing

        def draw(figure: Figure) -> None:
            for axes, kind in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
                self._draw(axes, kind)

        return Drawing(Still(draw, 9.0, 3.2), "loss and accuracy by epoch") if self.epochs else None

    def _draw(self, axes: Axes, kind: str) -> None:
        from striate.render import ORANGE
        from striate.render.line_plot import Curve, draw_curves

        lines = [
            Curve("training", [getattr(each, f"train_{kind}") for each in self.epochs]),
            Curve(
                "validation", [getattr(each, f"val_{kind}") for each in self.epochs], ORANGE, True
            ),
        ]
        best = max((each.epoch for each in self.epochs if each.best), default=None)
        draw_curves(
            axes,
            lines,
            title=kind.capitalize(),
            across="epoch",
            marked=best,
            as_percent=kind == "accuracy",
        )

    def __len__(self) -> int:
        return len(self.epochs)

    def __iter__(self) -> Iterator[Epoch]:
        return iter(self.epochs)

    def __repr__(self) -> str:
        if not self.epochs:
            return "History of no epochs"
        last = self.epochs[-1]
        return (
            f"History of {format_count(len(self.epochs), 'epoch')}: training loss "
            f"{last.train_loss:.4f}, validation loss {last.val_loss:.4f}, accuracy "
            f"{format_percent(last.val_accuracy)} at the end"
        )
