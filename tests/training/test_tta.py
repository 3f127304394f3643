"""Test-time augmentation: one answer of an image and its mirror image, wherever it is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import striate as st
from striate.events import Event, Note
from striate.explanation.inspection import inspect
from striate.explanation.inspection_settings import InspectionSettings
from striate.model.decision import Decision
from striate.training.result import TrainingResult

NETWORK = "conv 4 > relu > maxpool 4 > flatten > fc"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingResult, list[str]]:
    notes: list[str] = []

    def tell(event: Event) -> None:
        if isinstance(event, Note):
            notes.append(event.text)

    out = tmp_path_factory.mktemp("tta") / "run"
    return st.train(
        "digits", NETWORK, epochs=2, precision="float32", tta=True, out=out, callback=tell
    ), notes


def test_an_answer_is_the_mean_of_both(run: tuple[TrainingResult, list[str]]) -> None:
    model = run[0].model
    pixels = np.random.default_rng(0).integers(0, 256, (7, *model.preprocess.shape), np.uint8)
    plain = replace(model, decision=Decision(model.temperature))
    mirrored = np.ascontiguousarray(pixels[..., ::-1])
    expected = (plain.probabilities(pixels) + plain.probabilities(mirrored)) / 2
    np.testing.assert_allclose(model.probabilities(pixels), expected, atol=1e-6)
    np.testing.assert_allclose(model.probabilities(mirrored), expected, atol=1e-6)
    assert not np.allclose(plain.probabilities(pixels), expected, atol=1e-3)


def test_it_is_in_the_file_and_evaluated_so(
    run: tuple[TrainingResult, list[str]], tmp_path: Path
) -> None:
    result, _ = run
    again = st.load(result.model.save(tmp_path / "copy.safetensors"))
    assert again.decision.mirrored
    assert st.evaluate(again, "digits").accuracy == result.evaluation.accuracy
    plain = replace(again, decision=Decision(again.temperature))
    assert st.evaluate(plain, "digits").cross_entropy != result.evaluation.cross_entropy


def test_it_is_said_where_training_mirrors_none(run: tuple[TrainingResult, list[str]]) -> None:
    assert any("--tta" in note and "training mirrors none" in note for note in run[1])


def test_an_explanation_says_that_it_is_of_the_image_itself(
    run: tuple[TrainingResult, list[str]],
) -> None:
    found = inspect(
        run[0].model, np.full((8, 8), 128, np.uint8), settings=InspectionSettings(quick=True)
    )
    assert any("--tta" in each for each in found.unavailable)
