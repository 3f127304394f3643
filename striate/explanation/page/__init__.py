"""What there is to see inside a network, as one HTML page.

view        what the templates need besides what was found
drawings    what they show as images
sums        sums written out
shown_numbers  the numbers of what is drawn
templates   the two first screens and the sections, a file each
"""

from __future__ import annotations

from striate.explanation.inspection import Inspection
from striate.explanation.page.view import Files, FolderView, ImageView
from striate.explanation.unit_inspection import UnitInspection
from striate.render.page import page

__all__ = ["of_folder", "of_image"]

TEMPLATES = "explanation/page/templates"


def of_image(found: Inspection, *, command: str, files: Files) -> str:
    """Write the page of one image inside one network.

    Args:
        found: from `striate.explanation.inspection.inspect`.
        command: what makes this page again.
        files: (name, what it holds) of the npz and the JSON file beside it.
    """
    about = found.explanations[0].target if found.explanations else ""
    why = "" if found.score_decomposition is None else found.score_decomposition.target
    sections = {
        "where": (f"How the map of '{about}' was made", found.explanations),
        "trust": ("Can the map be trusted?", found.evaluation),
        "views": ("What comes back to the image", found.views),
        "contrast": (f"Why {why}", found.score_decomposition),
        "taught": ("Which images taught it this", found.taught),
        "maps": ("Layer by layer", True),
        "fields": ("What a unit sees", found.receptive_fields),
        "walk": ("From the logit to a pixel", found.path),
        "sum": ("Activations, written out", found.arithmetic or any(found.unit_sums)),
        "softmax": ("From logits to probabilities", True),
        "filters": ("The filters", found.filters),
        "missing": ("What could not be shown", found.unavailable),
        "files": ("The numbers, and how to repeat", True),
    }
    return page(
        f"{found.image.name}: explanation",
        f"{TEMPLATES}/image.html",
        {anchor: heading for anchor, (heading, shown) in sections.items() if shown},
        ImageView(found, command, files),
    )


def of_folder(
    found: UnitInspection, *, model: str, data: str, parameters: int, command: str, files: Files
) -> str:
    """Write the page of one network over a folder of images.

    Args:
        found: from `striate.explanation.unit_inspection.inspect_units`.
        model: what the network is called.
        data: what the folder is called.
        parameters: how many numbers the network has learnt.
        command: what makes this page again.
        files: (name, what it holds) of the npz and the JSON file beside it.
    """
    sections = {
        "hierarchy": ("From edges to objects", True),
        "looks": ("Where it looks", found.shortcuts),
        "silent": ("Dead units", True),
        "filters": ("The filters", found.filters),
        "missing": ("What could not be shown", found.unavailable),
        "files": ("The numbers, and how to repeat", True),
    }
    return page(
        f"{model}: explanation",
        f"{TEMPLATES}/folder.html",
        {anchor: heading for anchor, (heading, shown) in sections.items() if shown},
        FolderView(found, model, data, parameters, command, files),
    )
