"""What a classifier with a taxonomy answers, counted on each level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from striate.evaluation.metrics import Evaluation, wilson_interval
from striate.evaluation.metrics.levels import NAMED, LevelScore
from striate.evaluation.metrics.refusals import count_refusals
from striate.model.decision import Answers, Taxonomy


def add_levels(
    evaluation: Evaluation, answers: Answers, labels: np.ndarray, taxonomy: Taxonomy
) -> Evaluation:
    """Return an evaluation with the figures of each level, and each answer that climbed.

    Args:
        evaluation: of the most probable classes.
        answers: what is answered, in the same order.
        labels: int64 (n,), the true classes.
        taxonomy: what stands above the classes.
    """
    names = taxonomy.name_nodes(evaluation.classes)
    climbed = [names[node] if level > 0 else "" for node, level in zip(
        answers.node.tolist(), answers.level.tolist(), strict=True
    )]  # fmt: skip
    refusals = evaluation.refusals
    if refusals is not None:
        why = [image.refused for image in evaluation.images]
        refusals = count_refusals(why, find_right(answers, labels, taxonomy).tolist())
    return replace(
        evaluation,
        levels=score_levels(answers, labels, evaluation.classes, taxonomy),
        refusals=refusals,
        images=tuple(
            replace(image, node=node)
            for image, node in zip(evaluation.images, climbed, strict=True)
        ),
        worst=tuple(replace(image, node=climbed[image.index]) for image in evaluation.worst),
    )


def score_levels(
    answers: Answers, labels: np.ndarray, classes: Sequence[str], taxonomy: Taxonomy
) -> tuple[LevelScore, ...]:
    """Return the figures of the classes, and of each level above.

    Args:
        answers: what is answered.
        labels: int64 (n,), the true classes; n is one at least.
        classes: their names.
        taxonomy: what stands above them.
    """
    scores, n = [], len(labels)
    levels = [(tuple(classes), np.arange(len(classes)))]
    levels += [(level.names, level.places) for level in taxonomy.levels]
    for number, (names, places) in enumerate(levels):
        correct = places[answers.best] == places[labels]
        given = answers.level == number
        answered, right = int(given.sum()), int((given & correct).sum())
        low, high = wilson_interval(right, answered) if answered else (None, None)
        scores.append(
            LevelScore(
                number,
                len(names),
                names[:NAMED],
                n,
                float(correct.mean()),
                *wilson_interval(int(correct.sum()), n),
                answered,
                right,
                right / answered if answered else None,
                low,
                high,
            )
        )
    return tuple(scores)


def find_right(answers: Answers, labels: np.ndarray, taxonomy: Taxonomy | None) -> np.ndarray:
    """Return where an answer is right on the level that it is given on: bool (n,).

    Where nothing is answered, whether the most probable class is the true one.
    """
    best = answers.best
    if taxonomy is None:
        return np.asarray(best == labels)
    rows, level = np.arange(len(best)), np.maximum(answers.level, 0)
    return np.asarray(taxonomy.rise(best)[rows, level] == taxonomy.rise(labels)[rows, level])
