"""The page of a path: complete in itself, every number on it, words explained."""

from __future__ import annotations

import re

import numpy as np
import pytest
from explained_words import unexplained

import striate as st

SMILE = "0000000/0100010/0000000/0001000/0100010/0011100/0000000"
NETWORKS = {
    "smile": "maxpool 2 ceil=yes > flatten > fc 2 > softmax",
    "branches": "cat(conv 1x1 2 > relu | identity) > bn > gap > flatten > dropout 0.5 > fc 2",
    "sigmoid": "flatten > fc 3 > sigmoid > fc 1 > sigmoid",
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_page_is_whole_and_explains_its_words(name: str) -> None:
    start = st.convolve(SMILE, "0 0 1; 1 0 0; 0 1 1").relu()
    path = st.teaching.work_through(start, NETWORKS[name], classes=("a", "b<"), label="b<")
    page = path.as_page(command="striate convolve")
    assert unexplained(page) == []
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)[^\"]*\"", page)
    assert "<script" not in page and "b<" not in page and "b&lt;" in page
    headings = re.findall(r"<h2 id=\"(\w+)-heading\"", page)
    assert headings == ["image", "forward", "loss", "back", "learn", "matrix", "loops", "again"]
    for step in path.steps[1:]:
        assert f'id="step-{step.address}"' in page
    for parameter in path.parameters:
        assert f"∂L/∂{parameter}" in page or "running" in parameter
    assert path.loss is not None
    assert f"<b>{path.loss.value:.6g}" in page


def test_the_numbers_of_the_smile_stand_in_their_places() -> None:
    path = st.teaching.work_through(
        st.convolve(SMILE, "0 0 1; 1 0 0; 0 1 1"), NETWORKS["smile"], label="1"
    )
    page = path.as_page()
    (table,) = re.findall(
        r'<table class="cells tight" aria-label="conv1">(.*?)</table>', page, re.S
    )[:1]
    rows = [re.findall(r">(\d)</td>", row) for row in table.split("</tr>")[:5]]
    assert ["".join(row) for row in rows] == ["01000", "01110", "10021", "14210", "00121"]
    assert "conv1[0, 3, 1] = 0×0 + 0×0 + 1×1 + 1×1 + 0×0 + 0×0 + 0×0 + 1×1 + 1×1 = 4" in page
    assert "max(1, 0, 1, 4) = 4" in page
    # the sparse matrix: a square for each of its 225 weights
    assert page.count('class="none" style') + page.count('class="up" style') >= 225
    assert "How to repeat it" not in page


def test_without_a_label_the_page_ends_with_the_answer() -> None:
    page = st.teaching.work_through("123/456", "conv 2x2 1 pad=valid > relu").as_page()
    assert "The loss" not in page and "The loops, and what they cost" in page
    assert unexplained(page) == []


def test_a_large_image_is_told_by_its_range() -> None:
    image = np.random.default_rng(0).integers(0, 256, size=(200, 300, 3))
    path = st.teaching.work_through(
        st.convolve(image, "sobel-x", stride=2), "maxpool 8 > gap > flatten > fc 2", label="0"
    )
    page = path.as_page()
    assert "too many to be shown" in page and len(page) < 300_000
