"""striate evaluate: how good a classifier is on images whose classes are known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    model: Annotated[Path, typer.Argument(help="A classifier's file, or the folder of its run.")],
    data: Annotated[str, typer.Argument(help="Whatever `striate train` takes.")],
    split: Annotated[
        str | None,
        typer.Option(help="train, val, test or all. Default: what training has not used."),
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(
            help="What folders of folders are: split/class, class/split or path (each folder a "
            "class). Default: as in the run, or by the names of the splits."
        ),
    ] = None,
    zip_encoding: Annotated[
        str | None,
        typer.Option(help="Encoding of names in a zip that are not in UTF-8, as cp932."),
    ] = None,
    answer_always: Annotated[
        bool,
        typer.Option("--answer-always", help='Count no image as answered with "I don\'t know".'),
    ] = False,
    slices: Annotated[
        bool,
        typer.Option("--slices", help="Accuracy by column, folder, size, shape and brightness."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Evaluate a classifier on images of known classes.

    Accuracy with its interval, Brier score, cross-entropy, confusion matrix, the worst images. The
    test split is taken where DATA has one, else the validation split, else what training held
    out; what was taken is said.
    """
    import json

    from striate.cli.messages import say_steps
    from striate.evaluation.classifier_evaluation import evaluate as evaluate_classifier
    from striate.events import Event, Note
    from striate.model.classifier_like import open_classifier
    from striate.terminal.colors import has_colors
    from striate.terminal.console import Console
    from striate.terminal.next_steps import command

    with Console() as console:

        def callback(event: Event) -> None:
            if as_json or not isinstance(event, Note):  # for people, the result holds the notes
                console(event)

        opened = open_classifier(model)
        given = opened.answer_always() if answer_always else opened
        result = evaluate_classifier(
            given, data, split=split, layout=layout, zip_encoding=zip_encoding, callback=callback
        )
    if as_json:
        print(json.dumps(result.as_json()))
        return
    print(result.as_text(color=has_colors()))
    if slices and result.slices is not None:
        print(f"\n{result.slices}")
    worst = result.worst[0].name if result.worst else ""
    image = next((path for path in (Path(data) / worst, Path(worst)) if path.is_file()), "IMAGE")
    say_steps(("next", command("explain", model, image, "--quick")))
