"""What came of fitting trained weights into a network: what went where, and what did not fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from striate.data.collection import format_count
from striate.model.weights.names import kind_of, layer_of
from striate.render.notebook import Text, to_html
from striate.terminal.tables import Table

Shape = tuple[int, ...]
SHOWN, SHOWN_UNFIT = 30, 12  # rows of the table for people, where all fit and where not
TORCHVISION = "by the names of torchvision's "
MAP = "give a map of their names to ours (--map, map= in Python)"


@dataclass(frozen=True)
class Pair:
    """A tensor of the file and its place in the network, of one shape."""

    theirs: str
    ours: str
    shape: Shape


@dataclass(frozen=True)
class Unfit:
    """What does not fit.

    Attributes:
        theirs: the tensor of the file; None where the network's has none.
        ours: the place in the network; None where the file's has none.
        shape: of the tensor.
        place: the shape that the network has there.
        fault: what is wrong with its values, where it is not the shape.
    """

    theirs: str | None
    ours: str | None
    shape: Shape | None
    place: Shape | None
    fault: str = ""

    def __str__(self) -> str:
        if self.ours is None:
            return f"'{self.theirs}' ({_text(self.shape)}) has no place in the network"
        if self.theirs is None:
            return f"'{self.ours}' ({_text(self.place)}) of the network has no tensor in the file"
        if self.fault:
            return f"'{self.theirs}' {self.fault}"
        return (
            f"'{self.theirs}' is {_text(self.shape)} in the file, and '{self.ours}' of the network "
            f"is {_text(self.place)}"
        )


@dataclass(frozen=True)
class Fit:
    """What went where.

    Attributes:
        way: how tensors were matched: "by equal names", "by their order", "by the map",
            "by the names of torchvision's resnet18".
        pairs: every tensor that has its place.
        unfit: everything that has none, or is of another shape.
        left: tensors left out knowingly: auxiliary heads, and what a map sends nowhere.
        unset: counters of batch normalisation that the file does not have; nothing needs them.
        converted: tensors of another kind of number than the network's.
        unsure: what speaks against the match, where the order alone decided; else "".
    """

    way: str
    pairs: tuple[Pair, ...]
    unfit: tuple[Unfit, ...] = ()
    left: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    converted: tuple[str, ...] = ()
    unsure: str = ""

    @property
    def problem(self) -> str:
        """Why the weights cannot be taken, in one line; "" where they can."""
        if self.unfit:
            first, more = self.unfit[0], len(self.unfit) - 1
            also = f" ({more:,} more {'does' if more == 1 else 'do'} not fit)" if more else ""
            return f"the weights do not fit the network: {first}{also}; {self._advice()}"
        if self.unsure:
            return f"{self.unsure}; {MAP}"
        return ""

    @property
    def head(self) -> tuple[int, int] | None:
        """How many classes the file and the network tell, where nothing else differs."""
        if not self.unfit or not self.pairs or any(each.fault for each in self.unfit):
            return None
        shapes = [(each.shape, each.place) for each in self.unfit]
        if len({layer_of(each.ours or "") for each in self.unfit}) != 1:
            return None
        if not all(theirs and ours and theirs[1:] == ours[1:] for theirs, ours in shapes):
            return None
        theirs, ours = shapes[0]
        return (theirs or (0,))[0], (ours or (0,))[0]

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth telling of weights that fit, a line each."""
        notes = [f"{self._counted()} {self.way}"]
        heads = Counter(name.partition(".")[0] for name in self.left)
        for head, count in heads.items():
            notes.append(
                f"left out: {format_count(count, 'tensor')} of '{head}', which have no place"
            )
        if self.converted:
            notes.append(
                f"{format_count(len(self.converted), 'tensor')} of other precision became float32"
            )
        return tuple(notes)

    def table(self) -> Table:
        """Return a row a tensor, those that do not fit first."""
        columns = 4 if self.unfit else 3  # the shapes are the same where all fit
        header = ("in the file", "shape", "in the network", "its shape")[:columns]
        rows = [
            (each.theirs or "-", _text(each.shape), each.ours or "-", _text(each.place))
            for each in self.unfit
        ]
        rows += [(p.theirs, _text(p.shape), p.ours, _text(p.shape)) for p in self.pairs]
        caption = f"{self._counted()} {self.way}"
        if self.unfit:
            caption = f"{len(self.unfit):,} do not fit, {len(self.pairs):,} do, {self.way}"
        shown = SHOWN_UNFIT if self.unfit else SHOWN
        if len(rows) > shown:
            caption += f"; the first {shown} of {len(rows):,} rows"
        return Table(header, tuple(row[:columns] for row in rows[:shown]), caption=caption)

    def as_json(self) -> dict[str, object]:
        """Return everything as plain JSON values."""
        return {
            "way": self.way,
            "pairs": [[p.theirs, p.ours, list(p.shape)] for p in self.pairs],
            "left": list(self.left),
            "unset": list(self.unset),
            "converted": list(self.converted),
        }

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return to_html(Text(self.problem), self.table())

    def _counted(self) -> str:
        weights = len(self.pairs)
        return f"{weights:,} tensor{'s' if weights != 1 else ''}"

    def _advice(self) -> str:
        """Say how to mend what does not fit."""
        both = [u for u in self.unfit if u.theirs is not None and u.ours is not None]
        over = [u.theirs for u in self.unfit if u.theirs is not None and u.ours is None]
        lacking = [u.ours for u in self.unfit if u.theirs is None and u.ours is not None]
        if any(each.fault for each in both):
            return "save them as plain float32 values"
        if self.head is not None:
            theirs, ours = self.head
            return (
                f"the last layer of the file tells {theirs:,} classes and that of the network "
                f"{ours:,}: build the network with classes={theirs}"
            )
        if both and all(u.shape and u.place and u.shape[::-1] == u.place for u in both):
            return "the shapes are turned around, as Keras and TensorFlow keep them; transpose them"
        if self.way.startswith(TORCHVISION):
            known = self.way.removeprefix(TORCHVISION)
            return f"its names are those of torchvision's {known}: check that this network is meant"
        if _same(self.unfit):
            return f"the file keeps the same shapes in another order; {MAP}"
        if over and not lacking and not both:
            return f"to leave out what is over, name it in a map with nothing beside: {_rule(over)}"
        if lacking and not over and not both:
            return "the file holds a part of the network only; expected all of its weights"
        return f"check that it is the same network; where only its order differs, {MAP}"


def _same(unfit: Sequence[Unfit]) -> bool:
    """Return whether the tensors over are of the shapes that lack, in another order."""
    theirs = Counter((kind_of(u.theirs), u.shape) for u in unfit if u.theirs is not None)
    ours = Counter((kind_of(u.ours), u.place) for u in unfit if u.ours is not None)
    return theirs == ours


def _rule(over: Sequence[str | None]) -> str:
    """Write the map that leaves out what is over."""
    fronts = list(dict.fromkeys((name or "").partition(".")[0] for name in over))
    return '{"' + '": "", "'.join(fronts[:3]) + '": ""}'


def _text(shape: Shape | None) -> str:
    if shape is None:
        return "-"
    return "x".join(map(str, shape)) or "one number"
