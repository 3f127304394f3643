"""A network as its author wrote it: blocks, repeats, branches and sums, not yet worked out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field

from striate.architecture.notation.formatting import (
    Remarks,
    by_anchor,
    comment_line,
    definition_text,
    network_lines,
)
from striate.architecture.notation.nodes import Definition, Flow, Remark
from striate.architecture.words import Shape, text_of
from striate.errors import NotationError


@dataclass(frozen=True, repr=False)
class Network:
    r"""A network text as a tree; two are equal where they say the same, spaces and lines aside.

    ``str(network)`` is the canonical text, and `parse` of that gives the same tree.

    Attributes:
        flow: the items of the network: words, calls, repeats, branches.
        definitions: the blocks, in their order.
        input: (channels, rows, columns), or None where the text leaves it out.
        classes: how many classes, or None where the text leaves it out.
        comment: what the network says of itself: the first comments, without their # signs.
        remarks: the other comments.
        source: the text it was read from; takes no part in equality.

    >>> from striate.architecture.notation import parse
    >>> print(parse("# Tiny\nconv 8>relu\n[conv in*2>relu>maxpool 2]*3 > gap>flatten>fc"))
    # Tiny
    conv 8 > relu > [conv in*2 > relu > maxpool 2]*3
    gap > flatten > fc
    """

    flow: Flow
    definitions: tuple[Definition, ...] = ()
    input: Shape | None = None
    classes: int | None = None
    comment: str = ""
    remarks: tuple[Remark, ...] = ()
    source: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """The first line of its comment; empty where it has none."""
        return self.comment.split("\n", 1)[0]

    def with_input(self, shape: Shape | None, *, classes: int | None = None) -> Network:
        """Fill in, or override, what goes in and how many classes come out.

        Args:
            shape: (channels, rows, columns); None leaves it as it is.
            classes: None leaves them as they are.

        Raises:
            NotationError: the shape is not three numbers of at least 1, or classes is below 1.

        >>> from striate.architecture.notation import parse
        >>> print(parse("flatten > fc").with_input((1, 8, 8), classes=10))
        input 1x8x8 classes=10
        flatten > fc
        """
        if shape is not None:
            check_input(shape)
        if classes is not None and classes < 1:
            raise NotationError(f"a network needs at least 1 class, but got classes={classes}")
        return dataclasses.replace(
            self,
            input=self.input if shape is None else tuple(shape),
            classes=self.classes if classes is None else classes,
        )

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def __repr__(self) -> str:
        return f"parse({str(self)!r})"

    def _repr_html_(self) -> str:
        from striate.render.notebook import Text, to_html

        return to_html(Text(str(self), kind="pre"))

    def _lines(self) -> Iterator[str]:
        remarks = by_anchor(self.remarks)
        if self.comment:
            yield from map(comment_line, self.comment.split("\n"))
        first = 0 if self.definitions else self._input_anchor + (self._input_line is None)
        if self.comment and any(not remark.beside for remark in remarks[first]):
            yield ""  # keeps the first comments apart from the next one
        for number, definition in enumerate(self.definitions):
            yield from self._with_remarks(remarks, number, definition_text(definition))
        if self.definitions:
            yield ""
        if self._input_line is not None:
            yield from self._with_remarks(remarks, self._input_anchor, self._input_line)
        yield from network_lines(self.flow, remarks, self._input_anchor + 1)

    @staticmethod
    def _with_remarks(remarks: Remarks, anchor: int, text: str) -> Iterator[str]:
        here = remarks[anchor]
        yield from (comment_line(remark.text) for remark in here if not remark.beside)
        beside = [f"  {comment_line(remark.text)}" for remark in here if remark.beside]
        yield text + "".join(beside[:1])

    @property
    def _input_anchor(self) -> int:
        return len(self.definitions)

    @property
    def _input_line(self) -> str | None:
        if self.input is None and self.classes is None:
            return None
        shape = "" if self.input is None else f" {text_of(self.input)}"
        return f"input{shape}" + ("" if self.classes is None else f" classes={self.classes}")


def check_input(shape: Shape) -> None:
    """Make sure that a shape can go into a network.

    Raises:
        NotationError: it is not three numbers of at least 1.

    >>> check_input((224, 224))
    Traceback (most recent call last):
    striate.errors.NotationError: input is channels x rows x columns, as in 3x224x224, but got ...
    """
    if len(shape) != 3 or min(shape) < 1:
        raise NotationError(
            "input is channels x rows x columns, as in 3x224x224, but got "
            f"{text_of(tuple(shape)) or 'nothing'}"
        )
