"""striate forget: images taken out of a run, as if it had never learnt from them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def forget(
    run: Annotated[Path, typer.Argument(help="The folder of a run.")],
    images: Annotated[
        list[str],
        typer.Argument(
            help="Names as in its split.csv, the files themselves, or - for a list on standard "
            "input."
        ),
    ],
    data: Annotated[
        str | None, typer.Option(help="Where the images are now, if they have moved.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Take images out of a run: fit its head anew, and delete what names or shows them.

    Of a head on a frozen backbone alone. The head, its weight decay, the temperature, the reject
    rule and a promise come out as if the images had never been there; hashes, split.csv, features
    that are kept and the report no longer hold them. Your folder is left as it is.
    """
    import json

    from striate.cli.early_checks import check_run
    from striate.cli.messages import say
    from striate.cli.predict import list_files
    from striate.events import Event, Note
    from striate.terminal.console import Console
    from striate.terminal.escape import escape_controls
    from striate.terminal.next_steps import format_steps
    from striate.terminal.wrapping import wrap

    check_run(run)
    from striate.training.forgetting import forget as forget_images

    with Console() as console:

        def callback(event: Event) -> None:
            if not as_json or isinstance(event, Note):
                console(event)

        found = forget_images(run, list(list_files(images)), data=data, callback=callback)
    result = found.result
    if as_json:
        print(
            json.dumps(
                {
                    "run": str(run),
                    "forgotten": found.names,
                    "kin": found.kin,
                    "accuracy": result.evaluation.accuracy,
                    "accuracy_before": found.accuracy,
                    "n": result.evaluation.n,
                    "n_before": found.n,
                    "features_deleted": found.features,
                    "foreign": found.foreign,
                }
            )
        )
        say(found.words[-1])
        return
    print(wrap(escape_controls("\n".join(found.words), lines=True)))
    print(format_steps([("open it", str(run / "report.html"))]))
