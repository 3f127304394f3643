"""What is looked for, each kind on images made for it, and left alone where it is not there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import drawn
import numpy as np
import pytest
from made_placeholders import placeholder
from PIL import Image

from striate.data import find, load, split_stratified
from striate.data.images import Preprocess
from striate.doctor import (
    Examination,
    FoundImage,
    ImageFinding,
    ImageSigns,
    describe_findings,
    examine,
)
from striate.doctor.kinds.label import knows_labels
from striate.evaluation.metrics import EvaluatedImage

FITTED = Preprocess(channels=3, height=64, width=64)


def look(
    root: Path, preprocess: Preprocess = FITTED, answers: Sequence[EvaluatedImage] = ()
) -> tuple[ImageFinding, ...]:
    collection = find(str(root))
    images = load(collection, preprocess)
    split = split_stratified(collection, images)
    signs = ImageSigns(len(images))
    return examine(Examination(split.collection, images, split, preprocess, signs, answers=answers))


def scene(seed: int) -> Image.Image:
    """Draw soft patches of colour, as there are in photographs."""
    patches = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize((96, 72), Image.Resampling.BICUBIC)


def names(findings: Sequence[ImageFinding], kind: str) -> list[str]:
    return sorted(each.images[0].name for each in findings if each.kind == kind)


def test_of_thirty_placeholders_at_least_27_are_found_and_no_other_image(tmp_path: Path) -> None:
    drawn.folder(tmp_path, n=60, size=(96, 72))
    for seed in range(1000, 1030):  # of others than those that the thresholds were chosen on
        content, ending = placeholder(seed)
        (tmp_path / "disc" / f"sent{seed}.{ending}").write_bytes(content)
    found = look(tmp_path)
    named = names(found, "placeholder")
    assert len(named) >= 27
    assert all(Path(name).name.startswith("sent") for name in named)
    assert {each.kind for each in found} == {"placeholder"}
    assert "as of text" in found[0].reason


def test_a_set_of_drawings_is_not_taken_for_placeholders(tmp_path: Path) -> None:
    for seed in range(12):
        folder = tmp_path / ("a" if seed % 2 else "b")
        folder.mkdir(exist_ok=True)
        content, ending = placeholder(seed)
        (folder / f"{seed}.{ending}").write_bytes(content)
    assert names(look(tmp_path), "placeholder") == []


def test_an_icon_that_stands_in_two_classes_is_one_placeholder(tmp_path: Path) -> None:
    drawn.folder(tmp_path, n=12, size=(96, 72))
    icon = Image.new("RGB", (120, 90), (238, 238, 238))
    icon.paste((90, 90, 90), (40, 30, 80, 60))
    for folder in ("disc", "square"):
        icon.save(tmp_path / folder / "icon.png")
    (found,) = look(tmp_path)
    assert found.kind == "placeholder"
    assert [image.label for image in found.images] == ["disc", "square"]
    assert found.reason.endswith("the same content stands here 2 times, in 2 classes")


def test_copies_saved_again_are_found_with_what_they_are_copies_of(tmp_path: Path) -> None:
    for split, first, count in (("train", 0, 40), ("val", 100, 8)):
        for number in range(first, first + count):
            folder = tmp_path / split / ("a", "b")[number % 2]
            folder.mkdir(parents=True, exist_ok=True)
            scene(number).save(folder / f"scene{number}.png")
    for number in range(12):
        again = tmp_path / "val" / ("a", "b")[number % 2] / f"again{number}.jpg"
        scene(number).save(again, quality=(60, 75, 90)[number % 3])
    found = [each for each in look(tmp_path) if each.kind == "copy"]
    assert len(found) == 12
    for each in found:
        copy, original = (Path(image.name) for image in each.images)
        assert copy.stem.replace("again", "scene") == original.stem
    assert [image.split for image in found[0].images] == ["val", "train"]


def test_blank_images_are_found_and_dark_or_bright_ones_are_not(tmp_path: Path) -> None:
    drawn.folder(tmp_path, n=12, size=(96, 72))
    noise = np.random.default_rng(0).integers(0, 4, (72, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "disc" / "black.jpg")
    Image.new("L", (50, 80), 255).save(tmp_path / "square" / "white.png")
    dark = np.asarray(drawn.image("disc", 200, (96, 72))) // 4
    Image.fromarray(dark).save(tmp_path / "disc" / "dark.png")
    corner = Image.new("RGB", (90, 90), "white")
    corner.paste((200, 0, 0), (2, 2, 12, 12))
    corner.save(tmp_path / "square" / "corner.png")
    found = look(tmp_path)
    assert names(found, "blank") == ["disc/black.jpg", "square/white.png"]
    assert "72 x 200 pixels" in next(each.reason for each in found if "black" in str(each))


def test_one_image_under_two_labels_is_named_with_both(tmp_path: Path) -> None:
    drawn.folder(tmp_path, n=12)
    drawn.image("disc", 3).save(tmp_path / "square" / "same.png")
    (found,) = look(tmp_path, Preprocess(channels=3, height=16, width=16))
    assert found.kind == "two classes"
    assert {image.label for image in found.images} == {"disc", "square"}


def answer(number: int, said: str, probability: float, truth: str = "disc") -> EvaluatedImage:
    right = probability if said == truth else 1 - probability
    name = f"{truth}/{truth}{number:03}.png"
    return EvaluatedImage(name, truth, said, probability, right, number)


@pytest.mark.parametrize(("wrong", "named"), [(0.95, True), (0.85, False)])
def test_a_label_is_named_where_another_class_is_as_sure_as_usual_and_usually_right(
    tmp_path: Path, wrong: float, named: bool
) -> None:
    drawn.folder(tmp_path, n=30)
    discs = [answer(number, "disc", 0.99) for number in range(20)]
    # squares are said with 0.9 on average; five of them with more
    squares = [answer(k, "square", 0.8 if k < 5 else 1.0, "square") for k in range(10)]
    found = look(tmp_path, answers=[*discs, *squares, answer(29, "square", wrong)])
    assert names(found, "label") == ["disc/disc029.png"] * named
    if named:
        (image,) = found[0].images
        assert (image.label, image.answer, image.probability) == ("disc", "square", wrong)
        assert "Of 6 such answers of 90.0 % and more 5 agree" in found[0].reason
        assert describe_findings(found)[0].startswith("look at first: 1 label that the classifier")
    half = [answer(number, "square", wrong) for number in range(20, 30)]
    assert names(look(tmp_path, answers=[*discs, *squares, *half]), "label") == []


@pytest.mark.parametrize(
    ("right", "wrong", "knows"), [(70, 30, True), (55, 45, False), (0, 0, False)]
)
def test_answers_that_chance_gives_too_accuse_no_labels(
    right: int, wrong: int, knows: bool
) -> None:
    """Half are right by chance; Wilson's interval of 70 of 100 begins at 60.4, of 55 at 45.2."""
    said = ["disc", "square"] * 50
    truths = [*said[:right], *({"disc": "square", "square": "disc"}[s] for s in said[right:])]
    answers = [
        answer(k, one, 0.9, true) for k, (one, true) in enumerate(zip(said, truths, strict=True))
    ]
    assert knows_labels(answers[: right + wrong]) is knows
    # who always says what is commonest is right nine times of ten, and knows nothing
    assert not knows_labels(
        [answer(k, "disc", 0.9, "disc" if k % 10 else "square") for k in range(100)]
    )


