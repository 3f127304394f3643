"""striate import: a classifier from a known network and weights that others have trained."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from striate.cli.messages import say_steps
from striate.errors import SettingError, WeightsError
from striate.terminal.next_steps import command
from striate.terminal.wrapping import wrap

if TYPE_CHECKING:
    from striate.model.importing import Imported


def import_(
    network: Annotated[
        str,
        typer.Argument(
            help="A known network's name such as resnet18, a text, or a file of one; or the "
            ".keras, .h5 or .onnx file of a whole model."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The classifier's file that is written.")],
    weights: Annotated[
        str | None,
        typer.Option(
            help="imagenet (the official file, fetched once and kept, or of its package), or a "
            ".pth, .pt, .th or .safetensors file. A whole model has its own."
        ),
    ] = None,
    classes: Annotated[
        Path | None,
        typer.Option(
            help="The names of the classes in the order of the outputs: a name a line, JSON, CSV, "
            "or an ImageNet index. Default: the labels.txt beside a whole model."
        ),
    ] = None,
    renamed: Annotated[
        Path | None,
        typer.Option(
            "--map",
            help="JSON or CSV of their names to ours, where neither names nor order say it.",
        ),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Take official weights from the cache or fail.")
    ] = False,
    shape: Annotated[
        str | None, typer.Option("--input", help="Channels x rows x columns, as 3x224x224.")
    ] = None,
    fit: Annotated[
        str | None, typer.Option(help="How other shapes are fitted: pad, squash or crop.")
    ] = None,
    crop_ratio: Annotated[
        float | None,
        typer.Option(help="How much larger than the input an image is made before the crop."),
    ] = None,
    mean: Annotated[
        str | None, typer.Option(help="Subtracted, of values 0 to 1: 0.5, or 0.49,0.46,0.41.")
    ] = None,
    std: Annotated[
        str | None, typer.Option(help="Divided by, of values 0 to 1: 0.5, or 0.23,0.22,0.22.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make a classifier of weights that others have trained.

    The network is a known one, or comes with them; preprocessing is included. What fits nowhere is
    an error that says so, and nothing is written. `striate evaluate` on images of known classes is
    the proof that all is in its place.
    """
    if out.suffix != ".safetensors":
        out = out.with_name(out.name + ".safetensors")
    if out.exists():
        raise SettingError(f"'{out}' exists already; nothing is overwritten: give another --out")
    from striate.cli.network_argument import shape_of
    from striate.model import importing
    from striate.terminal.console import Console

    given = shape_of(shape)
    channels, height, width = given or (None, None, None)
    changes: importing.PreprocessChanges = {
        "channels": channels,
        "height": height,
        "width": width,
        "fit": fit,
        "crop_ratio": crop_ratio,
        "mean": _values(mean, "--mean"),
        "std": _values(std, "--std"),
    }
    _check(network, weights, classes)
    with Console() as console:
        try:
            made = importing.import_with_fit(
                network,
                weights or "imagenet",
                classes=classes,
                preprocess=changes,
                map=renamed,
                offline=offline,
                callback=console,
            )
        except WeightsError as error:
            if error.table:
                print(error.table, end="\n\n", file=sys.stderr)
            raise
        made.classifier.save(out)
    _show(made, out, as_json=as_json)


def _check(network: str, weights: str | None, classes: Path | None) -> None:
    """Refuse what cannot be, before torch is loaded and anything is looked up or fetched."""
    from striate.architecture.notation import parse, source
    from striate.model import importing

    if classes is not None:
        importing.read_classes(classes)
    if importing.is_model_file(network):
        importing.check_whole(Path(network))
        return
    if weights is None:
        raise SettingError(
            f"'{network[:60]}' is a network without weights, so give --weights: imagenet, or a "
            "file of weights; or name a file of a whole model, .keras, .h5 or .onnx"
        )
    parse(source(network))
    if weights != "imagenet" and not Path(weights).exists():
        raise WeightsError(
            f"there is no file '{weights}'; expected imagenet, or a .pth, .pt, .th or "
            ".safetensors file"
        )


def _show(made: Imported, out: Path, *, as_json: bool) -> None:
    import json

    model = made.classifier
    if as_json:
        values = {
            "model": str(out),
            "parameters": model.parameters,
            "classes": len(model.classes),
            "preprocess": model.preprocess.as_json(),
            "sha256": model.origin.imported,
            "weights": made.fit.as_json(),
            "notes": list(made.notes),
        }
        print(json.dumps(values))
    else:
        print(wrap(f"{out}: {model!r}"))
        say_steps(("prove it", command("evaluate", out, "IMAGES")))


def _values(text: str | None, option: str) -> tuple[float, ...] | None:
    """Read "0.5" or "0.485,0.456,0.406"."""
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.replace(",", " ").split())
    except ValueError as error:
        raise SettingError(
            f"{option} is '{text[:60]}'; expected a number, or one a channel: 0.485,0.456,0.406"
        ) from error
