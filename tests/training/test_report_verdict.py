"""What a run is said to be worth, and what is said to do next."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_facts import digits, photos

from striate.doctor import KINDS, FoundImage, ImageFinding
from striate.evaluation.metrics import Evaluation, score
from striate.training.health import Finding
from striate.training.report import Facts
from striate.training.report.verdict import find_cure, reach_verdict

TOO_HIGH = Finding(
    "learning rate", "steps are large", "train with a lower one, such as --learning-rate 0.003", 1
)


def evaluated(rows: np.ndarray, labels: list[int]) -> Evaluation:
    classes = [f"class {k}" for k in range(rows.shape[1])]
    names = [f"{i}.png" for i in range(len(labels))]
    return score(rows, labels, classes=classes, names=names, evaluated="these")


def told(**changes: object) -> Facts:
    return replace(photos(), folder="runs/photos", **changes)  # type: ignore[arg-type]


def test_a_run_that_failed_is_called_so_and_its_cure_is_the_first_command() -> None:
    guessing = evaluated(np.tile([[0.6, 0.4]], (40, 1)), [0, 1] * 20)
    command = "striate train digits --epochs 4 --learning-rate 3.0"
    verdict = reach_verdict(told(evaluation=guessing, findings=[TOO_HIGH], command=command))
    assert verdict.grade == "failed"
    assert "50.0 % correct cannot be told from guessing" in verdict.words
    assert "The learning rate of 3.0 was too high" in verdict.words
    (step,) = verdict.steps
    assert step.command == "striate train digits --epochs 4 --learning-rate 0.003"
    failed = told(evaluation=guessing, findings=[TOO_HIGH], command=command)
    assert find_cure(failed) == step.command and find_cure(told()) == ""


def test_a_run_that_only_guesses_is_to_be_trained_longer_and_its_images_looked_at() -> None:
    guessing = evaluated(np.tile([[0.6, 0.4]], (40, 1)), [0, 1] * 20)
    verdict = reach_verdict(told(evaluation=guessing))
    assert verdict.steps[0].command.endswith("--epochs 192")  # 64 were done
    assert verdict.steps[1].anchor == "data"


def test_classes_that_are_never_found_are_named_with_what_they_had_to_learn_from() -> None:
    rows = np.repeat(np.eye(3)[[0, 1, 0]], 30, axis=0)
    result = evaluated(rows, [0] * 30 + [1] * 30 + [2] * 30)
    counts = {"train": {"class 0": 90, "class 1": 90, "class 2": 7}}
    verdict = reach_verdict(told(evaluation=result, counts=counts))
    assert verdict.grade == "fair"
    assert "1 of 3 classes is never found" in verdict.words
    assert "'class 2'" in verdict.steps[0].words
    assert "(7 to learn from)" in verdict.steps[0].words


def test_what_works_is_used_next_by_commands_that_are_whole() -> None:
    facts = told()
    worst = [replace(facts.worst[0], file="my photos/a b.jpg"), *facts.worst[1:]]
    found = (FoundImage("a.jpg", "ants"),)
    findings = [ImageFinding(next(iter(KINDS)), "seen", found)]
    verdict = reach_verdict(replace(facts, worst=worst, image_findings=findings))
    assert [step.command for step in verdict.steps] == [
        "",
        "striate predict runs/photos new",
        "striate explain runs/photos 'my photos/a b.jpg'",
    ]
    assert verdict.steps[0].anchor == "first"
    unhealthy = reach_verdict(replace(facts, findings=[TOO_HIGH]))
    assert "training was not healthy" in unhealthy.words
    assert "--learning-rate 0.003" in unhealthy.steps[0].command


def test_how_well_it_works_follows_the_lower_end_of_the_interval() -> None:
    good = reach_verdict(replace(digits(), folder="runs/digits"))
    assert good.grade == "good"
    assert "about 1 answer in 60 is wrong" in good.words
    ten = reach_verdict(told(evaluation=evaluated(np.eye(2)[[0, 1] * 5], [0, 1] * 5)))
    assert (ten.grade, ten.words) == ("fair", "It works: no mistake in 10 answers.")
    few = evaluated(np.eye(2)[[0, 1] * 3], [0, 1] * 3)  # all of six: the interval begins at 61 %
    verdict = reach_verdict(told(evaluation=few))
    assert verdict.grade == "fair"
    assert verdict.words == "It may work, but 6 images can hardly tell: no mistake in 6 answers."


@pytest.mark.parametrize(
    ("given", "first", "longer"),
    [
        (
            "striate train photos --network '# a net\nconv 8 > gap > flatten > fc' --epochs 2",
            True,
            "striate train photos --network '# a net\nconv 8 > gap > flatten > fc' --epochs 6",
        ),
        (
            "striate train photos --minutes 1.0\nstriate train --resume RUN --minutes 2",
            True,
            "striate train photos --epochs 6",
        ),
        (
            "striate train photos --patience 3 --epochs 60",  # which ended it, of 60 after 2
            True,
            "striate train photos --patience 9 --epochs 60",
        ),
        ("striate.train('it's', module)  # in Python, its own module", False, ""),
    ],
)
def test_training_longer_is_a_command_whatever_the_run_was(
    given: str, first: bool, longer: str
) -> None:
    wrong = evaluated(np.eye(2)[[1, 1, 0, 0] * 3], [0, 0, 1, 1] * 3)
    facts = told(command=given, evaluation=wrong, epochs=digits().epochs[:2], run={})
    steps = {step.words: step.command for step in reach_verdict(facts).steps}
    assert steps["Train longer:" if first else "Train longer."] == longer


def test_an_accuracy_that_cross_validation_contradicts_is_no_good_verdict() -> None:
    good = evaluated(np.repeat(np.eye(2), 50, axis=0), [0] * 50 + [1] * 50)
    doubt = "100 % of 100 is too good to be believed: 43.4 % of 288. What was evaluated is easier"
    verdict = reach_verdict(told(evaluation=good, notes=["the head: as it is", doubt]))
    assert verdict.grade == "fair" and reach_verdict(told(evaluation=good)).grade == "good"
    assert "But 100 % of 100 is too good to be believed: 43.4 % of 288." in verdict.words
