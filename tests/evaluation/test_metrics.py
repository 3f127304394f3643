from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn import metrics as oracle

from striate.errors import SettingError
from striate.evaluation.metrics import SMALLEST, Evaluation, score, wilson_interval
from striate.terminal.units import format_percent


def score_rows(
    probabilities: object, labels: object, *, classes: Sequence[str] | None = None, worst: int = 24
) -> Evaluation:
    rows = np.asarray(probabilities)
    return score(
        rows,
        np.asarray(labels),
        classes=classes or [f"class {i}" for i in range(rows.shape[-1])],
        names=[f"{i}.png" for i in range(len(rows))],
        evaluated="images drawn for a test",
        worst=worst,
    )


def drawn(n: int, k: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    rows = rng.dirichlet(np.full(k, 0.5), size=n)
    return rows, rng.integers(0, k, size=n)


# Two networks on an image of a dog, of a cat and of a dog; the columns are (dog, cat).
# Squared error of a row (p, 1 - p) against (1, 0) or (0, 1) is 2 (1 - truth)^2:
#   NN1: truth 0.9, 0.9, 0.4: (0.02 + 0.02 + 0.72) / 3 = 0.25
#   NN2: truth 0.6, 0.7, 0.1: (0.32 + 0.18 + 1.62) / 3 = 0.71
# Cross-entropy: -(ln 0.9 + ln 0.9 + ln 0.4) / 3 = 0.38; -(ln 0.6 + ln 0.7 + ln 0.1) / 3 = 1.06.
NN1 = [(0.9, 0.1), (0.1, 0.9), (0.4, 0.6)]
NN2 = [(0.6, 0.4), (0.3, 0.7), (0.1, 0.9)]


@pytest.mark.parametrize(
    ("answers", "squared", "entropy"), [(NN1, 0.25, 0.38), (NN2, 0.71, 1.06)], ids=["NN1", "NN2"]
)
def test_the_worked_example_tells_two_networks_apart(
    answers: list[tuple[float, float]], squared: float, entropy: float
) -> None:
    result = score_rows(answers, [0, 1, 0], classes=["dog", "cat"])
    assert result.classification_error == pytest.approx(1 / 3)
    assert round(result.brier_score, 2) == squared
    assert round(result.cross_entropy, 2) == entropy


@pytest.mark.parametrize(("n", "k", "seed"), [(7, 2, 0), (200, 3, 1), (500, 12, 2), (90, 40, 3)])
def test_agrees_with_scikit_learn(n: int, k: int, seed: int) -> None:
    rows, labels = drawn(n, k, seed)
    result = score_rows(rows, labels)
    answers = rows.argmax(axis=1)
    every = list(range(k))
    assert result.accuracy == pytest.approx(oracle.accuracy_score(labels, answers))
    assert result.classification_error == pytest.approx(oracle.zero_one_loss(labels, answers))
    assert result.cross_entropy == pytest.approx(oracle.log_loss(labels, rows, labels=every))
    targets = np.eye(k)[labels]
    assert result.brier_score == pytest.approx(k * oracle.mean_squared_error(targets, rows))
    assert np.array_equal(result.confusion, oracle.confusion_matrix(labels, answers, labels=every))
    scores = oracle.precision_recall_fscore_support(
        labels, answers, labels=every, zero_division=np.nan
    )
    for ours, precision, recall, f1, support in zip(result.per_class, *scores, strict=True):
        assert ours.n == support
        for mine, theirs in ((ours.precision, precision), (ours.recall, recall), (ours.f1, f1)):
            assert (mine is None) == math.isnan(theirs)
            assert mine is None or mine == pytest.approx(theirs)
    if k > 5:
        first_five = oracle.top_k_accuracy_score(labels, rows, k=5, labels=every)
        assert result.top5 == pytest.approx(first_five)
        hits = round(first_five * result.n)
        assert (result.top5_low, result.top5_high) == wilson_interval(hits, result.n)
    else:
        assert (result.top5, result.top5_low, result.top5_high) == (None, None, None)


@given(n=st.integers(1, 100_000), data=st.data())
@settings(max_examples=200, deadline=None)
def test_the_interval_is_wilsons(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    low, high = wilson_interval(successes, n)
    theirs = binomtest(successes, n).proportion_ci(0.95, method="wilson")
    assert low == pytest.approx(theirs.low, abs=1e-12)
    assert high == pytest.approx(theirs.high, abs=1e-12)
    assert 0 <= low <= successes / n <= high <= 1


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (3, 2), (-1, 5)])
def test_no_interval_without_images(successes: int, n: int) -> None:
    with pytest.raises(SettingError, match=f"{successes} successes of {n} have no interval"):
        wilson_interval(successes, n)


