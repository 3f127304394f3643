"""What `striate predict --seen` prints: whether a run has used each image."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from striate.cli.messages import say
from striate.errors import SettingError
from striate.terminal.escape import escape_controls

if TYPE_CHECKING:
    from striate.model.image_input import ImageInput


def print_seen(model: Path, images: Iterable[ImageInput], *, as_json: bool) -> None:
    """Print a line an image, and say at the end how many of them were learnt from.

    Raises:
        SettingError: it is an exported file, which keeps no hashes.
    """
    from striate.doctor.seen_images import open_seen_images

    if model.suffix.lower() == ".onnx":
        raise SettingError(
            f"'{model}' is an exported file, in which --seen cannot look; give the run or the "
            "classifier it was made of"
        )
    known = open_seen_images(model)
    read = learnt = 0
    for found in known.find(images):
        read += not found.error
        learnt += found.split == "train"
        if as_json:
            print(json.dumps(asdict(found)))
        else:
            print(escape_controls(f"{found.name}: {found}"))
    say(f"{learnt:,} of {read:,} image{'' if read == 1 else 's'} learnt from")
    if known.limits:
        say(known.limits)
    if not read:
        raise typer.Exit(2)
