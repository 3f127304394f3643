"""Prediction with an exported file, in a process that loads no torch."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.deployment.exporting import ExportSettings, export
from striate.deployment.sealed_classifier import SealedClassifier, open_sealed
from striate.errors import ClassifierError, ImageError
from striate.model.classifier import Classifier
from striate.model.prediction import Prediction

TEXT = "input 3x16x16 classes=2 > conv 4 > relu > gap > flatten > fc"


@pytest.fixture(scope="module")
def model() -> Classifier:
    return Classifier(build(TEXT, seed=3), TEXT, ("dark", "light"), Preprocess(3, 16, 16))


@pytest.fixture(scope="module")
def folder(model: Classifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("predict")
    settings = ExportSettings(batch=True)
    export(model, folder / "shades.onnx", settings=settings, progress=False)
    (folder / "new").mkdir()
    draws = np.random.default_rng(0)
    for number in range(5):
        pixels = draws.integers(0, 256, (30 + number, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "new" / f"{number}.png")
    (folder / "new" / "4.txt").write_text("no image", encoding="utf-8")
    return folder


def test_a_folder_is_answered_in_order_as_the_classifier_does(
    folder: Path, model: Classifier
) -> None:
    files = sorted(str(path) for path in (folder / "new").iterdir())
    ours = list(open_sealed(folder / "shades.onnx").predict_each(files))
    own = list(model.predict_each(files))
    assert [each.name for each in ours] == files
    assert len(ours) == 6
    for one, two in zip(ours, own, strict=True):
        assert type(one) is type(two)
        if isinstance(one, Prediction) and isinstance(two, Prediction):
            assert one.label == two.label
            # of noise a pixel in a thousand may be another by a level
            assert one.probability == pytest.approx(two.probability, abs=1e-4)
        else:
            assert one == two


def test_images_are_taken_as_they_are_asked_for(folder: Path) -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield str(folder / "new" / "0.png")

    answers = open_sealed(folder / "shades.onnx").predict_each(endless())
    assert len(list(itertools.islice(answers, 20))) == 20
    assert taken < 20 + 200, "as many as there are threads to keep busy, and no more"
    answers.close()  # type: ignore[attr-defined]


def test_one_image_that_cannot_be_read_is_an_error(folder: Path) -> None:
    opened: SealedClassifier = open_sealed(folder / "shades.onnx")
    assert opened.predict(folder / "new" / "0.png").label in opened.classes
    with pytest.raises(ImageError):
        opened.predict(folder / "new" / "4.txt")


def test_the_batch_form_is_not_taken_for_the_other(folder: Path) -> None:
    with pytest.raises(ClassifierError, match="takes batches"):
        open_sealed(folder / "shades.batch.onnx")


WATCH = """
import sys
from striate.cli import application
try:
    application(sys.argv[1:])(sys.argv[1:])
finally:
    heavy = {"torch", "onnx", "scipy", "sklearn", "matplotlib", "lark", "jinja2"}
    print("loaded:", sorted(heavy & set(sys.modules)), file=sys.stderr)
"""


def test_the_command_line_predicts_without_torch(folder: Path, model: Classifier) -> None:
    words = ["predict", "shades.onnx", "new/0.png", "new/1.png", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", WATCH, *words], cwd=folder, capture_output=True, text=True
    )
    assert "loaded: []" in done.stderr, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["file"] for each in found] == ["new/0.png", "new/1.png"]
    own = model.predict_proba(folder / "new" / "0.png")[0]
    assert list(found[0]["probabilities"].values()) == pytest.approx(own.tolist(), abs=1e-5)


def python_of(page: str) -> str:
    """Return the first program in Python of a page of docs."""
    text = (Path(__file__).parents[2] / "docs" / page).read_text("utf-8")
    return text.partition("```python\n")[2].partition("```")[0]


def test_the_snippet_needs_numpy_pillow_and_onnxruntime_alone(
    folder: Path, model: Classifier
) -> None:
    Image.open(folder / "new" / "2.png").save(folder / "cat.jpg")
    (folder / "photos.onnx").write_bytes((folder / "shades.onnx").read_bytes())
    program = python_of("export.md") + (
        "\nimport sys\nprint([name for name in ('torch', 'striate') if name in sys.modules])\n"
        "print(float(answer['confidence']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True
    )
    assert not done.returncode, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-2] == "[]"
    own = model.predict(folder / "cat.jpg")
    assert lines[0].startswith(own.label)
    assert float(lines[-1]) == pytest.approx(own.probability, abs=1e-5)
