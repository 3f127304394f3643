"""striate export: one ONNX file that takes raw images and proves itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    model: Annotated[Path, typer.Argument(help="A classifier's file, or the folder of its run.")],
    out: Annotated[
        Path | None,
        typer.Option(help="The file that is written. Default: NAME.onnx in this folder."),
    ] = None,
    batch: Annotated[
        bool,
        typer.Option(
            "--batch",
            help="Write NAME.batch.onnx beside it, which takes batches of images of the network's "
            "size.",
        ),
    ] = False,
    with_hashes: Annotated[
        bool,
        typer.Option(
            "--with-hashes", help="Let the hashes of the images that were learnt from go with it."
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    seed: Annotated[int, typer.Option(help="Of the golden images.", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write a classifier as one ONNX file that takes raw images and proves itself.

    Resizing, network, temperature and reject rule are all in its graph. Sixteen golden images with
    their answers travel with it; they are compared with torch and in each runtime that is here
    before the file is written. Ends with 1 where they disagree, and leaves no file then.
    """
    import json

    from striate.cli.verify import print_proofs
    from striate.deployment.exporting import ExportSettings
    from striate.deployment.exporting import export as export_classifier
    from striate.events import Event, Note
    from striate.terminal.console import Console
    from striate.terminal.escape import escape_controls
    from striate.terminal.next_steps import command

    settings = ExportSettings(batch=batch, with_hashes=with_hashes, force=force, seed=seed)
    with Console() as console:

        def callback(event: Event) -> None:
            if not as_json or not isinstance(event, Note):
                console(event)

        done = export_classifier(
            model, out or name_file(model), settings=settings, progress=False, callback=callback
        )
    if as_json:
        print(json.dumps(done.as_json()))
        return
    from striate.cli.messages import say_steps

    print_proofs(done.verification)
    size = f"{done.size / 1e6:.1f} MB"
    print(f"{escape_controls(str(done.path))}: {size}, {done.size:,} bytes")
    say_steps(
        ("verify", command("verify", done.path)),
        ("next", command("predict", done.path, "IMAGES")),
    )


def name_file(model: Path) -> Path:
    """Name an exported file after its classifier, or after the run of it.

    >>> str(name_file(Path("runs/photos/classifier.safetensors"))), str(name_file(Path("a/cats")))
    ('photos.onnx', 'cats.onnx')
    """
    resolved = model.absolute()
    if resolved.name == "classifier.safetensors":
        resolved = resolved.parent
    name = resolved.name.removesuffix(".safetensors")
    return Path(f"{name}.onnx")
