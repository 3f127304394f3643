"""Whatever form images come in, the answers are the same, and what is no image is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import DataError, ImageError, SettingError
from striate.model.classifier import Classifier
from striate.model.prediction import Prediction, Unreadable

TEXT = "input 3x8x8 classes=3 > conv 4 > relu > flatten > fc"
CLASSES = ("ant", "bee", "cat")
COLOR = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
GRAY = COLOR[:, :, 0]


@pytest.fixture(scope="module")
def model() -> Classifier:
    return Classifier(build(TEXT, seed=1), TEXT, CLASSES, Preprocess(3, 8, 8))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """b.png, a.png and, below c/, d.png in colour; .hidden.png and Thumbs.db besides."""
    (tmp_path / "c").mkdir()
    for name, shift in (("b", 0), ("a", 1), ("c/d", 2)):
        Image.fromarray(np.roll(COLOR, shift, 0)).save(tmp_path / f"{name}.png")
    (tmp_path / ".hidden.png").write_bytes(b"")
    (tmp_path / "Thumbs.db").write_bytes(b"")
    return tmp_path


def row(answer: object) -> list[float]:
    assert isinstance(answer, Prediction)
    return list(answer.probabilities.values())


def test_one_image_in_every_form_has_one_answer(model: Classifier, folder: Path) -> None:
    file = folder / "b.png"
    first = torch.from_numpy(COLOR.transpose(2, 0, 1).copy())
    forms = (
        file, str(file), file.read_bytes(), Image.fromarray(COLOR), COLOR, first,
        first.to(torch.float32) / 255, COLOR / 255.0,
    )  # fmt: skip
    expected = row(model.predict(file))
    for form in forms:
        np.testing.assert_allclose(row(model.predict(form)), expected, atol=1e-6)
        np.testing.assert_allclose(model.predict_proba(form), [expected], atol=1e-6)


def test_grey_images_and_tensors_of_them(model: Classifier) -> None:
    expected = row(model.predict(np.stack([GRAY] * 3, 2)))
    for form in (GRAY, GRAY[:, :, None], torch.from_numpy(GRAY), torch.from_numpy(GRAY)[None]):
        np.testing.assert_allclose(row(model.predict(form)), expected, atol=1e-6)


def test_several_images_in_every_form_have_a_list_of_answers(model: Classifier) -> None:
    many = np.stack([np.roll(COLOR, shift, 0) for shift in range(5)])
    expected = [row(model.predict(each)) for each in many]
    first = torch.from_numpy(many.transpose(0, 3, 1, 2).copy())
    for form in (list(many), tuple(many), many, first, list(first), many.astype(np.float64)):
        answers = model.predict(form)
        assert [answer.name for answer in answers] == [f"image {place}" for place in range(1, 6)]
        np.testing.assert_allclose([row(answer) for answer in answers], expected, atol=1e-6)
        np.testing.assert_allclose(model.predict_proba(form), expected, atol=1e-6)
    grays = [row(answer) for answer in model.predict(many[:, :, :, 0])]
    alone = [row(model.predict(each[:, :, 0])) for each in many]
    np.testing.assert_allclose(grays, alone, atol=1e-6)


def test_a_batch_of_numbers_is_scaled_by_the_range_of_all(model: Classifier) -> None:
    """A dark image beside a bright one stays dark; alone its own range would count."""
    dark, bright = np.full((8, 8, 3), 1.0), np.full((8, 8, 3), 255.0)
    together = model.predict(np.stack([dark, bright]))
    expected = model.predict([dark.astype(np.uint8), bright.astype(np.uint8)])
    assert [row(answer) for answer in together] == [row(answer) for answer in expected]


def test_a_folder_is_answered_in_sorted_order_by_name(model: Classifier, folder: Path) -> None:
    (folder / "notes.txt").write_text("no image")
    for given in (folder, str(folder)):
        answers = model.predict(given)
        assert [Path(answer.name).relative_to(folder).as_posix() for answer in answers] == [
            "a.png", "b.png", "notes.txt", "c/d.png",
        ]  # fmt: skip
        assert [type(answer) for answer in answers] == [
            Prediction, Prediction, Unreadable, Prediction,
        ]  # fmt: skip
    np.testing.assert_allclose(row(answers[1]), row(model.predict(COLOR)), atol=1e-6)


def test_probabilities_name_what_cannot_be_read_or_leave_its_row_open(
    model: Classifier, folder: Path
) -> None:
    (folder / "ab.png").write_bytes(b"no image at all")
    with pytest.raises(ImageError, match=r"ab\.png: "):
        model.predict_proba(folder)
    found = model.predict_proba(folder, errors="nan")
    assert found.shape == (4, 3)
    assert found.dtype == np.float32
    assert np.isnan(found).all(1).tolist() == [False, True, False, False]
    np.testing.assert_allclose(found[[0, 2, 3]].sum(1), 1, atol=1e-6)
    with pytest.raises(SettingError, match="expected 'raise' or 'nan'"):
        model.predict_proba(folder, errors="skip")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (np.zeros((3, 8, 8)), "3 grey images or one with its channels first"),
        (np.zeros((2, 3, 8, 8)), "2x3x8x8 is no images"),
        (np.zeros((1, 2, 8, 8, 3)), "is no images"),
        (np.full((2, 8, 8, 3), 300.5), "values from 300.5 to 300.5; expected 0 to 255"),
        (np.full((2, 8, 8, 3), np.nan), "values from nan to nan"),
        (torch.zeros(8, 8, 3), "a tensor of shape 8x8x3 is no image; expected channels first"),
        (torch.zeros(()), "no dimensions"),
        (3, "int is no image; expected a path"),
    ],
)
def test_what_is_no_image_is_one_clear_line(model: Classifier, odd: object, said: str) -> None:
    with pytest.raises(ImageError, match=said) as caught:
        model.predict(odd)  # type: ignore[call-overload]
    assert "\n" not in str(caught.value)


def test_in_a_list_it_has_its_place(model: Classifier) -> None:
    answers = model.predict([COLOR, torch.zeros(8, 8, 3), object()])
    assert [type(answer) for answer in answers] == [Prediction, Unreadable, Unreadable]


def test_an_empty_folder_is_a_clear_error_and_an_empty_list_an_empty_list(
    model: Classifier, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="there is no file in the folder"):
        model.predict(tmp_path)
    assert model.predict([]) == []
    assert model.predict_proba([]).shape == (0, 3)
