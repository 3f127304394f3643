"""A classifier is found by itself, its file, its run's folder and a training's result alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import ClassifierError
from striate.model.classifier import Classifier
from striate.model.classifier_like import HasModel, open_classifier, path_of

TEXT = "input 1x8x8 classes=2 > flatten > fc"
IMAGE = np.arange(64, dtype=np.uint8).reshape(8, 8)


@dataclass(frozen=True)
class Result:
    model: Classifier
    folder: Path


@pytest.fixture
def result(tmp_path: Path) -> Result:
    model = Classifier(build(TEXT, seed=3), TEXT, ("dark", "light"), Preprocess(1, 8, 8))
    model.save(tmp_path / "run" / "classifier")
    return Result(model, tmp_path / "run")


def test_every_way_to_name_a_classifier_gives_the_same_one(result: Result) -> None:
    file = result.folder / "classifier.safetensors"
    ways = (result.model, result, result.folder, str(result.folder), file, str(file))
    answers = {open_classifier(way).predict(IMAGE).probability for way in ways}
    assert max(answers) - min(answers) < 1e-6
    assert {path_of(way) for way in ways[1:]} == {file.resolve()}
    assert path_of(result.model) is None
    assert isinstance(result, HasModel)


@pytest.mark.parametrize("odd", [None, 3, torch.nn.Identity(), ["a"]])
def test_what_is_no_classifier_is_refused_in_one_line(odd: object) -> None:
    with pytest.raises(ClassifierError, match="no classifier; expected one, its file") as caught:
        open_classifier(odd)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