def test_signs_taken_while_images_are_read_are_those_taken_afterwards(tmp_path: Path) -> None:
    collection = find(str(drawn.folder(tmp_path, n=20, size=(96, 72))))
    passed: list[int] = []
    watching = ImageSigns(40, then=lambda index, value, pixels: passed.append(index))
    images = load(collection, FITTED, watch=watching)
    taken = watching.complete(images)
    assert passed == list(range(40))
    assert (taken == ImageSigns(40).complete(images)).all()
    # a later run whose features are kept does not read the files: the signs are kept, too
    images.take = None  # type: ignore[assignment]
    recalled = ImageSigns(40, then=lambda index, value, pixels: None).complete(images)
    assert (recalled == taken).all()


def test_accuracy_is_said_without_copies(tmp_path: Path) -> None:
    copies = [
        ImageFinding("copy", "saved again", (FoundImage(f"disc/disc{n:03}.png", "disc", "val"),))
        for n in range(3)
    ]
    answers = [answer(n, "disc", 0.9) for n in range(4)] + [answer(4, "square", 0.9)]
    assert describe_findings(copies, answers)[1] == (
        "3 of the 5 images that accuracy is measured on are training images, saved again; without "
        "them accuracy is 50.0 % (n = 2)"
    )
    assert "says nothing of images" in describe_findings(copies, answers[:3])[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "true"),
    [
        ("hymenoptera", {"train/ants/imageNotFound.gif"}),
        ("hotdog64", set()),
        ("ilsvrc_boxes", set()),
    ],
)
def test_of_photographs_at_most_one_in_a_hundred_is_named_wrongly(
    shared: Callable[[str], Path], data: str, true: set[str]
) -> None:
    collection = find(str(shared(f"data/{data}")))
    found = look(shared(f"data/{data}"))
    named = {each.images[0].name for each in found}
    assert true <= named
    assert len(named - true) <= 0.01 * len(collection)
    assert names(found, "copy") == []
