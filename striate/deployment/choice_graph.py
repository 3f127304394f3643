"""What a sealed file answers, in operations of ONNX: a class, a node above it, or nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from striate.deployment.graph_scope import Scope
from striate.deployment.sealed_answers import CLASS, NODE, NODE_PROBABILITY
from striate.model.decision import REFUSED, Decision, Taxonomy


@dataclass(frozen=True)
class Said:
    """Names of what the graph knows of its images; of one image alone without the batch's axis.

    Attributes:
        rows: the probabilities, (classes,) or (n, classes).
        best: the most probable class.
        confidence: its probability.
        far: the distance; None where there is none.
        classes: how many there are.
        one: whether it is of one image alone.
    """

    rows: str
    best: str
    confidence: str
    far: str | None
    classes: int
    one: bool


def add_choice(op: Scope, decision: Decision, said: Said) -> None:
    """Add `Decision.choose`: the class, or -1; and of a taxonomy what is answered, with its sum."""
    unlike = None
    if said.far is not None and decision.reject and decision.reject.distance is not None:
        # whatever is no number is not near
        unlike = op("Not", op("LessOrEqual", said.far, float(decision.reject.distance)))
    least = np.array(decision.least_probabilities(said.classes), np.float32)
    low = op("Less", said.confidence, op("Gather", least, said.best)) if least.any() else None
    refusals = [each for each in (low, unlike) if each is not None]
    if not refusals:
        op("Identity", said.best, result=CLASS)
    else:
        refused = refusals[0] if len(refusals) == 1 else op("Or", *refusals)
        op("Where", refused, REFUSED, said.best, result=CLASS)
    if decision.taxonomy is None:
        return
    node, sure = said.best, said.confidence
    if low is not None:
        above, sum_above = _climb(op, decision, decision.taxonomy, said)
        node, sure = op("Where", low, above, node), op("Where", low, sum_above, sure)
    if unlike is not None:
        node = op("Where", unlike, REFUSED, node)
        sure = op("Where", unlike, said.confidence, sure)
    op("Identity", node, result=NODE)
    op("Identity", sure, result=NODE_PROBABILITY)


def _climb(op: Scope, decision: Decision, taxonomy: Taxonomy, said: Said) -> tuple[str, str]:
    """Return number and probability of the first node above the class that is probable enough."""
    node = op("Add", op("Mul", said.best, 0), REFUSED)
    sure = said.confidence
    first = said.classes + sum(len(level.names) for level in taxonomy.levels)
    # from the top down, so that the lowest that is probable enough has the last word
    for level, asked in reversed(list(zip(taxonomy.levels, decision.least_above(), strict=True))):
        first -= len(level.names)
        own = op("Gather", level.places, said.best)
        sums = op("MatMul", said.rows, level.members)
        if said.one:
            mine = op("Gather", sums, own)
        else:
            found = op("GatherElements", sums, op("Unsqueeze", own, [1]), axis=1)
            mine = op("Squeeze", found, [1])
        low = op("Less", mine, op("Gather", np.array(asked, np.float32), own))
        node = op("Where", low, node, op("Add", own, first))
        sure = op("Where", low, sure, mine)
    return node, sure
