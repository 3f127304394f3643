"""A taxonomy from the names of classes, and answers that climb it, held against a plain loop."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import DataError, SettingError
from striate.model.classifier import Classifier
from striate.model.decision import Decision, Promise, RejectRule, Taxonomy
from striate.model.loading import load
from striate.model.prediction import make_prediction

NAMES = ("cat", "dog/hound/beagle", "dog/hound/basset", "dog/pug", "fish/a", "fish/b")


def tree(names: tuple[str, ...] = NAMES) -> Taxonomy:
    found = Taxonomy.from_names(names)
    assert found is not None
    return found


def test_levels_go_from_the_classes_up_and_short_paths_stand_for_themselves() -> None:
    found = tree()
    assert [level.names for level in found.levels] == [
        ("cat", "dog/hound", "dog/pug", "fish/a", "fish/b"),
        ("cat", "dog", "fish"),
    ]
    assert [level.nodes for level in found.levels] == [(0, 1, 1, 2, 3, 4), (0, 1, 1, 1, 2, 2)]


@pytest.mark.parametrize(
    ("names", "levels"),
    [
        (("a", "b"), None),
        (("photos/a", "photos/b"), None),  # one node above all
        (("x/a", "y/b"), None),  # a node a class
        (("/", "+", "-"), None),  # names of signs
        (("N/A", "cat"), None),
        (("all/x/a", "all/x/b", "all/y/c"), [("all/x", "all/y")]),
        (("x/only/a", "x/only/b", "y/c"), [("x/only", "y/c")]),  # a level with one child
        (("x/small", "y/small", "y/big"), [("x", "y")]),  # one name below two nodes
        (("dog", "dog/pug", "cat"), [("dog", "cat")]),  # a class that others stand below
    ],
)
def test_what_names_make_a_taxonomy(
    names: tuple[str, ...], levels: list[tuple[str, ...]] | None
) -> None:
    found = Taxonomy.from_names(names)
    assert (found and [level.names for level in found.levels]) == levels


@pytest.mark.parametrize("odd", ["dog//pug", "/dog/pug", "dog/pug/", "dog/ /pug"])
def test_a_path_with_an_empty_part_is_refused_in_a_line(odd: str) -> None:
    with pytest.raises(DataError, match="has an empty part between its slashes; .*--no-taxonomy"):
        Taxonomy.from_names(("dog/a", "dog/b", "cat/c", odd))


RULE = RejectRule(0.4, None, 0.05, 100)
PROMISE = Promise(0.9, 0.9, False, (0.8,) * 6, 100, ((0.7,) * 5, (None, 0.6, 0.65)))
PROMISED = Decision(promise=PROMISE).as_json()["promise"]


@given(st.lists(st.integers(0, 9), min_size=6, max_size=6), st.sampled_from([None, PROMISE]))
def test_an_answer_climbs_from_the_best_class_to_the_first_node_that_is_sure(
    weights: list[int], promise: Promise | None
) -> None:
    odds = (np.array([weights], np.float32) + 0.01) / (sum(weights) + 0.06)
    found = Decision(reject=RULE, promise=promise, taxonomy=tree()).choose(odds)
    best = int(odds[0].argmax())
    expected, sure, climbed = -1, float(odds[0, best]), -1
    first = 6
    rungs = [(best, odds[0, best], (promise.thresholds if promise else (0,) * 6)[best])]
    for number, level in enumerate(tree().levels):
        node = level.nodes[best]
        total = sum(odds[0, c] for c in range(6) if level.nodes[c] == node)
        asked = promise.levels[number][node] if promise else 0
        rungs.append((first + node, total, np.inf if asked is None else asked))
        first += len(level.names)
    for height, (node, total, asked) in enumerate(rungs):
        if total >= max(np.float32(asked), np.float32(0.4)):
            expected, sure, climbed = node, float(total), height
            break
    assert (found.node[0], found.level[0]) == (expected, climbed)
    assert found.node_probability[0] == pytest.approx(sure, abs=1e-6)
    assert found.classes[0] == (expected if climbed == 0 else -1)
    assert found.refused[0] == (climbed < 0) == found.unsure[0]


def test_what_is_unlike_does_not_climb_and_answering_always_names_a_class() -> None:
    careful = Decision(reject=RULE, taxonomy=tree())
    odds = np.array([[0.1, 0.35, 0.35, 0.1, 0.05, 0.05]], np.float32)
    assert careful.choose(odds).level.tolist() == [1]
    assert careful.answer_always().choose(odds).level.tolist() == [0]
    said = make_prediction("a.png", careful.choose(odds), NAMES, taxonomy=tree())
    assert (said.label, said.node, said.level, said.refused) == (None, "dog/hound", 1, "")
    assert said.words == "dog/hound (70.0 %); the most probable class is dog/hound/beagle (35.0 %)"
    assert said.as_json()["node_probability"] == pytest.approx(0.7)


def test_it_travels_in_the_file(tmp_path: Path) -> None:
    text = "input 1x8x8 classes=6 > gap > flatten > fc"
    made = Decision(1.5, reject=RULE, promise=PROMISE, taxonomy=tree())
    model = Classifier(build(text), text, NAMES, Preprocess(1, 8, 8), decision=made)
    again = load(model.save(tmp_path / "dogs"))
    assert again.decision.taxonomy == tree()
    assert again.decision.promise == PROMISE
    assert json.loads(json.dumps(made.as_json())) == made.as_json()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"taxonomy": {"levels": []}}, "has no level"),
        ({"taxonomy": {"levels": [{"names": ["a"], "nodes": [0, 1]}]}}, "each of them used"),
        ({"taxonomy": {"levels": [{"names": ["a", "b"], "nodes": [0, 1]}]}}, "of 2 classes"),
        ({"taxonomy": 3}, "is no taxonomy"),
        (
            {"taxonomy": {"levels": [{"names": list("abc"), "nodes": [0, 0, 1, 1, 2, 2]},
                                     {"names": list("de"), "nodes": [0, 1, 0, 1, 0, 1]}]}},
            "level 2",
        ),
        ({"promise": PROMISED | {"levels": [[0.5]]}}, r"of \[1\] nodes a level; expected \[5, 3\]"),
        ({"promise": PROMISED | {"levels": 1}}, "no list"),
    ],
)  # fmt: skip
def test_a_damaged_taxonomy_is_refused(change: dict[str, object], said: str) -> None:
    values = Decision(taxonomy=tree()).as_json() | change
    with pytest.raises(SettingError, match=said):
        Decision.from_json(values, classes=6)
