"""striate describe: what a network costs and sees, without building it."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from striate.errors import NotationError

SHAPE = re.compile(r"[0-9]+(\s*[xX]\s*[0-9]+){2}")
LARGEST = 1_000_000  # along each side of a picture, and of channels


def describe(
    network: Annotated[
        str,
        typer.Argument(
            help="A network text, a known network's name as vgg16, a .cnn file, a classifier's "
            "file or a run's folder."
        ),
    ],
    shape: Annotated[
        str | None, typer.Option("--input", help="Channels x rows x columns, as 3x224x224.")
    ] = None,
    classes: Annotated[int | None, typer.Option(help="How many classes.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print what a network costs and sees, layer by layer."""
    import json

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
    sizes = re.findall(r"0*([0-9]+)", text) if SHAPE.fullmatch(text.strip()) else []
    shape = tuple(int(size) for size in sizes if len(size) <= len(str(LARGEST)))
    if len(shape) != 3 or not all(0 < size <= LARGEST for size in shape):
        raise NotationError(
            f"--input is '{text[:60]}'; expected channels x rows x columns, each from 1 to "
            f"{LARGEST:,}, as 3x224x224"
        )
    return shape


def text_of(network: str) -> str:
    """Give the network's text: itself, a known network's name, or what stands in the file."""
    from striate import zoo
    from striate.notation import source, text_in

    if not network.strip():
        raise NotationError("the network is empty; give a text such as 'conv 8 > relu > fc'")
    try:
        path = Path(network)
        there = path.exists()
    except (OSError, ValueError):  # too long for a file's name, or what none can hold
        there = False
    if zoo.is_name(network):
        if there:
            print(
                f"{network} is the known network; for the file or folder write ./{network}",
                file=sys.stderr,
            )
        return network
    if there and path.is_dir():
        path = path / "classifier.safetensors"
    if there and path.suffix == ".safetensors":
        return text_inside(path)
    if network.strip().endswith(".safetensors"):
        raise NotationError(f"there is no file '{network}'")
    return text_in(path) if there else source(network)


def text_inside(path: Path) -> str:
    """Read the network's text out of a classifier's file, without torch."""
    import json

    try:
        with path.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        text = json.loads(header["__metadata__"]["striate"])["network"]
    except OSError as error:
        raise NotationError(f"'{path}' cannot be read: {error.strerror}") from error
    except (
        ValueError, LookupError, TypeError, OverflowError, MemoryError, RecursionError
    ) as error:  # fmt: skip
        raise NotationError(f"'{path}' is not a classifier that Striate saved ({error})") from error
    if not isinstance(text, str):
        raise NotationError(f"'{path}' was made with a torch module; it has no network text")
    return text
