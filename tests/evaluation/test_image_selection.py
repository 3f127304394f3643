"""What is judged is what training has not used, and it is said."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import drawn
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from striate.backends.torch import build
from striate.data import find, load
from striate.data.digests import digest_image
from striate.data.fixes import Fix, write_fixes
from striate.data.images import Preprocess
from striate.errors import DataError, SettingError
from striate.evaluation.classifier_evaluation import evaluate
from striate.evaluation.image_selection import find_images, match_classes, select_images
from striate.model.classifier import Classifier
from striate.model.loading import load as load_classifier

TEXT = "input 3x16x16 classes=2 > gap > flatten > fc"
PREPROCESS = Preprocess(3, 16, 16, mean=(0.5,) * 3, std=(0.25,) * 3)


def model(**seen: np.ndarray) -> Classifier:
    return Classifier(build(TEXT), TEXT, ("disc", "square"), PREPROCESS, seen=seen)


def hashes_of(folder: Path) -> dict[str, int]:
    collection = find(folder)
    with load(collection, PREPROCESS) as images:
        return dict(zip(collection.names, images.hashes.tolist(), strict=True))


def hashes(*values: int) -> np.ndarray:
    return np.array(values, np.uint64)


def test_the_test_part_comes_first(tmp_path: Path) -> None:
    for part, first in (("train", 0), ("val", 20), ("test", 40)):
        drawn.folder(tmp_path / part, n=5, first=first)
    result = evaluate(model(train=hashes(1)), tmp_path)
    assert result.n == 10
    assert result.evaluated == "10 test images the run never saw"
    assert all("test" in judged.name for judged in result.worst)


def test_validation_comes_next_and_its_part_in_training_is_said(tmp_path: Path) -> None:
    drawn.folder(tmp_path / "train", n=5)
    drawn.folder(tmp_path / "val", n=3, first=20)
    used = [value for name, value in hashes_of(tmp_path).items() if name.startswith("val")]
    result = evaluate(model(train=hashes(1), val=hashes(*used)), tmp_path)
    assert result.n == 6
    assert "6 validation images" in result.evaluated
    assert "selected the checkpoint" in result.evaluated


def test_what_was_learnt_from_is_left_out_wherever_it_lies(tmp_path: Path) -> None:
    drawn.folder(tmp_path / "a", n=6)
    known = list(hashes_of(tmp_path / "a").values())
    own = model(train=hashes(*known[:8]), val=hashes(*known[8:]))
    result = evaluate(own, tmp_path / "a")
    assert result.n == 4
    assert result.evaluated.startswith("4 images held out from training")
    assert any("8 of 12 images were learnt from" in note for note in result.notes)
    # the same images under other names, beside new ones
    drawn.folder(tmp_path / "b", n=3, first=50)
    for path in (tmp_path / "a" / "disc").iterdir():
        path.rename(tmp_path / "b" / "disc" / f"copy-{path.name}")
    again = evaluate(own, tmp_path / "b")
    assert again.n == 6


def test_nothing_left_is_an_error_and_not_a_figure(tmp_path: Path) -> None:
    drawn.folder(tmp_path, n=3)
    with pytest.raises(DataError, match="no image .* is left to evaluate.*learnt from"):
        evaluate(model(train=hashes(*hashes_of(tmp_path).values())), tmp_path)


def test_the_training_part_is_judged_only_when_asked_for(tmp_path: Path) -> None:
    drawn.folder(tmp_path / "train", n=3)
    drawn.folder(tmp_path / "val", n=2, first=9)
    result = evaluate(model(train=hashes(1)), tmp_path, split="train")
    assert result.n == 6
    assert "not a test" in result.evaluated


def test_a_part_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    drawn.folder(tmp_path, n=3)
    with pytest.raises(SettingError, match="has no split 'test'"):
        evaluate(model(), tmp_path, split="test")
    with pytest.raises(SettingError, match="there is no split 'tset'"):
        evaluate(model(), tmp_path, split="tset")


def test_classes_are_matched_by_name_not_by_place(tmp_path: Path) -> None:
    drawn.folder(tmp_path, n=4)
    usual = evaluate(model(), tmp_path)
    other = model()
    turned = Classifier(other.module, TEXT, ("square", "disc"), PREPROCESS)
    assert evaluate(turned, tmp_path).accuracy == pytest.approx(1 - usual.accuracy)


def test_classes_it_does_not_know_are_left_out_and_said(tmp_path: Path) -> None:
    drawn.folder(tmp_path, ("disc", "square", "bar"), n=4)
    result = evaluate(model(), tmp_path)
    assert result.n == 8
    assert any("4 images of classes" in note and "bar" in note for note in result.notes)
    with pytest.raises(DataError, match="no class of"):
        match_classes(find(tmp_path), ("cat", "dog"))


def test_folders_are_matched_by_id_too_and_that_is_said(tmp_path: Path) -> None:
    named = drawn.folder(tmp_path / "named", n=4)
    usual = evaluate(model(), named)
    for half in ("all", "one"):
        own = replace(model(), ids=("n01", "n02"))
        folder = drawn.folder(tmp_path / half, n=4)
        (folder / "disc").rename(folder / "n01")
        if half == "all":
            (folder / "square").rename(folder / "n02")
        result = evaluate(own, folder)
        assert (result.n, result.accuracy, result.classes) == (8, usual.accuracy, usual.classes)
        said = "2 of 2" if half == "all" else "1 of 2"
        assert f"{said} classes matched by id (n01 is disc)" in result.notes
    with pytest.raises(DataError, match="or by their ids as n01"):
        match_classes(find(named), ("cat", "dog"), ("n01", "n02"))


def test_bad_images_are_left_out_and_said(tmp_path: Path) -> None:
    drawn.folder(tmp_path, n=4)
    (tmp_path / "disc" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    result = evaluate(model(), tmp_path)
    assert result.n == 8
    assert any("1 file left out" in note for note in result.notes)


def test_classes_without_a_image_are_said(tmp_path: Path) -> None:
    drawn.folder(tmp_path, ("disc", "bar"), n=4)
    result = evaluate(model(), tmp_path)
    assert any("only 1 of 2 classes has images here (disc)" in note for note in result.notes)


def test_it_is_the_same_as_predicting(tmp_path: Path) -> None:
    folder = drawn.folder(tmp_path, n=10)
    own = model()
    answers = own.predict(sorted(folder.rglob("*.png")))
    right = sum(Path(a.name).parent.name == getattr(a, "label", "") for a in answers)
    assert evaluate(own, folder).accuracy == pytest.approx(right / 20)


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=30),
    st.sets(st.integers(0, 30)),
    st.sampled_from(["", "test", "val"]),
)
def test_no_selection_ever_holds_a_image_that_was_learnt_from(
    own: list[int], learnt: set[int], part: str
) -> None:
    values = hashes(*own)
    chosen = select_images(
        [part] * len(own),
        values,
        usable=np.ones(len(own), bool),
        seen={"train": hashes(*learnt), "val": hashes()},
    )
    assert not learnt & {own[index] for index in chosen.indices}
    assert len(chosen.indices) == sum(value not in learnt for value in own)
    assert chosen.words.split()[0] == str(len(chosen.indices))


def test_a_classifier_of_unknown_past_says_so(tmp_path: Path) -> None:
    drawn.folder(tmp_path, n=2)
    unknown = replace(model(), seen={})
    assert "not known" in evaluate(unknown, tmp_path).evaluated


@pytest.mark.parametrize("part", [None, "train", "val", "test", "all"])
@pytest.mark.parametrize("kind", ["", "train", "val", "test"])
@pytest.mark.parametrize("seen", [{}, {"train": hashes(9)}, {"val": hashes(1)}])
def test_one_image_is_one(part: str | None, kind: str, seen: dict[str, np.ndarray]) -> None:
    chosen = select_images([kind], hashes(1), usable=np.ones(1, bool), seen=seen, split=part)
    assert re.search(r"\b1 (test |validation )?image\b(?!.*they)", chosen.words)


def test_one_image_that_was_learnt_from_is_left_out() -> None:
    chosen = select_images(
        [""] * 2, hashes(1, 2), usable=np.ones(2, bool), seen={"train": hashes(1)}
    )
    assert chosen.notes == ("1 of 2 images was learnt from and is left out",)


NOT_KNOWN = "what the classifier has learnt from is not known"
OPTIMISTIC = "also selected the checkpoint, so this is slightly optimistic"


@pytest.mark.parametrize(
    ("kind", "chose", "words"),
    [
        ("test", (), "4 test images the run never saw"),
        ("test", (1, 2), f"4 test images; 2 of them {OPTIMISTIC}"),
        ("test", (1, 2, 3, 4), f"4 test images; they {OPTIMISTIC}"),
        ("val", (), "4 validation images the run never saw"),
        ("val", (3,), f"4 validation images; 1 of them {OPTIMISTIC}"),
        ("val", (1, 2, 3, 4), f"4 validation images; they {OPTIMISTIC}"),
        ("", (), "4 images the run did not learn from"),
        ("", (1,), f"4 images the run did not learn from; 1 of them {OPTIMISTIC}"),
        ("", (1, 2, 3, 4), f"4 images held out from training; they {OPTIMISTIC}"),
    ],
)
def test_the_words_say_what_is_true(kind: str, chose: tuple[int, ...], words: str) -> None:
    chosen = select_images(
        [kind] * 4,
        hashes(1, 2, 3, 4),
        usable=np.ones(4, bool),
        seen={"train": hashes(9), "val": hashes(*chose)},
    )
    assert chosen.words == words


@pytest.mark.parametrize("part", [None, "train", "val", "test", "all"])
def test_a_past_that_is_not_known_is_never_told(part: str | None) -> None:
    kind = part if part in ("train", "val", "test") else ""
    chosen = select_images([kind] * 2, hashes(1, 2), usable=np.ones(2, bool), seen={}, split=part)
    assert chosen.words.endswith(f"; {NOT_KNOWN}")
    assert "learnt from;" not in chosen.words


def test_all_images_tell_how_many_were_used_and_for_what() -> None:
    chosen = select_images(
        [""] * 3,
        hashes(1, 2, 3),
        usable=np.ones(3, bool),
        seen={"train": hashes(1), "val": hashes(2, 3)},
        split="all",
    )
    said = "1 of them learnt from, 2 used to select the checkpoint; not a test"
    assert chosen.words == f"all 3 images, {said}"


def test_labels_of_the_own_data_are_those_of_the_run_and_its_copy_of_the_fixes(
    tmp_path: Path,
) -> None:
    data, given, run = drawn.folder(tmp_path / "d", n=2), tmp_path / "fixes.csv", tmp_path / "run"
    digest = digest_image(find(data), 1)
    write_fixes(given, [Fix("disc/disc001.png", digest, "relabel", "square")])
    run.mkdir()
    shutil.copyfile(given, run / "fixes.csv")
    learnt = replace(model(), data={"source": str(data), "fixes": str(given)})
    file = learnt.save(run / "classifier.safetensors")
    write_fixes(given, [Fix("disc/disc001.png", digest, "drop")])  # its owner has gone on with it
    found = find_images(load_classifier(file), data)
    assert found.labels.tolist() == [0, 1, 1, 1]
    alone = shutil.copyfile(file, tmp_path / "alone.safetensors")
    assert len(find_images(load_classifier(alone), data)) == 3  # no copy: the file that was given


def test_other_images_lie_as_those_did_whose_paths_were_the_classes(tmp_path: Path) -> None:
    drawn.folder(tmp_path / "new" / "round", n=2)
    drawn.folder(tmp_path / "new", ("bar",), n=2)
    names = ("bar", "round/disc", "round/square")
    learnt = replace(model(), classes=names, data={"source": "shapes", "layout": "path"})
    assert find_images(learnt, tmp_path / "new").classes == names
    rows = [f"new/round/disc/disc00{number}.png,round/disc" for number in range(2)]
    (tmp_path / "new.csv").write_text("\n".join(["path,label", *rows]))
    assert find_images(learnt, tmp_path / "new.csv").classes == ("round/disc",)
    other = replace(learnt, data={"source": "shapes"})
    assert find_images(other, tmp_path / "new").classes == ("bar", "round")
