"""striate report: the report of a run, written again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    run: Annotated[Path, typer.Argument(help="The folder of a run.")],
    data: Annotated[
        str | None, typer.Option(help="Where the images are now, if they have moved.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write the report of a run again, by this version of Striate.

    A run that was killed is ended where its last checkpoint stands, and evaluated; `striate train
    --resume` still goes on with it.
    """
    import json

    from striate.cli.early_checks import check_run
    from striate.cli.messages import say_steps
    from striate.events import Event, Note
    from striate.model.run_folder import RunFolder
    from striate.terminal.console import Console
    from striate.terminal.next_steps import command, format_steps

    check_run(run)
    from striate.training.runs import report_run

    with Console() as console:

        def callback(event: Event) -> None:
            if not as_json or isinstance(event, Note):
                console(event)

        result = report_run(run, data=data, callback=callback)
    page = RunFolder(result.folder).report
    if as_json:
        print(json.dumps({"run": str(run), "report": str(page)}))
    else:
        print(format_steps([("open it", str(page))]))
        say_steps(("next", command("predict", result.folder, "IMAGES")))
