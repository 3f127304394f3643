"""What `striate explain` writes: the page, its numbers beside it, and lines for the screen."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from striate.terminal.units import format_percent

if TYPE_CHECKING:
    from striate.explanation.inspection import Inspection
    from striate.explanation.unit_inspection import UnitInspection
    from striate.model.classifier import Classifier


def page_of_image(found: Inspection, files: list[tuple[str, str]]) -> str:
    """Return the page of an image, with the files beside it."""
    from striate.explanation.page import of_image

    return of_image(found, command=_command(), files=files)


def lines_of_image(found: Inspection, asked: bool) -> list[str]:
    """Return what the screen says of an image; `asked` for the arithmetic of a number."""
    from striate.explanation.folder_truth import contradicts

    best = ", ".join(f"{label} {format_percent(odds)}" for label, _, odds in found.top_classes(3))
    shown = (*found.explanations[:1], found.score_decomposition, found.evaluation)
    named = found.answer.label is not None
    lines = [f"{found.image.name}: {best if named else found.answer.words}"]
    if not named:
        lines.append(f"the most probable classes: {best}")
    if found.truth:
        wrong = contradicts(found.truth, found.answer)
        lines.append(f"its folder says {found.truth}{': one of them is wrong' if wrong else ''}")
    lines += [str(each) for each in shown if each is not None]
    if found.taught is not None:
        lines += found.taught.words
    if asked and found.arithmetic is not None:
        lines.append(f"\n{found.arithmetic}\n")
    return lines


def page_of_folder(
    found: UnitInspection,
    files: list[tuple[str, str]],
    *,
    model: Path,
    data: str,
    opened: Classifier,
) -> str:
    """Return the page of a folder, with the files beside it."""
    from striate.explanation.page import of_folder

    name = model.parent.name if model.name == "classifier.safetensors" else model.stem
    return of_folder(
        found,
        model=name or str(model),
        data=data,
        parameters=opened.parameters,
        command=_command(),
        files=files,
    )


def lines_of_folder(found: UnitInspection) -> list[str]:
    """Return what the screen says of a folder."""
    from striate.data import format_count

    layers = found.activations.layers
    units = sum(len(layer.mean_activation) for layer in layers)
    images = len(found.activations.names)
    return [
        f"{format_count(units, 'unit')} of {format_count(len(layers), 'layer')} over "
        f"{format_count(images, 'image')}",
        *(
            f"{layer.name}: dead, as no image makes them answer: {len(layer.dead):,} of "
            f"{format_count(len(layer.mean_activation), 'unit')}"
            for layer in layers
            if layer.dead
        ),
        *(
            (*found.shortcuts.verdict, *found.shortcuts.words)
            if found.shortcuts is not None
            else ()
        ),
        *(
            [found.shortcuts.alignment.words]
            if found.shortcuts is not None and found.shortcuts.alignment is not None
            else []
        ),
    ]


def beside(page: Path, *, every: bool, rest: str) -> list[tuple[str, str]]:
    """Name the two files beside the page, and say what they hold."""
    arrays = "every array" if every else "the arrays drawn here (--numbers writes every one)"
    return [(page.with_suffix(".npz").name, arrays), (page.with_suffix(".json").name, rest)]


def _command() -> str:
    import sys

    return shlex.join(["striate", *sys.argv[1:]])


def write(page: Path, markup: str, found: Inspection | UnitInspection, *, every: bool) -> None:
    """Write the page and its numbers, or every number, beside it, each whole or not at all."""
    import json
    from zipfile import ZIP_DEFLATED, ZipFile

    from numpy.lib.format import write_array

    from striate.explanation.page.shown_numbers import select_shown
    from striate.files.atomic_write import write_atomically

    arrays = found.arrays() if every else select_shown(found)
    with (  # what numpy.savez_compressed writes, packed a little less and several times as fast
        write_atomically(page.with_suffix(".npz")) as partial,
        ZipFile(partial, "w", ZIP_DEFLATED, compresslevel=1) as packed,
    ):
        for name, values in arrays.items():
            with packed.open(f"{name}.npy", "w", force_zip64=True) as file:
                write_array(file, values, allow_pickle=False)
    with write_atomically(page.with_suffix(".json")) as partial:
        partial.write_text(json.dumps(found.as_json()), "utf-8")
    with write_atomically(page) as partial:
        partial.write_text(markup, "utf-8")
