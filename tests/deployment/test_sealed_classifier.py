"""Prediction with an exported file, in a process that loads no torch."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from striate.backends.torch import build
from striate.cli import app
from striate.data.images import Preprocess
from striate.deployment import exporting
from striate.deployment.exporting import ExportSettings, export
from striate.deployment.sealed_classifier import SealedClassifier
from striate.deployment.sealed_graph import build_sealed_graph
from striate.deployment.sealed_opening import open_sealed
from striate.errors import ClassifierError, ImageError
from striate.model.classifier import Classifier
from striate.model.decision import Decision, RejectRule
from striate.model.loading import load
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


def test_a_large_jpeg_is_decoded_smaller_as_the_classifier_does(tmp_path: Path) -> None:
    text = TEXT.replace("3x16x16", "1x20x16")
    grey = Preprocess(1, 20, 16, "crop", draft=True)
    careful = Classifier(build(text, seed=3), text, ("dark", "light"), grey)
    export(careful, tmp_path / "a.onnx", progress=False)
    waves = np.sin(np.arange(300)[:, None] / 9) * np.cos(np.arange(403) / 5) * 90 + 128
    exif = Image.Exif()
    exif[0x0112] = 3  # the pixels that are there in part lie above and to the left
    image = Image.fromarray(waves.astype(np.uint8)).convert("RGB")
    image.save(tmp_path / "a.jpg", exif=exif)
    image.crop((0, 0, 400, 296)).save(tmp_path / "divisible.jpg")
    assert grey.reduction(300, 403) == grey.reduction(296, 400) == 4
    opened = open_sealed(tmp_path / "a.onnx")
    whole = replace(careful, preprocess=replace(grey, draft=False))
    for name, level in (("a.jpg", 1e-6), ("divisible.jpg", 1e-6)):
        one, two, other = (it.predict(tmp_path / name) for it in (opened, careful, whole))
        assert one.probability == pytest.approx(two.probability, abs=level)
        assert one.probability != pytest.approx(other.probability, abs=level)


def test_the_batch_form_is_not_taken_for_the_other(folder: Path) -> None:
    with pytest.raises(ClassifierError, match="takes batches"):
        open_sealed(folder / "shades.batch.onnx")


def changed(content: bytes, before: bytes, after: bytes) -> bytes:
    assert content.count(before) == 1
    return content.replace(before, after)


def flipped(content: bytes) -> bytes:
    place = content.index(b"conv1.weight") + 40
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


BAD: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut.onnx": (lambda it: it[: len(it) // 2], "no ONNX file, or it is cut off or damaged"),
    "empty.onnx": (lambda it: b"", "no ONNX file, or it is cut off or damaged"),
    "text.onnx": (
        lambda it: b"this is no model\n" * 9,
        "expected a file that `striate export` wrote",
    ),
    "flipped.onnx": (flipped, "the graph is not the one that was written"),
    "theirs.onnx": (lambda it: graph_alone(), "no file that `striate export` wrote"),
    "newer.onnx": (
        lambda it: changed(it, b'"format_version":1', b'"format_version":7'),
        r"format version 7; this Striate \(.*\) reads up to 2: pip install --upgrade striate",
    ),
    "document.onnx": (
        lambda it: changed(it, b'"digest":', b'"dagest":'),
        "the document inside .* lacks 'digest', or it is damaged",
    ),
}


def graph_alone() -> bytes:
    small = Classifier(build(TEXT), TEXT, ("a", "b"), Preprocess(3, 16, 16))
    return build_sealed_graph(small).model.to_bytes()


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_will_not_do_is_refused_in_a_line(
    folder: Path, tmp_path: Path, name: str
) -> None:
    make, said = BAD[name]
    (tmp_path / name).write_bytes(make((folder / "shades.onnx").read_bytes()))
    words = ["predict", str(tmp_path / name), str(folder / "new" / "0.png")]
    result = CliRunner().invoke(app, words)
    assert isinstance(result.exception, ClassifierError)
    assert result.exception.exit_code == 2
    assert re.search(said, str(result.exception)), result.exception
    assert "\n" not in str(result.exception)
    assert name in str(result.exception)


def test_a_wrong_ending_is_seen_through(folder: Path, model: Classifier, tmp_path: Path) -> None:
    image = str(folder / "new" / "0.png")
    for name in ("shades", "shades.bin", "shades.safetensors"):
        (tmp_path / name).write_bytes((folder / "shades.onnx").read_bytes())
        result = CliRunner().invoke(app, ["predict", str(tmp_path / name), image])
        assert (result.exit_code, "0.png" in result.output) == (0, True)
        with pytest.raises(ClassifierError, match="which predict, verify and"):
            load(tmp_path / name)
    saved = model.save(tmp_path / "model.safetensors").rename(tmp_path / "model.onnx")
    result = CliRunner().invoke(app, ["predict", str(saved), image])
    assert "rename it to end in .safetensors" in str(result.exception)


def test_what_is_refused_is_said_by_its_rule(
    folder: Path, model: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    # of such a network no gradient leads to an image that it accepts, and trying takes long
    monkeypatch.setattr(exporting, "make_accepted_images", lambda *given: [])
    careful = replace(model, decision=Decision(reject=RejectRule(0.999, None, 0.05, 100)))
    export(careful, folder / "careful.onnx", progress=False)
    words = ["predict", str(folder / "careful.onnx"), str(folder / "new"), "--json"]
    said = [json.loads(line) for line in CliRunner().invoke(app, words).stdout.splitlines()]
    answered = [each for each in said if "error" not in each]
    assert [each["class"] for each in answered] == [None] * 5
    assert {each["refused"] for each in answered} == {"unsure"}
    assert {each["best_guess"] for each in answered} <= set(model.classes)
    always = CliRunner().invoke(app, [*words, "--answer-always"]).stdout.splitlines()
    assert [json.loads(line).get("class") for line in always] == [
        each.get("best_guess") for each in said
    ]


WATCH = """
import sys
from striate.cli import application
try:
    application(sys.argv[1:])(sys.argv[1:])
finally:
    heavy = {"torch", "onnx", "scipy", "sklearn", "matplotlib", "lark", "jinja2", "model_signing"}
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
