"""The runtime that answers the rest of a long folder."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.deployment import sealed_classifier
from striate.deployment.engine_choice import choose_engine
from striate.deployment.sealed_answers import USUAL_TOLERANCE, SealedAnswer
from striate.deployment.sealed_file import read_sealed
from striate.deployment.sealed_graph import build_sealed_graph
from striate.deployment.sealed_opening import open_sealed
from striate.deployment.sealed_runtimes import Runtime, open_onnx_runtime
from striate.errors import EngineError
from striate.model.classifier import Classifier
from striate.model.prediction import Prediction

TEXT = "input 1x8x8 classes=2 > conv 2 > relu > gap > flatten > fc"
IMAGES = [np.full((9, 9 + level, 3), level, np.uint8) for level in (1, 60, 120, 250)]


def make_runtime(seed: int) -> Runtime:
    model = Classifier(build(TEXT, seed=seed), TEXT, ("a", "b"), Preprocess(1, 8, 8))
    return open_onnx_runtime(build_sealed_graph(model).model.to_bytes())


def slow_down(runtime: Runtime, name: str) -> Runtime:
    def answer(pixels: np.ndarray, orientation: int) -> SealedAnswer:
        time.sleep(0.02)
        return runtime.answer(pixels, orientation)

    return Runtime(name, answer)


def open_nothing() -> Runtime:
    raise EngineError("it is not installed")


def test_the_faster_one_goes_on_where_it_answers_the_same() -> None:
    fast, other = make_runtime(1), make_runtime(2)
    slow = slow_down(fast, "slow")
    with ThreadPoolExecutor(2) as pool:

        def choose(current: Runtime, *others: Runtime) -> Runtime:
            openers = [open_nothing, *((lambda each=each: each) for each in others)]
            return choose_engine(current, openers, IMAGES, pool=pool, allowed=USUAL_TOLERANCE)

        assert choose(slow, fast) is fast
        assert choose(fast, slow) is fast
        assert choose(slow, other) is slow  # it would say something else
        assert choose(slow) is slow


@pytest.mark.slow
def test_all_images_are_answered_in_order_while_it_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Classifier(build(TEXT, seed=1), TEXT, ("a", "b"), Preprocess(1, 8, 8))
    model.export(tmp_path / "a.onnx")
    opened = open_sealed(tmp_path / "a.onnx")
    images = [image for image in IMAGES for _ in range(12)]
    wanted = [opened.predict(image) for image in images]
    monkeypatch.setattr(sealed_classifier, "WAIT", 0.0)
    found = list(opened.predict_each(images))
    assert len(found) == len(wanted)
    allowed = read_sealed(tmp_path / "a.onnx").proof.tolerance.probability
    for ours, theirs in zip(found, wanted, strict=True):
        assert isinstance(ours, Prediction)
        assert ours.probability == pytest.approx(theirs.probability, abs=allowed)
