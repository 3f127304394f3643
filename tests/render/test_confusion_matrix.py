"""The drawn confusion matrix says what the numbers say, in the caller's axes or in its own."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from striate.render.confusion_matrix import MOST_COUNTS, compute_matrix_size, draw_confusion_matrix
from striate.render.plot_axes import open_axes


def counts_of(axes: mpl.axes.Axes) -> dict[tuple[int, int], str]:
    return {
        (int(text.get_position()[1]), int(text.get_position()[0])): text.get_text()
        for text in axes.texts
    }


def test_each_count_stands_in_its_row_and_column_and_shades_it_by_the_row() -> None:
    axes = Figure().add_subplot()
    draw_confusion_matrix(axes, [[3, 1], [0, 2_000]], ["cat", "dog"], title="both")
    assert counts_of(axes) == {(0, 0): "3", (0, 1): "1", (1, 1): "2,000"}
    assert np.asarray(axes.images[0].get_array()).tolist() == [[0.75, 0.25], [0.0, 1.0]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cat", "dog"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")
    assert axes.get_title(loc="left") == "both"


def test_a_class_without_images_has_an_empty_row() -> None:
    axes = Figure().add_subplot()
    draw_confusion_matrix(axes, [[0, 0], [1, 1]], ["none", "some"])
    assert np.asarray(axes.images[0].get_array())[0].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("n", [MOST_COUNTS, MOST_COUNTS + 1, 300])
def test_many_classes_lose_their_numbers_and_then_some_names(n: int) -> None:
    names = [f"$class_{number}$ with a very long name" for number in range(n)]
    with open_axes(
        None, width=compute_matrix_size(names)[0], height=compute_matrix_size(names)[1]
    ) as axes:
        draw_confusion_matrix(axes, np.eye(n, dtype=int), names)
    assert len(axes.texts) == (n if n <= MOST_COUNTS else 0)
    assert len(axes.get_xticklabels()) == len(range(0, n, 5 if n == 300 else 1))
    axes.figure.canvas.draw()  # a lone dollar would be read as the beginning of a formula


def test_axes_that_are_given_keep_the_callers_settings_and_none_are_left_behind() -> None:
    before = dict(mpl.rcParams)
    own = Figure().add_subplot()
    with open_axes(own, width=1, height=1) as axes:
        assert axes is own
    with open_axes(None, width=2, height=1) as axes:
        draw_confusion_matrix(axes, [[1]], ["one"])
    assert axes.get_figure(root=True).get_size_inches().tolist() == [2, 1]  # type: ignore[union-attr]
    assert dict(mpl.rcParams) == before
    import matplotlib.pyplot as plt

    assert plt.get_fignums() == []
