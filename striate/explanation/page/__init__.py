"""The specimen: what there is to see inside a network, as one HTML page.

opening     the image and the answer; what could not be shown; the files beside
where       maps of where the class is, by every method; why this class and not another
trust       whether the map has earned trust
layers      feature maps layer by layer, what a unit sees, the filters
numbers     from the answer down to a pixel; one whole sum; the softmax
units       what units look for, from edges to objects
looking     where a classifier looks over a whole folder
"""

from __future__ import annotations

from collections.abc import Sequence

from striate.explanation.inspection import Inspection
from striate.explanation.page import (
    arithmetic_section,
    class_maps,
    evidence_section,
    headline,
    layers_section,
    shortcut_section,
    units_section,
)
from striate.explanation.unit_inspection import UnitInspection
from striate.render.page import Section, page

__all__ = ["of_folder", "of_image"]


def of_image(found: Inspection, *, command: str, files: Sequence[tuple[str, str]]) -> str:
    """Write the page of one image inside one network.

    Args:
        found: from `striate.explanation.inspection.specimen`.
        command: what makes this page again.
        files: (name, what it holds) of the npz and the JSON file beside it.
    """
    sections = []
    if found.explanations:
        about = found.explanations[0].target
        sections.append(Section("where", f"Where “{about}” is", class_maps.where(found)))
    if found.evaluation is not None:
        sections.append(
            Section("trust", "Has the map earned trust?", evidence_section.trust(found.evaluation))
        )
    if found.score_decomposition is not None:
        sections.append(
            Section(
                "contrast",
                f"Why {found.score_decomposition.target}",
                class_maps.contrast(found.score_decomposition),
            )
        )
    sections.append(Section("maps", "Layer by layer", layers_section.maps(found)))
    if found.receptive_fields:
        sections.append(Section("fields", "What a unit sees", layers_section.fields(found)))
    if found.path is not None:
        sections.append(
            Section("walk", "From the answer to a pixel", arithmetic_section.way(found.path))
        )
    if found.arithmetic is not None:
        sections.append(
            Section("sum", "One number, whole", arithmetic_section.whole_sum(found.arithmetic))
        )
    sections.append(
        Section(
            "softmax",
            "From logits to probabilities",
            arithmetic_section.softmax(found.logits, found.classes, found.temperature),
        )
    )
    if found.filters:
        sections.append(Section("filters", "The filters", layers_section.filters(found.filters)))
    sections += _closing(found.unavailable, command, files)
    return page(f"{found.image.name}: specimen", headline.first_screen(found), sections)


def of_folder(
    found: UnitInspection,
    *,
    model: str,
    data: str,
    parameters: int,
    command: str,
    files: Sequence[tuple[str, str]],
) -> str:
    """Write the page of one network over a folder of images.

    Args:
        found: from `striate.explanation.unit_inspection.hierarchy`.
        model: what the network is called.
        data: what the folder is called.
        parameters: how many numbers the network has learnt.
        command: what makes this page again.
        files: (name, what it holds) of the npz and the JSON file beside it.
    """
    sections = [Section("hierarchy", "From edges to objects", units_section.hierarchy(found))]
    if found.shortcuts is not None:
        sections.append(
            Section("looks", "Where it looks", shortcut_section.looking(found.shortcuts))
        )
    sections.append(Section("silent", "Units at rest", units_section.silent(found)))
    if found.filters:
        sections.append(Section("filters", "The filters", layers_section.filters(found.filters)))
    sections += _closing(found.unavailable, command, files)
    console = headline.folder_screen(found, model=model, data=data, parameters=parameters)
    return page(f"{model}: specimen", console, sections)


def _closing(
    missing: Sequence[str], command: str, files: Sequence[tuple[str, str]]
) -> list[Section]:
    """Give what both pages end with: what could not be shown, and the numbers beside."""
    left = [Section("missing", "What could not be shown", headline.missing(missing))]
    repeat = headline.beside(command, files)
    return [
        *(left if missing else []),
        Section("files", "The numbers, and how to repeat", repeat),
    ]
