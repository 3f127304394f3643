"""The report of a run as one HTML page, for whoever has never seen Striate.

facts       what is shown, as plain values
view        what the templates work out of them
charts      its drawings
settings_table  its settings, unfolded
templates   the first screen and the sections, a file each
"""

from __future__ import annotations

from striate.render.page import page
from striate.training.report.facts import Earlier, Facts, Start
from striate.training.report.shown import Shown
from striate.training.report.view import View

__all__ = ["Earlier", "Facts", "Shown", "Start", "html"]

IMAGES = {
    "changes": "What changed",
    "first": "Look at these first",
    "worst": "The worst images",
    "taught": "What taught it these mistakes",
    "confusion": "Confusion matrix",
    "classes": "Class by class",
    "slices": "Slices",
    "confidence": "Confidence",
    "data": "The images",
}
MACHINE = {
    "decisions": "Decisions along the way",
    "augmented": "What the network saw",
    "network": "The network",
    "start": "Pretrained backbone, new head",
    "training": "Training",
    "health": "Health of training",
    "film": "Filters and maps, epoch by epoch",
    "metrics": "All measures",
    "repeat": "How to repeat this",
}
"""Anchors and headings of the sections: what a user asks of the images, then how it came about."""


def html(facts: Facts) -> str:
    """Write the report of a run: one page that stands alone, to be read, printed and sent.

    Args:
        facts: everything the page shows.

    Returns:
        The page's text. It needs no network and no script; write it as UTF-8.
    """
    view = View(facts)
    absent = {
        *(["changes"] if facts.changes is None else []),
        *([] if facts.image_findings else ["first"]),
        *([] if view.tells_taught else ["taught"]),
        *([] if view.slices else ["slices"]),
        *(["start"] if facts.start is None else []),
        *([] if view.in_epochs else ["augmented", "training"]),
        *([] if facts.checkups else ["health"]),
        *([] if facts.film else ["film"]),
    }
    images, machine = (
        {anchor: said for anchor, said in headings.items() if anchor not in absent}
        for headings in (IMAGES, MACHINE)
    )
    return page(
        f"{facts.title}: training report",
        "training/report/templates/opening.html",
        images,
        view,
        folded=machine,
        behind="What the machine did",
    )
