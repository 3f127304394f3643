"""The specimen's evidence: whether the map has earned trust, with every figure."""

from __future__ import annotations

from striate.explanation.deletion_insertion import PerturbationTest
from striate.explanation.map_evaluation import MapEvaluation
from striate.explanation.parameter_randomization import ParameterRandomization
from striate.render.evidence_plot import Orders, removal_still
from striate.render.page import Html, element, join, paragraph, table, text

MEANINGS = {
    "deletion": "pixels that the map marks are taken away first: the class should fall fast",
    "insertion": "they come first: the class should rise fast",
    "randomisation": "the network forgets what its last layers have learnt: the map must change",
    "pointing": "the highest place of the map lies on the thing",
    "energy": "more of the map lies on the thing than its share of the image",
}


def trust(found: MapEvaluation) -> Html:
    """Show the verdict, each check with its figures, and the curves behind them."""
    verdict, *figures = found.words
    checks = [
        [text(kind), text("passed" if passed else "failed"), text(MEANINGS[kind])]
        for kind, passed in found.checks.items()
    ]
    said = element("p", text(_sentence(verdict)), kind="lead")
    drawn = removal_still([orders(found.deletion), orders(found.insertion)], about=found.target)
    svg = drawn.svg(
        title="Deletion and insertion",
        description=f"{found.deletion.words}. {found.insertion.words}.",
    )
    return join(
        [
            said,
            table(
                [text(each) for each in ("check", "result", "what it asks")],
                checks,
                label="Checks of the map",
            ),
            element("figure", Html(svg), kind="wide-chart"),
            *(paragraph(_sentence(each), kind="small") for each in figures),
            *(
                []
                if found.parameter_randomization is None
                else [_depths(found.parameter_randomization)]
            ),
        ]
    )


def orders(found: PerturbationTest) -> Orders:
    """Give the curves of a removal as they are drawn."""
    return Orders(
        found.kind,
        found.fractions,
        found.by_map.probability,
        found.by_center.probability,
        [each.probability for each in found.by_random],
    )


def _depths(found: ParameterRandomization) -> Html:
    rows = [
        [text(each.name), text(f"{each.correlation:.2f}"), text(f"{each.similarity:.2f}")]
        for each in found.depths
    ]
    header = ("weights drawn anew from here up", "rank correlation", "structural similarity")
    return table(
        [text(each) for each in header],
        rows,
        label="The map while the network forgets",
        numbers=(1, 2),
    )


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + "."
