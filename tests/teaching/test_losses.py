"""Losses of tables of probabilities: scipy's and torch's numbers, and when they disagree."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import entropy
from shell import striate

from striate.errors import SettingError
from striate.teaching.losses import (
    ProbabilityTable,
    TableLosses,
    compare_losses,
    parse_table,
    read_tables,
)

# The worked example of two networks on three images of a dog, a cat and a dog.
NN1 = "dog,cat,is dog,is cat\n0.9,0.1,1,0\n0.1,0.9,0,1\n0.4,0.6,1,0\n"
NN2 = "dog,cat,is dog,is cat\n0.6,0.4,1,0\n0.3,0.7,0,1\n0.1,0.9,1,0\n"


def means(found: TableLosses) -> tuple[str, float, float]:
    return found.fraction, round(found.squared_error, 2), round(found.cross_entropy, 2)


def test_the_two_networks_have_the_numbers_of_the_reference(tmp_path: Path) -> None:
    (tmp_path / "nn1.csv").write_text(NN1, "utf-8")
    (tmp_path / "nn2.csv").write_text(NN2, "utf-8")
    found = json.loads(striate("loss", "nn1.csv", "nn2.csv", "--json", cwd=tmp_path).stdout)
    one, two = found["tables"]
    assert [round(t["squared_error"], 2) for t in (one, two)] == [0.25, 0.71]
    assert [round(t["cross_entropy"], 2) for t in (one, two)] == [0.38, 1.06]
    assert [t["classification_error"] for t in (one, two)] == [1 / 3, 1 / 3]
    assert one["cross_entropy_bits"] == pytest.approx(one["cross_entropy"] / math.log(2))
    assert found["better"] == {
        "classification error": "",
        "mean squared error": "nn1.csv",
        "cross-entropy": "nn1.csv",
    }
    assert found["disagree"]
    said = striate("loss", "nn1.csv", "nn2.csv", cwd=tmp_path).stdout
    assert "1/3 = 0.3333  1/3 = 0.3333" in said
    assert "nn1.csv, cross-entropy: (0.1054 + 0.1054 + 0.9163)/3 = 0.3757" in said
    assert "They disagree: classification error sees no difference" in said
    assert max(map(len, said.split("\n"))) <= 80


def test_every_mean_is_scipy_s_and_torch_s() -> None:
    random = np.random.default_rng(0)
    y, t = random.dirichlet(np.ones(4), size=30), random.dirichlet(np.ones(4), size=30)
    (found,) = compare_losses(ProbabilityTable.of(y.tolist(), t.tolist())).tables
    assert found.entropy == pytest.approx(entropy(y, axis=1).mean())
    assert found.target_entropy == pytest.approx(entropy(t, axis=1).mean())
    assert found.divergence == pytest.approx(entropy(t, y, axis=1).mean())
    assert found.cross_entropy == pytest.approx(found.target_entropy + found.divergence)
    labels = random.integers(0, 4, size=30)
    (found,) = compare_losses(ProbabilityTable.of(y.tolist(), labels.tolist())).tables
    wanted = torch.nn.functional.nll_loss(torch.from_numpy(np.log(y)), torch.from_numpy(labels))
    assert found.cross_entropy == pytest.approx(float(wanted))
    assert found.divergence == pytest.approx(found.cross_entropy)
    assert found.classification_error == pytest.approx((y.argmax(1) != labels).mean())
    assert found.squared_error == pytest.approx(((y - np.eye(4)[labels]) ** 2).sum(1).mean())


@pytest.mark.parametrize(
    "text",
    [
        "0.9,0.1,1,0\n0.4,0.6,1,0",
        "0.9,0.1,0\n0.4,0.6,0",
        "dog,cat,truth\n0.9,0.1,dog\n0.4,0.6,dog",
        "file;dog;cat;truth\na.jpg;0.9;0.1;dog\nb.jpg;0.4;0.6;dog",
        "\ufeffp,t\n0.1,0\n0.6,0\n",
    ],
)
def test_targets_may_be_numbers_names_or_columns(text: str) -> None:
    table = parse_table(text, "t.csv")
    np.testing.assert_allclose(table.probabilities, [[0.9, 0.1], [0.4, 0.6]])
    assert table.targets is not None
    assert table.targets.tolist() == [[1, 0], [1, 0]]


def test_targets_may_stand_in_a_table_of_their_own() -> None:
    one, two = read_tables([("a", "0.9,0.1"), ("b", "0.6,0.4"), ("truth", "1,0")])
    assert means(compare_losses(one, two).tables[1]) == ("0/1", 0.32, 0.51)
    assert compare_losses(*read_tables([("a", "0.9,0.1"), ("truth", "1,0")])).better == {}


def test_losses_that_name_different_tables_say_why() -> None:
    # fewer errors, but one sure mistake
    first = ProbabilityTable.of([[0.6, 0.4], [0.6, 0.4], [0.999, 0.001]], [0, 0, 1], name="A")
    second = ProbabilityTable.of([[0.49, 0.51], [0.49, 0.51], [0.3, 0.7]], [0, 0, 1], name="B")
    found = compare_losses(first, second)
    assert found.better == {
        "classification error": "A",
        "mean squared error": "B",
        "cross-entropy": "B",
    }
    assert "A has fewer wrong answers" in " ".join(found.words)
    split = compare_losses(
        ProbabilityTable.of([[0.001, 0.999], [0.9, 0.1]], [0, 0], name="A"),
        ProbabilityTable.of([[0.02, 0.98], [0.6, 0.4]], [0, 0], name="B"),
    )
    assert set(split.better.values()) == {"", "A", "B"}
    assert "without bound (row 1: the truth got 0.001" in " ".join(split.words)
    same = compare_losses(first, first)
    assert not same.disagree and same.words == ("They agree: no difference by all three.",)


def test_one_table_can_disagree_within_itself() -> None:
    table = ProbabilityTable.of([[0.4, 0.35, 0.25], [0.45, 0.55, 0.0]], [0, 0])
    (said, _) = compare_losses(table).words
    assert "row 1 is right and row 2 wrong, yet by cross-entropy 1 costs more" in said


def test_a_truth_that_was_given_nothing_costs_infinitely_much() -> None:
    found = compare_losses(ProbabilityTable.of([[0.0, 1.0]], [0]))
    assert found.tables[0].cross_entropy == math.inf
    assert "infinite" in found.as_text()
    assert json.loads(json.dumps(found.as_json()))["tables"][0]["cross_entropy"] is None


def test_many_rows_are_shown_by_the_most_telling() -> None:
    random = np.random.default_rng(1)
    table = ProbabilityTable.of(random.dirichlet(np.ones(3), 50).tolist(), [0] * 50)
    text = compare_losses(table).as_text()
    assert "12 of 50 rows, the most telling" in text
    assert len(text.split("\n")) < 40


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["0.9,0.2,1,0"], "line 1 of '0.csv' sums to 1.1; expected rows of probabilities"),
        (["0.9,0.1"], "'0.csv' holds probabilities but no targets; expected rows"),
        ([""], "'0.csv' is empty; expected rows"),
        (["0.9,0.1,1,0\n0.9,0.1"], "line 2 of '0.csv' has 2 columns, but line 1 has 4"),
        (["dog,cat,truth\n0.9,0.1,cow"], "line 2 of '0.csv' says 'cow'; expected one of the col"),
        (["0.9,0.1,dog"], "names the true class (dog), but not its columns; put a first line"),
        (["dog,cat,truth\n0.9,x,dog"], "line 2, number 2 of '0.csv' is 'x'; expected a prob"),
        (["dog,cat,truth\n1.9,-0.9,dog"], "line 2 of '0.csv' holds 1.9 among its probabilities"),
        (["0.9,0.1,1,0", "0.9,0.1,0,1"], "the targets of '1.csv' are not those of '0.csv'"),
        (["0.9,0.1,1,0", "0.9,0.1,1,0\n0.9,0.1,1,0"], "has 1 row of 2 classes and '1.csv' 2 rows"),
        (["0.9,0.1", "1,0\n0,1"], "'0.csv' holds 1 row of 2 classes without targets"),
        (["0.9,0.1,1,0"] * 3, "3 tables are given; expected one or two"),
        (["1,2,3"], "line 1 of '0.csv' sums to 6"),
    ],
)
def test_a_mistake_is_one_clear_line(tmp_path: Path, texts: list[str], said: str) -> None:
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.csv").write_text(text, "utf-8")
    names = [f"{number}.csv" for number in range(len(texts))]
    done = striate("loss", *names, cwd=tmp_path, code=2)
    assert said in done.stderr and done.stderr.count("\n") == 1


def test_a_file_that_is_not_there_and_tables_in_memory_that_do_not_fit(tmp_path: Path) -> None:
    done = striate("loss", "none.csv", cwd=tmp_path, code=2)
    assert done.stderr == "striate: 'none.csv' cannot be read: No such file or directory\n"
    for probabilities, targets, said in (
        ([[0.5, 0.6]], [0], "sum to 1.1; expected 1"),
        ([[0.5, 0.5]], [[1.0, 0.0], [0.0, 1.0]], "targets of (2, 2)"),
        ([[0.5, 0.5]], [2], "expected 0 to 1"),
    ):
        with pytest.raises(SettingError) as error:
            ProbabilityTable.of(probabilities, targets)
        assert said in str(error.value)
