"""What classifiers that may climb or refuse answer, beside each other."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import drawn
import numpy as np
import pytest

from striate.backends.torch import build
from striate.data import find
from striate.data.images import Preprocess
from striate.evaluation.classifier_evaluation import evaluate
from striate.evaluation.comparison import compare, make_page, write_csv
from striate.model.classifier import Classifier
from striate.model.decision import Decision, Promise, Taxonomy


def test_what_each_answers_is_what_evaluate_says_and_paired_by_hand(tmp_path: Path) -> None:
    drawn.folder(tmp_path / "shapes" / "round", ("disc", "square"), n=15)
    drawn.folder(tmp_path / "shapes" / "flat", ("bar",), n=15)
    data = find(tmp_path / "shapes", layout="path")
    text, tree = "conv 4 > relu > gap > flatten > fc", Taxonomy.from_names(data.classes)
    models = []
    for seed, quantiles in ((1, (0.6, 0.5)), (2, (0.3, 0.2))):
        full = f"input 3x16x16 classes=3 > {text}"
        plain = Classifier(build(full, seed=seed), full, data.classes, Preprocess(3, 16, 16))
        sure = plain.predict_proba([tmp_path / "shapes" / name for name in data.names]).max(1)
        least, above = np.quantile(sure, quantiles).tolist()
        rule = Promise(0.9, 0.9, False, (least,) * 3, 10, ((above,) * 2,))
        models.append(replace(plain, decision=Decision(promise=rule, taxonomy=tree)))
    found = compare(models, data)
    for model, name in zip(models, ("classifier 1", "classifier 2"), strict=True):
        alone = evaluate(model, data)
        own = {each.level: each for each in found.answered if each.model == name}
        for level in alone.levels:
            if level.level in own:
                given = own.pop(level.level)
                assert (given.answered, given.right) == (level.answered, level.right)
                assert (given.precision, given.precision_low) == (
                    level.precision,
                    level.precision_low,
                )
        assert alone.refusals is not None
        assert [each.answered for each in own.values()] == [45 - alone.refusals.answered]
    said = [
        [model.predict(tmp_path / "shapes" / one.name) for model in models] for one in found.images
    ]
    assert [[each.node for each in both] for both in said] == [[*one.given] for one in found.images]
    levels = {each.level for both in said for each in both}
    assert levels >= {0, 1}  # else this shows nothing
    answered = [[each.node is not None for each in both] for both in said]
    first = found.answered_pairs[0]
    assert (first.level, first.n) == (-1, 45)
    assert first.first_share == np.mean([one for one, _ in answered])
    assert first.difference == pytest.approx(np.mean([two - one for one, two in answered]))
    for pair in found.answered_pairs[1:]:
        both = [
            [one.truth == each.node or one.truth.startswith(f"{each.node}/") for each in pairs]
            for one, pairs in zip(found.images, said, strict=True)
            if all(each.level == pair.level for each in pairs)
        ]
        assert (pair.n, pair.second_share) == (len(both), np.mean([two for _, two in both]))
    write_csv(found, tmp_path / "answers.csv")
    with (tmp_path / "answers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["classifier 2: node"] for row in rows] == [two.node or "" for _, two in said]
    assert "What each answers" in make_page(found)
    always = compare([model.answer_always() for model in models], data)
    assert always.answered == () and "What each answers" not in make_page(always)
