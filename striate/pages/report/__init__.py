"""The report of a run as one HTML page, for whoever has never seen Striate.

facts       what is shown, as plain values
opening     the first screen: what was trained and how good it is
pictures    the data, what was skipped, examples, the augmented pictures
network     the network's table and how training went
health      what goes wrong in training, with a cure
starting    the trained network it started from, where there was one
answers     the metrics, class by class, what was taken for what, the worst pictures
repeating   how to repeat the run
"""

from __future__ import annotations

from striate.pages import Section, page
from striate.pages.report import answers, health, network, opening, pictures, repeating, starting
from striate.pages.report.facts import Facts, Shown, Start

__all__ = ["Facts", "Shown", "Start", "html"]


def html(facts: Facts) -> str:
    """Write the report of a run: one page that stands alone, to be read, printed and sent.

    Args:
        facts: everything the page shows.

    Returns:
        The page's text. It needs no network and no script; write it as UTF-8.
    """
    sections = [
        Section("data", "The pictures", pictures.data(facts)),
        Section("decisions", "Decisions along the way", opening.decisions(facts)),
        *(
            [Section("augmented", "What the network saw", pictures.augmented(facts))]
            if facts.epochs or facts.start is None
            else []
        ),
        Section("network", "The network", network.anatomy(facts)),
        *(
            [Section("start", "A trained body, a new head", starting.transfer(facts))]
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
        Section("metrics", "How good it is", answers.metrics(facts.evaluation)),
        Section("classes", "Class by class", answers.per_class(facts.evaluation)),
        Section("confusion", "What was taken for what", answers.confusion(facts.evaluation)),
        Section("worst", "The worst pictures", answers.worst(facts)),
        Section("repeat", "How to repeat this", repeating.recipe(facts)),
    ]
    return page(f"{facts.title}: training report", opening.first_screen(facts), sections)
