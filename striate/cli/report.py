"""striate report: the report of a run, written again; of a folder of runs, an index of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    run: Annotated[Path, typer.Argument(help="The folder of a run, or of several.")],
    data: Annotated[
        str | None, typer.Option(help="Where the images are now, if they have moved.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write the report of a run again, by this version of Striate; of a folder of runs, an index.

    A run that was killed is ended where its last checkpoint stands, and evaluated; `striate train
    --resume` still goes on with it.
    """
    import json

    from striate.cli.early_checks import check_run
    from striate.cli.messages import say_steps
    from striate.errors import SettingError
    from striate.events import Event, Note
    from striate.model.run_folder import RunFolder, find_runs
    from striate.terminal.console import Console
    from striate.terminal.next_steps import command, format_steps

    if runs := find_runs(run):
        if data is not None:
            raise SettingError(
                f"--data is for the report of one run, and '{run}' holds {len(runs):,}; "
                "leave it out"
            )
        from striate.training.report.index import write_index

        index = write_index(run, runs)
        if as_json:
            print(json.dumps({"runs": [str(each) for each in runs], "index": str(index)}))
        else:
            print(format_steps([("open it", str(index))]))
        return
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
