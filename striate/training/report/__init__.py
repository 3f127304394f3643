"""The report of a run as one HTML page, for whoever has never seen Striate.

facts       what is shown, as plain values
view        what the templates work out of them
charts      its drawings
settings_table  its settings, unfolded
templates   the first screen and the sections, a file each
"""

from __future__ import annotations

from striate.render.page import page
from striate.training.report.facts import Facts, Shown, Start
from striate.training.report.view import View

__all__ = ["Facts", "Shown", "Start", "html"]


def html(facts: Facts) -> str:
    """Write the report of a run: one page that stands alone, to be read, printed and sent.

    Args:
        facts: everything the page shows.

    Returns:
        The page's text. It needs no network and no script; write it as UTF-8.
    """
    view = View(facts)
    headings = {
        "data": "The images",
        "decisions": "Decisions along the way",
        "augmented": "What the network saw",
        "network": "The network",
        "start": "Pretrained backbone, new head",
        "training": "Training",
        "health": "Health of training",
        "metrics": "Evaluation",
        "classes": "Class by class",
        "confusion": "Confusion matrix",
        "worst": "The worst images",
        "repeat": "How to repeat this",
    }
    absent = {
        *(["start"] if facts.start is None else []),
        *([] if view.in_epochs else ["augmented", "training"]),
        *([] if facts.checkups else ["health"]),
    }
    sections = {anchor: said for anchor, said in headings.items() if anchor not in absent}
    opening = "training/report/templates/opening.html"
    return page(f"{facts.title}: training report", opening, sections, view)
