"""striate evaluate: what a classifier is worth on images whose classes are known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    model: Annotated[Path, typer.Argument(help="A classifier's file, or the folder of its run.")],
    data: Annotated[str, typer.Argument(help="Whatever `striate train` takes.")],
    part: Annotated[
        str | None,
        typer.Option(help="train, val, test or all. Default: what training has not used."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Judge a classifier on images of known classes.

    Accuracy with its interval, errors side by side, confusion, the worst images. The test part
    is taken where DATA has one, else the validation part, else what training held out; what was
    taken is said.
    """
    import json

    from striate.evaluation import selection
    from striate.events import Event, Note
    from striate.model.classifier import load
    from striate.terminal.console import Console

    with Console() as console:

        def callback(event: Event) -> None:
            if as_json or not isinstance(event, Note):  # for people, the result holds the notes
                console(event)

        result = selection.evaluate(load(model), data, part=part, callback=callback)
    print(json.dumps(result.as_json()) if as_json else result)
