"""What a program says of itself, and the first line of its functions."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from striate.architecture.aspects.program_call import Value
from striate.architecture.notation import ExpandedNetwork, Leaf
from striate.architecture.words import text_of
from striate.backends.codegen.layout import WIDTH

WIDEST = 84


def heading(plan: ExpandedNetwork, about: Sequence[str]) -> str:
    """Write the docstring of a program and, as a comment, the network it was written from.

    Args:
        plan: of the network.
        about: paragraphs on the program; ``{input}`` and ``{output}`` stand for shapes.
    """
    parameters = sum(
        leaf.layer.parameters(leaf.input) for leaf in plan.layers() if isinstance(leaf, Leaf)
    )
    name = _plain(plan.network.name or "A network").replace("\\", "/").replace('"', "'")
    shapes = {"input": text_of(plan.input), "output": text_of(plan.output)}
    lines = [f'"""{name}', "", f"{parameters:,} parameters. Written by Striate."]
    for paragraph in about:
        lines += ["", *textwrap.wrap(paragraph.format(**shapes), WIDEST)]
    notation = [f"# {_plain(line)}".rstrip() for line in str(plan.network).split("\n")]
    return "\n".join([*lines, '"""', "", "# The network in Striate's notation:", "#"]) + (
        "\n" + "\n".join(line.replace("# ", "#     ", 1) for line in notation) + "\n\n"
    )


def _plain(text: str) -> str:
    """Take out what could end a line or a program's text early."""
    return "".join(c if c.isprintable() else " " for c in text)


def said(definition: str) -> list[str]:
    """Write the definition of a block as the docstring of its code.

    >>> said("unit(c) = conv c > bn")[0].strip(' "')
    'unit(c) = conv c > bn'
    """
    if len(definition) + 10 <= WIDTH and "\n" not in definition:
        return [f'    """{definition}"""']
    inside = [f"    {line}" for line in definition.split("\n")]
    return ['    """A block of the network.', "", *inside, '    """']


def annotate(parameters: Mapping[str, Sequence[Value]]) -> list[str]:
    """Write parameters with the types of the values that they take.

    >>> annotate({"c": (64, 128), "kernel_size": ((1, 7), (7, 1)), "rate": (0.1, 0.2)})
    ['c: int', 'kernel_size: tuple[int, int]', 'rate: float']
    """
    return [f"{name}: {_type(values)}" for name, values in parameters.items()]


def _type(values: Sequence[Value]) -> str:
    kinds = {float: "float", int: "int", tuple: "tuple[int, int]"}
    return " | ".join(
        text for kind, text in kinds.items() if any(isinstance(value, kind) for value in values)
    )
