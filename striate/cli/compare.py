"""striate compare: runs side by side, and whether one is really better than another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from striate.cli.messages import say_steps
from striate.errors import SettingError

if TYPE_CHECKING:
    from striate.evaluation.comparison import Comparison


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Two or more: runs' folders or classifiers' files; one beside --answers.",
            metavar="RUN...",
        ),
    ],
    data: Annotated[
        str | None,
        typer.Option(help="What `striate train` takes. Default: what the runs learnt from."),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(help="train, val, test or all. Default: what none has used."),
    ] = None,
    answers: Annotated[
        list[Path] | None,
        typer.Option(
            help="What another tool or a person answered: a CSV of image,answer[,probability]. May "
            "be given several times."
        ),
    ] = None,
    rename: Annotated[
        list[str] | None,
        typer.Option(
            help="Of --answers: which class an answer means, as 'honey bee=bees'; 'hornet=' where "
            "it is none.",
            metavar="ANSWER=CLASS",
        ),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(help="Write every image with all answers into this file.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the intervals into this file, .svg or .png.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The page, .html. Default: comparisons/RUN-RUN.html.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say whether one classifier is really better than another.

    All are evaluated on exactly the same images, none of which any of them learnt from, and each
    is set beside the first: the difference with its paired 95 % interval, McNemar's exact test,
    and what follows. The page also shows the images on which they differ. --answers sets what
    another tool or a person said of the same images beside a classifier.
    """
    import json

    from striate.cli.copying import LONGEST, name_folders
    from striate.cli.page_place import place_page
    from striate.evaluation import comparison
    from striate.evaluation.comparison.outside_answers import read_renames
    from striate.events import Event, Note
    from striate.terminal.console import Console

    if rename and not answers:
        raise SettingError("--rename is for the answers of --answers; give these, or leave it out")
    _check_files(csv, plot)
    if out is not None:
        place_page(out, Path())
    with Console() as console:

        def callback(event: Event) -> None:
            if as_json or not isinstance(event, Note):  # for people, the result holds the notes
                console(event)

        result = comparison.compare(
            runs,
            data,
            split=split,
            answers=answers or (),
            renames=read_renames(rename or ()),
            callback=callback,
        )
    named = "-".join(name_folders([model.name for model in result.models]).values())
    page = place_page(out, Path("comparisons") / f"{named[:LONGEST]}.html")
    comparison.write_page(result, page)
    if csv is not None:
        comparison.write_csv(result, csv)
    if plot is not None:
        _draw(result, plot)
    if as_json:
        print(json.dumps({"page": str(page), **result.as_json()}))
        return
    print(result)
    steps = (("open it", page), ("answers", csv), ("image", plot))
    say_steps(*((label, str(path)) for label, path in steps if path is not None))


def _check_files(csv: Path | None, plot: Path | None) -> None:
    """Refuse files that cannot be written, before the work."""
    for option, path in (("--csv", csv), ("--plot", plot)):
        if path is not None and path.is_dir():
            raise SettingError(f"{option} '{path}' is a folder; name a file in it")
        if path is not None and any(parent.is_file() for parent in path.parents):
            raise SettingError(f"{option} '{path}' lies in a file; name a folder that can be made")
    if plot is not None and plot.suffix.lower() not in (".svg", ".png"):
        raise SettingError(f"--plot '{plot}' is neither .svg nor .png; name the file so")


def _draw(result: Comparison, path: Path) -> None:
    from striate.evaluation.comparison import draw_comparison
    from striate.files.atomic_write import write_atomically

    drawn = draw_comparison(result.models, result.pairs)
    if path.suffix.lower() == ".png":
        content = drawn.png()
    else:
        words = " ".join(f"{pair.words}." for pair in result.pairs)
        content = drawn.svg(title="Classifiers compared", description=words).encode()
    with write_atomically(path) as partial:
        partial.write_bytes(content)
