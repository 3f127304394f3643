"""striate describe: what a network costs and sees, and its other shapes: drawing and code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from striate.cli.messages import say
from striate.errors import SettingError

if TYPE_CHECKING:
    from striate.architecture.layer_table import Summary

SCREEN = 1160  # pixels of a drawing's width, so that a screen of 1280 shows all of it
NETWORK = (
    "A network text in quotes, a known network's name as vgg16, a file with a text, a classifier's "
    "file, a run's folder, or FILE.py:NAME or PACKAGE.MODULE:NAME of a torch module."
)


def describe(
    network: Annotated[list[str], typer.Argument(metavar="NETWORK", help=NETWORK)],
    shape: Annotated[
        str | None, typer.Option("--input", help="Channels x rows x columns, as 3x224x224.")
    ] = None,
    classes: Annotated[int | None, typer.Option(help="How many classes.")] = None,
    batch_size: Annotated[
        int, typer.Option(help="Images a step, for the memory and the time of training.")
    ] = 32,
    profile: Annotated[
        bool, typer.Option("--profile", help="Time each layer, forward and backward.")
    ] = False,
    svg: Annotated[
        Path | None, typer.Option(help="Write an architecture diagram into this SVG file.")
    ] = None,
    graph: Annotated[
        Path | None, typer.Option(help="Write a data-flow graph into this SVG file.")
    ] = None,
    code: Annotated[
        str | None, typer.Option(help="Print it as a program instead: torch or keras.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print what a network costs and sees, layer by layer.

    Every calculation is shown, and warnings say what is lost or wasted. Without --profile,
    nothing is built and torch not loaded.
    """
    from striate.architecture import layer_table
    from striate.cli.network_argument import given, shape_of

    text = given(network, shape)
    result = layer_table.summary(text, input=shape_of(shape), classes=classes)
    result.training_memory(batch_size)  # refuses a batch of none before anything is written
    drawings = {"--svg": svg, "--graph": graph}
    for option, path in drawings.items():
        if path is not None:
            _check(path, option)
    if svg is not None and svg == graph:
        raise SettingError(f"--svg and --graph are both '{svg}'; give each a file of its own")
    for option, path in drawings.items():
        if path is not None:
            _draw(result, path, option)
    if as_json:
        _print_json(result, batch=batch_size, profile=profile, code=code)
    elif code is not None:
        print(_program(result, code), end="")
    else:
        print(result.page(batch_size))
        if profile:
            from striate.backends import profiler

            print(f"\n{profiler.profile(result.plan, batch=batch_size)}")


def _print_json(result: Summary, *, batch: int, profile: bool, code: str | None) -> None:
    import json

    said = result.as_json(batch)
    if code is not None:
        said["code"] = _program(result, code)
    if profile:
        from striate.backends import profiler

        said["profile"] = profiler.profile(result.plan, batch=batch).as_json()
    print(json.dumps(said))


def _program(result: Summary, framework: str) -> str:
    from striate.backends import codegen

    if framework not in ("torch", "keras"):
        raise SettingError(f"--code is '{framework}'; choose torch or keras")
    return codegen.to_code(result.plan, "torch" if framework == "torch" else "keras")


def _check(path: Path, option: str) -> None:
    if path.is_dir():
        raise SettingError(f"{option} '{path}' is a folder; name a file, as in network.svg")
    if path.suffix.lower() != ".svg":
        raise SettingError(f"{option} '{path}': the drawing is an SVG text; name it .svg")


def _draw(result: Summary, path: Path, option: str) -> None:
    from striate.architecture.diagram.drawing import draw_architecture
    from striate.architecture.diagram.graph import draw_graph
    from striate.files.atomic_write import write_atomically
    from striate.render.palette import for_file

    draw = draw_graph if option == "--graph" else draw_architecture
    drawing = for_file(draw(result, width=SCREEN))
    made = not path.parent.exists()
    with write_atomically(path) as partial:
        partial.write_text(drawing, encoding="utf-8")
    if made:
        say(f"made the folder {path.parent}")
    say(f"the drawing: {path}")
