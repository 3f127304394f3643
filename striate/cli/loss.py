"""striate loss: what several losses say of tables of probabilities, and when they disagree."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def loss(
    tables: Annotated[
        list[Path],
        typer.Argument(
            metavar="A.csv [B.csv]",
            help="Tables of probabilities, then targets, a row an image; or one or two tables of "
            "probabilities and then one of targets.",
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show what losses say of probabilities: error, squared error, cross-entropy, divergence.

    Entropies are in nats and in bits. Of two tables it says which is better, and when the losses
    disagree.
    """
    import json
    import shutil

    from striate.cli.convolve_then import read_file
    from striate.teaching.losses import compare_losses, read_tables

    found = read_tables([(str(path), read_file(path)) for path in tables])
    compared = compare_losses(*found)
    if as_json:
        print(json.dumps(compared.as_json()))
    else:
        print(compared.as_text(width=shutil.get_terminal_size().columns))
