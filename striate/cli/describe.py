"""striate describe: what a network costs and sees, without building it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from striate.errors import NotationError


def describe(
    network: Annotated[
        str,
        typer.Argument(help="A network text, a .cnn file, a classifier's file or a run's folder."),
    ],
    shape: Annotated[
        str | None, typer.Option("--input", help="Channels x rows x columns, as 3x224x224.")
    ] = None,
    classes: Annotated[int | None, typer.Option(help="How many classes.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print what a network costs and sees, layer by layer."""
    from striate import anatomy

    text = text_of(network)
    result = anatomy.describe(text, input=shape_of(shape), classes=classes)
    print(json.dumps(result.as_json()) if as_json else result)


def shape_of(text: str | None) -> tuple[int, ...] | None:
    """Read "3x224x224" as three numbers.

    >>> shape_of("3x224x224")
    (3, 224, 224)
    """
    if text is None:
        return None
    parts = text.lower().split("x")
    if len(parts) != 3 or not all(part.strip().isdigit() for part in parts):
        raise NotationError(f"input is '{text}'; expected channels x rows x columns, as 3x224x224")
    return tuple(int(part) for part in parts)


def text_of(network: str) -> str:
    """Give the network's text: itself, or what stands in the file it names."""
    path = Path(network)
    if len(network) > 4000 or "\n" in network or not path.exists():
        if network.strip().endswith((".cnn", ".safetensors")):
            raise NotationError(f"there is no file '{network}'")
        return network
    if path.is_dir():
        path = path / "classifier.safetensors"
    if path.suffix == ".safetensors":
        return text_inside(path)
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NotationError(f"'{path}' is no network text: {error}") from error


def text_inside(path: Path) -> str:
    """Read the network's text out of a classifier's file, without torch."""
    try:
        with path.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        text = json.loads(header["__metadata__"]["striate"])["network"]
    except (OSError, ValueError, KeyError, TypeError, OverflowError, MemoryError) as error:
        raise NotationError(f"'{path}' is not a classifier that Striate saved ({error})") from error
    if not isinstance(text, str):
        raise NotationError(f"'{path}' was made with a torch module; it has no network text")
    return text
