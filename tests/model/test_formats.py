"""Classifiers of every format that was ever written open, answer as they did, and keep doing so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from striate.architecture.layer_table import summary
from striate.data import find
from striate.errors import ClassifierError
from striate.evaluation.classifier_evaluation import evaluate
from striate.explanation.attribution_methods import explain
from striate.model import classifier_file
from striate.model.classifier import Classifier
from striate.model.loading import load
from striate.model.prediction import Prediction

FORMATS = Path(__file__).parents[1] / "formats"
RUNS = sorted(path.parent for path in FORMATS.glob("*/*/classifier.safetensors"))
ACCURACY = {"finished": 138 / 355, "unfinished": 180 / 355, "transferred": 290 / 355}
ACCURACY |= {"decided": 328 / 355, "active": 258 / 355}


def named(run: Path) -> str:
    return str(run.relative_to(FORMATS))


def load_alone(run: Path, folder: Path) -> Classifier:
    """Open the classifier without its run, which would count the evaluation in its folder."""
    return load(shutil.copy(run / "classifier.safetensors", folder))


def test_none_is_missing() -> None:
    assert ACCURACY.keys() == {run.name for run in RUNS}


@pytest.mark.parametrize("run", RUNS, ids=named)
def test_it_is_as_accurate_as_it_was(run: Path, tmp_path: Path) -> None:
    found = evaluate(load_alone(run, tmp_path), "digits")
    assert found.accuracy == pytest.approx(ACCURACY[run.name], abs=1e-12)
    assert found.evaluated == "355 test images the run never saw"


@pytest.mark.parametrize("run", RUNS, ids=named)
def test_it_answers_as_it_did(run: Path) -> None:
    """The run's own record says what it answered for its worst images."""
    record = json.loads((run / "run.json").read_text("utf-8"))
    first = record["format_version"] == 1
    recorded = (record["result"] if first else record["outcome"]["evaluation"])["worst"]
    digits, model = find("digits"), load(run)
    assert len(recorded) > 5
    for once in recorded:
        now = model.predict(digits.open(digits.names.index(once["name"])))
        assert now.best_guess == once["answer"]
        assert now.refused == once.get("refused", "")
        assert (now.label is None) == bool(now.refused)
        assert now.probability == pytest.approx(once["probability"], abs=1e-5)
        assert now.probabilities[once["truth"]] == pytest.approx(
            once["truth_probability"], abs=1e-5
        )


def test_a_classifier_evaluates_and_explains_as_the_functions_do(tmp_path: Path) -> None:
    model, digits = load_alone(RUNS[0], tmp_path), find("digits")
    assert model.evaluate("digits") == evaluate(model, "digits")
    found = model.explain(digits.open(3), target="3", against="8", method="grad-cam")
    expected = explain(model, digits.open(3), target="3", against="8", method="grad-cam")
    assert np.array_equal(found.attribution, expected.attribution)
    assert found.score == expected.score


@pytest.mark.parametrize("run", RUNS, ids=named)
def test_it_is_described(run: Path) -> None:
    model = load(run)
    assert model.text is not None
    assert model.summary().parameters == summary(model.text).parameters == model.parameters
    assert str(model.parameters) in repr(model).replace(",", "")


@pytest.mark.parametrize("run", RUNS, ids=named)
def test_it_is_the_same_when_it_is_saved_again(run: Path, tmp_path: Path) -> None:
    model, image = load(run), np.arange(64, dtype=np.uint8).reshape(8, 8)
    again = load(model.save(tmp_path / "again.safetensors"))
    assert isinstance(model.predict(image), Prediction)
    assert again.predict(image) == model.predict(image)
    assert (again.classes, again.text) == (model.classes, model.text)
    assert again.preprocess == model.preprocess
    for split, hashes in model.seen.items():
        assert np.array_equal(np.sort(hashes), again.seen[split])


@pytest.mark.parametrize("run", RUNS, ids=named)
def test_every_bit_of_it_is_still_checked(run: Path, tmp_path: Path) -> None:
    file = Path(shutil.copy(run / classifier_file.NAME, tmp_path))
    held = bytearray(file.read_bytes())
    held[-1] ^= 1
    file.write_bytes(held)
    with pytest.raises(ClassifierError, match="the digest differs"):
        load(file)
