"""Two short programs that use an exported file without Striate: in Python and in JavaScript."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from striate.data.images import Preprocess
from striate.model.decision import Taxonomy

ENDINGS = (".py", ".mjs")


def write_programs(
    path: Path,
    classes: Sequence[str],
    preprocess: Preprocess,
    taxonomy: Taxonomy | None = None,
) -> dict[Path, bytes]:
    """Write the programs that classify by an exported file, as text.

    Args:
        path: of the exported file, beside which they are to lie.
        classes: its class names, which JavaScript cannot read from it.
        preprocess: whose background lies under transparent pixels.
        taxonomy: what stands above the classes; None where nothing does.

    Returns:
        What is to stand in which file: NAME.py and NAME.mjs.

    >>> programs = write_programs(Path("a/cats.onnx"), ("cat", "dog"), Preprocess())
    >>> [path.as_posix() for path in programs]
    ['a/cats.py', 'a/cats.mjs']
    """
    red, green, blue = preprocess.background
    found = {}
    for ending in ENDINGS:
        place = path.with_suffix(ending)
        said = {
            "FILE_TEXT": repr(path.name) if ending == ".py" else json.dumps(path.name),
            "FILE_NAME": _in_a_comment(path.name),
            "PROGRAM_NAME": _in_a_comment(place.name),
            "CLASSES": json.dumps(list(classes)),
            "NODES": "classes" if taxonomy is None else json.dumps(taxonomy.name_nodes(classes)),
            "BACKGROUND": f"rgb({red}, {green}, {blue})",
        }
        text = files("striate").joinpath(f"deployment/programs/answer{ending}.txt")
        program = text.read_text("utf-8")
        for name, value in said.items():
            program = program.replace(name, value)
        found[place] = program.encode()
    return found


def _in_a_comment(name: str) -> str:
    """Return a file's name as it may stand in a comment of either language.

    >>> _in_a_comment('a"b.onnx')
    "a'b.onnx"
    """
    shown = "".join(each if each.isprintable() else "?" for each in name)
    return shown.replace('"', "'").replace("\\", "?")
