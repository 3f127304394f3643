"""striate check: what would spoil training on a data set, before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from striate.cli.messages import say_steps


def check(
    data: Annotated[str, typer.Argument(help="What `striate train` takes: a folder, zip, CSV ...")],
    labels: Annotated[
        bool, typer.Option(help="Look for wrong labels, which takes longest and loads torch.")
    ] = True,
    pretrained: Annotated[
        str | None,
        typer.Option(
            help="Look for wrong labels by this network's features. Default: one at hand."
        ),
    ] = None,
    alike: Annotated[
        float | None,
        typer.Option(help="Correlation of details from which two images show the same, 0 to 1."),
    ] = None,
    layout: Annotated[
        str | None, typer.Option(help="What folders mean: split/class, class/split or path.")
    ] = None,
    zip_encoding: Annotated[
        str | None, typer.Option(help="Of the names in a zip that are not in UTF-8.")
    ] = None,
    fixes: Annotated[
        Path | None, typer.Option(help="What was decided before, as CSV: says what is left.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder for what is written. Default: checks/NAME.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look through images and labels for what would spoil a training or its figures.

    Broken files, blank and placeholder images, copies (also mirrored, cut or turned) within and
    across classes and splits, labels that are probably wrong, classes told apart by size or light
    alone. Nothing in the data is changed; fixes are proposed in a CSV. Exit code 1 where something
    needs a person.
    """
    import json

    from striate.data import find
    from striate.doctor.checkup.check_files import write_check
    from striate.doctor.checkup.checking import check_data, folder_of
    from striate.errors import SettingError
    from striate.terminal.console import Console

    folder = out or folder_of(data)
    if folder.is_file() or any(parent.is_file() for parent in folder.parents):
        raise SettingError(f"--out '{folder}' is or lies in a file; name a folder")
    collection = find(data, layout=layout, zip_encoding=zip_encoding)
    with Console() as console:
        result = check_data(
            collection,
            pretrained=pretrained,
            labels=labels,
            alike=alike,
            fixes=fixes,
            callback=console,
        )
        written = write_check(result, collection, folder)
    if as_json:
        print(json.dumps({**result.as_json(), "page": str(written.page)}))
    else:
        print(result)
        steps = [("open it", str(written.page))]
        if result.findings:
            steps.append(("fixes", str(written.fixes)))
        say_steps(*steps)
    if result.grave:
        raise typer.Exit(1)
