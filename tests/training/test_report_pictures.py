"""Which images a report shows, and that its CSV and its numbers are those of the answers."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest
from made_facts import evaluation, photos

from striate.errors import RunError
from striate.evaluation.answers_file import read_answers, write_answers
from striate.evaluation.metrics import EvaluatedImage
from striate.training.report.confidence import accept_above, count_by_probability
from striate.training.report.pictures import choose_for_cells, choose_worst
from striate.training.report.view import View


def test_wrong_ones_come_first_and_leave_room_for_the_unsure() -> None:
    result, _ = evaluation(["a", "b", "c", "d"], 200, wrong=60, evaluated="these")
    chosen = choose_worst(result)
    wrong = [one for one in chosen if not one.correct]
    right = [one for one in chosen if one.correct]
    assert [*wrong, *right] == list(chosen)
    assert (len(wrong), len(right)) == (16, 8)
    every = sorted(one.truth_probability for one in result.images if not one.correct)
    assert [one.truth_probability for one in wrong] == every[:16]
    surest = min(one.probability for one in result.images if one.correct and one not in right)
    assert max(one.probability for one in right) <= surest
    few, _ = evaluation([f"c{k}" for k in range(10)], 50, wrong=3, evaluated="these")
    assert [one.correct for one in choose_worst(few)] == [False] * 3 + [True] * 21


def test_cells_without_an_image_get_one_the_fullest_first() -> None:
    result, _ = evaluation([f"c{k}" for k in range(12)], 600, wrong=150, evaluated="these")
    shown = choose_worst(result)
    more = choose_for_cells(result, shown)
    assert len(more) == 12
    cells = [(one.truth, one.answer) for one in more]
    assert len({*cells, *((one.truth, one.answer) for one in shown)} - {*cells}) + 12 == len(
        {(one.truth, one.answer) for one in (*shown, *more)}
    )
    sizes = [next(p.n for p in result.confused if (p.truth, p.answer) == cell) for cell in cells]
    assert sizes == sorted(sizes, reverse=True)


def test_answers_come_back_from_their_file_and_stand_in_the_page(tmp_path: Path) -> None:
    result, _ = evaluation([f"c{k}" for k in range(10)], 76, wrong=21, evaluated="these")
    path = tmp_path / "answers.csv"
    write_answers(path, result.images)
    assert read_answers(path) == result.images
    assert read_answers(tmp_path / "none.csv") == ()
    count, address = View(replace(photos(), evaluation=result)).answers
    rows = base64.b64decode(address.partition(",")[2]).decode().splitlines()[1:]
    assert count == len(rows) == 76
    assert [row.split(",")[1] == row.split(",")[2] for row in rows] == [False] * 21 + [True] * 55
    path.write_text("image,class\na,b\n", encoding="utf-8")
    with pytest.raises(RunError, match="its columns are image,class, not image,class,answer"):
        read_answers(path)


def test_bars_and_thresholds_count_every_answer_once() -> None:
    def one(probability: float, answer: str) -> EvaluatedImage:
        return EvaluatedImage("x", "a", answer, probability, 0.1, 0)

    images = [one(1.0, "a"), one(0.9, "b"), one(0.89, "a"), one(0.5, "b")]
    bars = count_by_probability(images)
    assert [(bar.low, bar.right, bar.wrong) for bar in bars if bar.right or bar.wrong] == [
        (50, 0, 1),
        (80, 1, 0),
        (90, 1, 1),
    ]
    rows = {row.above: (row.n, row.wrong) for row in accept_above(images)}
    assert rows[0.5] == (4, 2)
    assert rows[0.9] == (2, 1)
    assert rows[0.99] == (1, 0)