@given(n=st.integers(1, 60), k=st.integers(1, 9), seed=st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_the_parts_add_up(n: int, k: int, seed: int) -> None:
    rows, labels = drawn(n, k, seed)
    result = score_rows(rows, labels, worst=n)
    confusion = np.array(result.confusion)
    assert confusion.sum() == n == sum(row.n for row in result.per_class)
    assert result.accuracy == pytest.approx(confusion.trace() / n)
    assert result.accuracy + result.classification_error == pytest.approx(1)
    assert sum(pair.n for pair in result.confused) == n - confusion.trace()
    assert sorted(row.index for row in result.worst) == list(range(n))
    wrong = [row.answer != row.truth for row in result.worst]
    assert wrong == sorted(wrong, reverse=True)
    for part in (True, False):
        sure = [row.truth_probability for row in result.worst if (row.answer != row.truth) == part]
        assert sure == sorted(sure)


def test_the_worst_images_are_the_surest_mistakes_then_the_least_sure() -> None:
    rows = [[0.6, 0.4], [0.9, 0.1], [0.01, 0.99], [0.3, 0.7]]
    worst = score_rows(rows, [0, 0, 0, 0], worst=3).worst
    assert [row.name for row in worst] == ["2.png", "3.png", "0.png"]
    assert (worst[0].answer, worst[0].probability) == ("class 1", 0.99)
    assert worst[0].truth_probability == 0.01
    assert score_rows(rows, [0, 0, 0, 0], worst=0).worst == ()


def test_confused_pairs_stand_most_often_first() -> None:
    rows = np.eye(3)[[1, 1, 2, 0, 2]]
    confused = score_rows(rows, [0, 0, 0, 1, 2], classes=["a", "b", "c"]).confused
    assert [(p.truth, p.answer, p.n) for p in confused] == [
        ("a", "b", 2),
        ("a", "c", 1),
        ("b", "a", 1),
    ]


def test_what_cannot_be_said_of_a_class_is_none_and_json() -> None:
    rows = np.eye(4)[[0, 0, 2, 0]]
    result = score_rows(
        rows, [0, 1, 0, 0], classes=["seen", "never answered", "no image", "neither"]
    )
    seen, never, missing, neither = result.per_class
    assert seen.recall == pytest.approx(2 / 3)
    assert (never.precision, never.recall, never.f1) == (None, 0.0, 0.0)
    assert (missing.precision, missing.recall, missing.f1) == (0.0, None, 0.0)
    assert (neither.precision, neither.recall, neither.f1) == (None, None, None)
    assert any("2 of 4 classes have no image here" in note for note in result.notes)
    text = json.dumps(result.as_json(), allow_nan=False)
    assert json.loads(text) == result.as_json()


def test_json_has_its_stable_keys() -> None:
    keys = list(score_rows(NN1, [0, 1, 0]).as_json())
    for key in ("n", "accuracy", "accuracy_low", "accuracy_high", "cross_entropy", "classes"):
        assert key in keys
    assert "confusion" in keys


def test_a_probability_of_zero_counts_as_the_smallest_float_and_says_so() -> None:
    result = score_rows([[1.0, 0.0], [1.0, 0.0]], [1, 0])
    assert result.cross_entropy == pytest.approx(-math.log(SMALLEST) / 2)
    assert any("for 1 of 2 images" in note and "1.2e-38" in note for note in result.notes)
    assert score_rows([[0.5, 0.5]], [1]).notes == (
        "1 of 2 classes has no image here, so nothing is known of the recall: class 0",
    )


def test_float32_softmax_of_many_classes_is_accepted() -> None:
    rng = np.random.default_rng(0)
    rows = np.exp(rng.normal(size=(50, 1000)) * 5).astype(np.float32)
    rows /= rows.sum(axis=1, keepdims=True)
    result = score_rows(rows, rng.integers(0, 1000, 50))
    assert isinstance(result.accuracy, float)
    assert type(result.confusion[0][0]) is int


def test_prints_its_headline_and_a_row_a_class() -> None:
    rows = np.full((360, 10), 0.01)
    labels = np.arange(360) % 10
    answers = np.where(np.arange(360) < 6, (labels + 1) % 10, labels)
    rows[np.arange(360), answers] = 0.91
    text = str(score_rows(rows, labels, classes=list("0123456789")))
    assert text.startswith("accuracy 98.3 % (96.4 to 99.2, n = 360)\non images drawn for a test")
    assert len(text.split("\n\n")[1].splitlines()) == 11


def test_prints_the_weakest_ten_of_many_classes_and_says_so() -> None:
    rows, labels = drawn(300, 21, 4)
    result = score_rows(rows, labels)
    text = str(result)
    assert "the weakest 10 of 21 classes, lowest F1 first" in text
    shown = result.table().rows
    weakest = min(row.f1 for row in result.per_class if row.f1 is not None)
    assert shown[0][-1] == f"{weakest:.3f}"
    assert len(shown) == 10


def test_shows_itself_in_a_notebook_with_names_escaped() -> None:
    page = score_rows(NN1, [0, 1, 0], classes=["<script>", "b"])._repr_html_()
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert "accuracy 66.7 %" in page


@pytest.mark.parametrize(
    ("share", "text"),
    [(1, "100.0 %"), (0, "0.0 %"), (0.99996, "99.996 %"), (1e-4, "0.01 %"), (1 / 3, "33.3 %")],
)
def test_only_all_is_a_hundred_per_cent(share: float, text: str) -> None:
    assert format_percent(share) == text


NAMES = ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("rows", "labels", "said"),
    [
        ([[0.5, 0.5]], [0, 1], r"1 rows of probabilities, labels of shape \(2,\), 2 names"),
        ([0.5, 0.5], [0, 1], r"shape \(2,\) with 2 class names"),
        ([[0.2, 0.3, 0.5]] * 2, [0, 1], r"shape \(2, 3\) with 2 class names"),
        (np.zeros((0, 2)), [], r"shape \(0, 2\)"),
        ([[0.5, 0.5], [0.5, 0.5]], [0, 2], r"label 2 of 'b.png' is not one of the 2 .* 0 to 1"),
        ([[0.5, 0.5], [0.5, 0.5]], [-1, 0], "label -1 of 'a.png'"),
        ([[0.5, 0.5], [0.5, 0.5]], [0.0, 1.0], "labels of type float64"),
        ([[0.5, 0.5], [0.5, 0.4]], [0, 1], r"'b.png' is \(0.5, 0.4\) and sums to 0.9"),
        ([[0.5, 0.5], [1.5, -0.5]], [0, 1], r"'b.png' is \(1.5, -0.5\)"),
        ([[0.5, math.nan], [0.5, 0.5]], [0, 1], r"'a.png' is \(0.5, nan\)"),
        ([[math.inf, 0.0], [0.5, 0.5]], [0, 1], r"'a.png' is \(inf, 0\)"),
    ],
)
def test_says_what_is_wrong_with_its_input(rows: object, labels: object, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        score(
            np.asarray(rows), np.asarray(labels), classes=["x", "y"], names=NAMES, evaluated="two"
        )


def test_class_names_stand_once() -> None:
    with pytest.raises(SettingError, match="'x' stands twice"):
        score_rows([[0.5, 0.5]], [0], classes=["x", "x"])


def test_the_confusion_matrix_and_the_worst_images_are_printed() -> None:
    rows, labels = drawn(400, 10, 7)
    result = score_rows(rows, labels)
    scores, confusion, worst = str(result).split("\n\n")[1:]
    assert len(scores.splitlines()) == 11
    lines = confusion.splitlines()[2:]
    printed = [[int(cell.replace("-", "0")) for cell in line.split()[2:]] for line in lines]
    assert printed == oracle.confusion_matrix(labels, rows.argmax(axis=1)).tolist()
    assert len(worst.splitlines()) == 12
    first = result.worst[0]
    for said in (first.name, first.truth, first.answer, format_percent(first.probability)):
        assert said in worst.splitlines()[2]


@pytest.mark.parametrize("k", [2, 12, 13, 300])
def test_what_is_printed_fits_a_terminal_however_long_the_names(k: int) -> None:
    rows, labels = drawn(600, k, 3)
    classes = [f"{'a very long name ' * 9}{i}\n" for i in range(k)]
    names = [f"{'photos of summer/' * 9}{i}.png" for i in range(600)]
    text = str(score(rows, labels, classes=classes, names=names, evaluated="drawn"))
    shown = "\n\n".join(text.split("\n\n")[:4])  # without the notes
    assert max(map(len, shown.splitlines())) <= 100
    assert ("confused pairs" in text) == (k > 12)


def test_a_notebook_shows_confusion_and_worst_images_too() -> None:
    rows, labels = drawn(30, 3, 0)
    found = score_rows(rows, labels)
    page = found._repr_html_()
    assert page.count("<table>") == 2  # classes and worst images, without pixels
    assert 'alt="the confusion matrix"' in page
    pixels = tuple(np.zeros((8, 8, 1), np.uint8) for _ in range(3))
    page = replace(found, pictures=pixels)._repr_html_()
    assert (page.count("<table>"), page.count("<figure")) == (1, 3)
    assert replace(found, pictures=pixels) == found
    assert "pictures" not in found.as_json()


def test_few_right_images_are_said_to_be_right() -> None:
    result = score_rows(np.eye(3) * 0.7 + 0.1, [0, 1, 2])
    assert "0 wrong, 3 right but least sure" in str(result)


def test_a_thousand_classes_blow_up_neither_the_screen_nor_the_json() -> None:
    rows, labels = drawn(400, 1000, 0)
    labels = labels % 10  # images of ten of them, as a sample of ImageNet has
    result = score_rows(rows, labels)
    said = str(result)
    assert len(said.splitlines()) < 60
    assert "the 10 classes that have images here, lowest F1 first" in said
    assert {each.name for each in result.weakest()} == set(result.classes[:10])
    values = json.loads(json.dumps(result.as_json()))
    assert len(json.dumps(values)) < 250_000
    assert values["confusion"] is None
    wrong = sum(pair["n"] for pair in values["confused"])
    assert wrong == round(result.classification_error * 400)
    assert (values["top5_low"], values["top5_high"]) == (result.top5_low, result.top5_high)


def test_of_equal_probabilities_the_first_columns_are_the_first_five() -> None:
    rows = np.full((10, 10), 0.1)
    assert score_rows(rows, np.arange(10)).top5 == 0.5


def test_a_frame_holds_the_classes_the_images_or_the_confusion() -> None:
    result = score_rows(NN1, [0, 1, 0])
    classes = result.to_pandas()
    assert classes["name"].tolist() == list(result.classes)
    assert classes["recall"].tolist() == [score.recall for score in result.per_class]
    images = result.to_pandas("images")
    assert len(images) == result.n == len(result.images)
    assert (images["truth"] == images["answer"]).mean() == result.accuracy
    assert images["index"].tolist() == list(range(result.n))
    confusion = result.to_pandas("confusion")
    assert tuple(map(tuple, confusion.to_numpy().tolist())) == result.confusion
    assert confusion.index.tolist() == confusion.columns.tolist() == list(result.classes)
    with pytest.raises(SettingError, match="there is no table 'clases'"):
        result.to_pandas("clases")


def test_the_worst_images_are_among_all_and_all_stay_out_of_json() -> None:
    result = score_rows(NN1, [0, 1, 0])
    assert set(result.worst) <= set(result.images)
    assert "images" not in result.as_json()
    assert "EvaluatedImage" not in repr(replace(result, worst=()))


def test_the_plot_stands_in_the_axes_given_or_in_a_figure_of_its_own() -> None:
    result = score_rows(NN1, [0, 1, 0])
    own = Figure().add_subplot()
    assert result.plot(own) is own
    assert len(own.images) == 1
    axes = result.plot()
    assert axes.figure is not own.figure
    assert axes.get_title(loc="left") == result.headline()
    with pytest.raises(SettingError, match="no plot 'roc'"):
        result.plot(kind="roc")
