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

from striate.explanation.inspection import Specimen
from striate.explanation.page import (
    arithmetic_section,
    class_maps,
    evidence_section,
    headline,
    layers_section,
    shortcut_section,
    units_section,
)
from striate.explanation.unit_hierarchy import Hierarchy
from striate.render.page import Section, page

__all__ = ["of_folder", "of_image"]


def of_image(found: Specimen, *, command: str, files: Sequence[tuple[str, str]]) -> str:
    """Write the page of one image inside one network.

    Args:
        found: from `striate.explanation.inspection.specimen`.
        command: what makes this page again.
        files: (name, what it holds) of the npz and the JSON file beside it.
    """
    sections = []
    if found.explanations:
        about = found.explanations[0].of
        sections.append(Section("where", f"Where “{about}” is", class_maps.where(found)))
    if found.evidence is not None:
        sections.append(
            Section("trust", "Has the map earned trust?", evidence_section.trust(found.evidence))
        )
    if found.contrast is not None:
        sections.append(
            Section("contrast", f"Why {found.contrast.of}", class_maps.contrast(found.contrast))
        )
    sections.append(Section("maps", "Layer by layer", layers_section.maps(found)))
    if found.fields:
        sections.append(Section("fields", "What a unit sees", layers_section.fields(found)))
    if found.walk is not None:
        sections.append(
            Section("walk", "From the answer to a pixel", arithmetic_section.way(found.walk))
        )
    if found.sum is not None:
        sections.append(
            Section("sum", "One number, whole", arithmetic_section.whole_sum(found.sum))
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
    sections += _closing(found.missing, command, files)
    return page(f"{found.subject.name}: specimen", headline.first_screen(found), sections)


def of_folder(
    found: Hierarchy,
    *,
    model: str,
    data: str,
    parameters: int,
    command: str,
    files: Sequence[tuple[str, str]],
) -> str:
    """Write the page of one network over a folder of images.

    Args:
        found: from `striate.explanation.unit_hierarchy.hierarchy`.
        model: what the network is called.
        data: what the folder is called.
        parameters: how many numbers the network has learnt.
        command: what makes this page again.
        files: (name, what it holds) of the npz and the JSON file beside it.
    """
    sections = [Section("hierarchy", "From edges to objects", units_section.hierarchy(found))]
    if found.looks is not None:
        sections.append(Section("looks", "Where it looks", shortcut_section.looking(found.looks)))
    sections.append(Section("silent", "Units at rest", units_section.silent(found)))
    if found.filters:
        sections.append(Section("filters", "The filters", layers_section.filters(found.filters)))
    sections += _closing(found.missing, command, files)
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
