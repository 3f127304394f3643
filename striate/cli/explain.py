"""striate explain: what a network sees in one image or a folder, as one page and its numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from striate.errors import ImageError, SettingError
from striate.terminal.escape import escape_controls
from striate.terminal.next_steps import format_steps
from striate.terminal.wrapping import wrap

if TYPE_CHECKING:
    from striate.explanation.inspection import Inspection
    from striate.explanation.inspection_settings import InspectionSettings, UnitPosition
    from striate.explanation.layer_maps import ColorScale
    from striate.explanation.unit_inspection import UnitInspection
    from striate.model.classifier import Classifier
    from striate.terminal.console import Console
    from striate.training.taught import TaughtRun

AT = re.compile(r"\s*([\w.#]+)[\s,]+(\d{1,9})(?:[\s,]+(\d{1,9})[\s,]+(\d{1,9}))?\s*")
FOLDER = Path("explanations")


def explain(
    model: Annotated[Path, typer.Argument(help="A classifier's file, or the folder of its run.")],
    image: Annotated[
        Path | None, typer.Argument(help="An image's file. Left out where --data is given.")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="A folder, or what `striate train` takes: explain its units over it."),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Class to explain. Default: the most probable.")
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="Class to compare with. Default: the next probable.")
    ] = None,
    layer: Annotated[
        str | None, typer.Option(help="Layer to explain. Default: the last spatial layer.")
    ] = None,
    method: Annotated[
        str, typer.Option(help="Whose map comes first and is tested. Default: what fits.")
    ] = "auto",
    at: Annotated[
        str | None,
        typer.Option(help="'LAYER UNIT ROW COLUMN', from 0: print this number's whole sum."),
    ] = None,
    color_scale: Annotated[
        str, typer.Option(help="What shares a colour scale of maps: layer, block or network.")
    ] = "layer",
    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="Leave out what takes seconds: the checks of the map, three methods, made images.",
        ),
    ] = False,
    taught: Annotated[
        bool,
        typer.Option(
            "--taught",
            help="Of a run with a head: the training images that speak most for and against.",
        ),
    ] = False,
    without: Annotated[
        list[str] | None,
        typer.Option(
            help="With --taught: a training image, as in split.csv, to fit anew without; "
            "give it again for more."
        ),
    ] = None,
    layers: Annotated[int, typer.Option(help="With --data: layers shown, 0 for all.")] = 6,
    units: Annotated[int, typer.Option(help="With --data: units shown of each.")] = 4,
    seed: Annotated[int, typer.Option(help="With --data: of the images made for units.")] = 0,
    numbers: Annotated[
        bool,
        typer.Option("--numbers", help="Write every number beside the page, not only those shown."),
    ] = False,
    filters: Annotated[
        Path | None,
        typer.Option(
            help="Without an image: draw the weights of the first, middle and last convolution "
            "into this .png file."
        ),
    ] = None,
    film: Annotated[
        Path | None,
        typer.Option(
            help="Without an image: show how filters and maps of a run that was trained with "
            "--film came about, as .gif, .webp or .mp4."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The page, .html; its numbers are written beside it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Explain what a network sees in an image, or in a folder.

    One page comes of it. Of an image: where the class is, by eight methods and the views of the
    Deep Visualization Toolbox, and whether the map can be trusted; why this class and not
    another; every layer's maps; what units see; the arithmetic down to a pixel. Of a folder:
    what units look for, from edges to objects, and where the classifier looks.
    """
    from striate.cli.early_checks import check_image
    from striate.cli.explain_page import (
        beside,
        lines_of_folder,
        lines_of_image,
        page_of_folder,
        page_of_image,
        write,
    )
    from striate.cli.page_place import place_page
    from striate.model.loading import load
    from striate.terminal.console import Console

    if filters is not None or film is not None:
        if image is not None or data is not None:
            raise SettingError("--filters and --film are of the network alone; give no image")
        _draw(model, filters, film, as_json=as_json)
        return
    about_image = target or against or layer or at or method != "auto"
    _check_subject(image, data, taught=taught, without=bool(without), about_image=bool(about_image))
    number = None if at is None else number_of(at)
    if image is not None:
        check_image(image)
    stem = image.stem if image is not None else Path(data or "").name or "data"
    page = place_page(out, FOLDER / f"{stem}.html", beside=(".npz", ".json"))
    opened = load(model)
    found: Inspection | UnitInspection
    with Console() as console:
        if image is not None:
            from striate.explanation.inspection_settings import InspectionSettings

            settings = InspectionSettings(
                layer=layer,
                position=number,
                color_scale=cast("ColorScale", color_scale),
                quick=quick,
                method=method,
            )
            run = _open_taught(model, console) if taught else None  # refused before much is done
            found = _inspect(
                opened, image, target=target, against=against, settings=settings, console=console
            )
            if run is not None:
                from dataclasses import replace

                told = run.explain(image, target=target, without=without or ())
                found = replace(found, taught=told)
            files = beside(page, every=numbers, rest="every other number")
            markup = page_of_image(found, files)
            lines = lines_of_image(found, at is not None)
        else:
            from striate.explanation.unit_inspection import UnitSelection, inspect_units

            selection = UnitSelection(
                layers=layers, units=units, seed=seed, visualize=not quick, shortcuts=not quick
            )
            found = inspect_units(opened, data or "", selection=selection, callback=console)
            files = beside(page, every=numbers, rest="every unit in words")
            markup = page_of_folder(found, files, model=model, data=data or "", opened=opened)
            lines = lines_of_folder(found)
    write(page, markup, found, every=numbers)
    if as_json:
        import json

        print(json.dumps({"page": str(page), **found.as_json()}))
    else:
        lines += [*(f"not shown: {each}" for each in found.unavailable)]
        if found.left_out:
            lines.append(f"left out by --quick: {', '.join(found.left_out)}")
        print(wrap(escape_controls("\n".join(lines), lines=True)))
        steps = [("open it", str(page)), ("numbers", str(page.with_suffix(".npz")))]
        steps.append(("", str(page.with_suffix(".json"))))
        print(
            format_steps(steps if numbers else [*steps, ("", "of every layer and unit: --numbers")])
        )


