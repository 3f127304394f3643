"""The report of a run as one HTML page, for whoever has never seen Striate.

facts       what is shown, as plain values
opening     the first screen: what was trained and how good it is
images    the data, what was skipped, examples, the augmented images
network     the network's table and how training went
health      what goes wrong in training, with a cure
starting    the trained network it started from, where there was one
answers     the metrics, class by class, what was taken for what, the worst images
repeating   how to repeat the run
"""

from __future__ import annotations

from striate.render.page import Section, page
from striate.training.report import (
    headline,
    health,
    images,
    network,
    pretrained,
    results,
    settings_table,
)
from striate.training.report.facts import Facts, Shown, Start

__all__ = ["Facts", "Shown", "Start", "html"]


def html(facts: Facts) -> str:
    """Write the report of a run: one page that stands alone, to be read, printed and sent.

    Args:
        facts: everything the page shows.

    Returns:
        The page's text. It needs no network and no script; write it as UTF-8.
    """
    sections = [
        Section("data", "The images", images.data(facts)),
        Section("decisions", "Decisions along the way", headline.decisions(facts)),
        *(
            [Section("augmented", "What the network saw", images.augmented(facts))]
            if facts.epochs or facts.start is None
            else []
        ),
        Section("network", "The network", network.summary(facts)),
        *(
            [Section("start", "A trained body, a new head", pretrained.transfer(facts))]
            if facts.start is not None
            else []
        ),
        *(
            [Section("training", "How training went", network.training(facts))]
            if facts.epochs or facts.start is None
            else []
        ),
        *(
            [Section("health", "Health of training", health.health(facts))]
            if facts.checkups
            else []
        ),
        Section("metrics", "How good it is", results.metrics(facts.evaluation)),
        Section("classes", "Class by class", results.per_class(facts.evaluation)),
        Section("confusion", "What was taken for what", results.confusion(facts.evaluation)),
        Section("worst", "The worst images", results.worst(facts)),
        Section("repeat", "How to repeat this", settings_table.recipe(facts)),
    ]
    return page(f"{facts.title}: training report", headline.first_screen(facts), sections)
