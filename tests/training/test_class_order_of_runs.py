"""Runs of before the order of classes changed: they go on, predict and evaluate as they did."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import drawn
import numpy as np
import pytest
import torch
from quick_runs import QUICK, TINY, plan

from striate.data import collection
from striate.data.sources import class_folders
from striate.errors import DataError
from striate.evaluation.classifier_evaluation import evaluate
from striate.events import ignore
from striate.training.result import TrainingResult
from striate.training.runs import resume, start_run

CLASSES = ("1", "2", "10")


def encode_as_before(names: Sequence[str]) -> tuple[tuple[str, ...], np.ndarray]:
    order = sorted(set(names), key=collection.natural_key)
    return collection.encode_labels(names, order=order)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Discs, squares and bars, in folders called 1, 2 and 10."""
    made = drawn.folder(tmp_path_factory.mktemp("order"), ("disc", "square", "bar"), n=12)
    for kind, name in zip(("disc", "square", "bar"), CLASSES, strict=True):
        (made / kind).rename(made / name)
    return made


@pytest.fixture(scope="module")
def earlier(data: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    """A run of these that began with the classes in natural order."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(class_folders, "encode_labels", encode_as_before)
        out = tmp_path_factory.mktemp("runs") / "earlier"
        return start_run(data, TINY, out=out, settings=replace(QUICK, epochs=2), callback=ignore)


def test_a_run_in_natural_order_is_extended_as_it_would_have_been(
    earlier: TrainingResult, data: Path, tmp_path: Path
) -> None:
    assert earlier.model.classes == CLASSES
    shutil.copytree(earlier.folder, tmp_path / "now")
    shutil.copytree(earlier.folder, tmp_path / "then")
    now = resume(tmp_path / "now", epochs=3, callback=ignore)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(class_folders, "encode_labels", encode_as_before)
        then = resume(tmp_path / "then", epochs=3, callback=ignore)
    assert now.model.classes == then.model.classes == plan(now.folder).data.classes == CLASSES
    for name, value in then.model.module.state_dict().items():
        assert torch.equal(now.model.module.state_dict()[name], value), name
    assert now.evaluation.confusion == then.evaluation.confusion


def test_a_classifier_in_natural_order_answers_by_its_own(
    earlier: TrainingResult, data: Path
) -> None:
    found = evaluate(earlier.model, data)
    assert found.classes == CLASSES
    assert found.accuracy == earlier.evaluation.accuracy
    assert found.confusion == earlier.evaluation.confusion


def test_a_new_run_of_the_same_data_has_the_order_of_others(
    earlier: TrainingResult, data: Path, tmp_path: Path
) -> None:
    new = start_run(data, TINY, out=tmp_path / "new", settings=QUICK, callback=ignore)
    assert new.model.classes == ("1", "10", "2")
    both = evaluate(new.model, data, split="all"), evaluate(earlier.model, data, split="all")
    assert {(each.n, *sorted(each.classes)) for each in both} == {(36, "1", "10", "2")}


def test_numbers_say_nothing_of_the_order_of_names(
    done: tuple[TrainingResult, list[object]], photos: Path, tmp_path: Path
) -> None:
    model = done[0].model
    assert model.classes == ("disc", "square")
    shutil.copytree(photos, tmp_path / "data")
    (tmp_path / "data" / "disc").rename(tmp_path / "data" / "1")
    (tmp_path / "data" / "square").rename(tmp_path / "data" / "0")
    with pytest.raises(DataError, match="numbers do not say which is which: write the names in"):
        evaluate(model, tmp_path / "data", split="all")
    (tmp_path / "data" / "classes.txt").write_text("square\ndisc\n")
    named = evaluate(model, tmp_path / "data", split="all")
    assert named.confusion == evaluate(model, photos, split="all").confusion
    assert "'classes.txt' names the classes: 0 is square, 1 is disc" in named.notes
    (tmp_path / "data" / "classes.txt").unlink()
    (tmp_path / "data" / "class_to_idx.json").write_text('{"disc": 1, "square": 0}')
    assert evaluate(model, tmp_path / "data", split="all").confusion == named.confusion
    (tmp_path / "data" / "class_to_idx.json").write_text('["square"]')
    with pytest.raises(DataError, match=r"has 1 names, .* are the numbers 0 to 1; expected a name"):
        evaluate(model, tmp_path / "data", split="all")
    with pytest.raises(DataError, match="give the labels as names"):
        evaluate(model, (np.zeros((2, 8, 8, 3), np.uint8), [0, 1]))