def _check_subject(
    image: Path | None, data: str | None, *, taught: bool, without: bool, about_image: bool
) -> None:
    """Refuse options that do not go together.

    Raises:
        SettingError: with the two.
    """
    if (image is None) == (data is None):
        raise SettingError(
            "give an image's file or --data with a folder of them" + (", not both" if image else "")
        )
    if image is not None and image.is_dir():
        raise SettingError(f"'{image}' is a folder; to explain a whole folder give it as --data")
    if data is not None and about_image:
        raise SettingError(
            "--target, --against, --layer, --method and --at are about one image, not --data"
        )
    if taught and image is None:
        raise SettingError("--taught is about one image, not --data; give the image's file")
    if without and not taught:
        raise SettingError("--without strikes out training images of --taught; give both")


def _draw(model: Path, filters: Path | None, film: Path | None, *, as_json: bool) -> None:
    """Draw the network itself, and say where."""
    import json

    from striate.cli.network_pictures import check_pictures, draw_pictures

    check_pictures(filters, film)
    said, paths = draw_pictures(model, filters, film)
    print(json.dumps(paths) if as_json else escape_controls("\n".join(said), lines=True))


def number_of(text: str) -> UnitPosition:
    """Read which number is asked for.

    Raises:
        SettingError: it is not LAYER UNIT ROW COLUMN, or LAYER UNIT.

    >>> number_of("fire1.conv2 3 10 12"), number_of("fc1 7")
    (('fire1.conv2', 3, 10, 12), ('fc1', 7, -1, -1))
    """
    found = AT.fullmatch(text)
    if found is None:
        raise SettingError(
            f"--at '{text}': expected LAYER UNIT ROW COLUMN, as 'conv1 3 10 12', or LAYER UNIT "
            "for a full connection; they count from 0"
        )
    unit, row, column = (-1 if part is None else int(part) for part in found.groups()[1:])
    return found[1], unit, row, column


def _inspect(
    opened: Classifier,
    image: Path,
    *,
    target: str | None,
    against: str | None,
    settings: InspectionSettings,
    console: Console,
) -> Inspection:
    from striate.explanation.inspection import inspect

    try:
        return inspect(
            opened, image, target=target, against=against, settings=settings, callback=console
        )
    except ImageError as error:
        raise ImageError(f"'{image}' cannot be read: {error}") from error


def _open_taught(model: Path, console: Console) -> TaughtRun:
    from striate.training.taught import open_taught_run

    return open_taught_run(model.parent if model.is_file() else model, callback=console)
