"""The line of a map's value, beside where the value lies."""

from __future__ import annotations

import re

import numpy as np

from striate.render.contour_path import contour_path


def test_a_line_goes_round_what_is_higher_and_to_the_edge_of_the_map() -> None:
    rows, columns = np.mgrid[0:40, 0:40] + 0.5
    away = np.hypot(rows - 20, columns - 10)
    path = contour_path(-away, -8.0)
    points = np.array([each.split() for each in re.split("[ML]", path)[1:]], float)
    assert np.abs(np.hypot(points[:, 0] - 10, points[:, 1] - 20) - 8).max() < 0.05
    open_one = contour_path(-away, -15.0)  # cut by the left edge
    points = np.array([each.split() for each in re.split("[ML]", open_one)[1:]], float)
    assert points[:, 0].min() == 0 and (points[:, 0] == 0).sum() == 2


def test_a_value_that_a_map_has_nowhere_has_no_line() -> None:
    assert contour_path(np.ones((5, 5)), 0.5) == ""
    assert contour_path(np.zeros((1, 5)), 0.0) == ""
