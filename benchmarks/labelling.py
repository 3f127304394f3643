"""How many answers a person gives until the head is worth as much as one of all labels.

Photographs whose labels are known are labelled by a simulated person, who sees what `striate label`
shows and answers truly, or errs in a share of all answers. Beside it: the same number of images
labelled one by one in random order. The head is evaluated on images that are not in the folder.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.harness.options import DATA
from striate.data import find, survey
from striate.doctor.labelling.answers import Answer
from striate.doctor.labelling.folder_images import FolderImages, compute_images
from striate.doctor.labelling.question import Question
from striate.doctor.labelling.session import Session
from striate.features.head import fit_head
from striate.terminal.units import format_percent

STEPS: Final = (10, 20, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250, 300, 400)
STRUCK: Final = 3  # images of a cluster that are struck out; with more it is called mixed
NEAR: Final = 0.01  # below the accuracy of a head of all labels


@dataclass(frozen=True)
class Ending:
    """A run as it ended by itself.

    Attributes:
        answers: keys and clicks.
        accuracy: on the images that are not in the folder.
        right: of the drawn images, as the page says.
        n: drawn images.
        low: of the interval.
        high: of the interval.
    """

    answers: int
    accuracy: float
    right: int
    n: int
    low: float
    high: float


class Person:
    """Answers as the labels say, and errs now and then.

    Args:
        names: the true class of each image.
        errs: share of answers that are wrong.
        seed: of the errors.
    """

    def __init__(self, names: np.ndarray, *, errs: float, seed: int) -> None:
        self._names, self._errs = names, errs
        self._classes = np.unique(names)
        self._numbers = np.random.default_rng(seed)

    def answer(self, question: Question, hashes: tuple[str, ...]) -> tuple[Answer, int]:
        """Return the answer, and how many keys and clicks it takes."""
        shown = list(question.shown)
        if question.kind == "image":
            name = self._err(str(self._names[shown[0]]))
            return Answer("image", (hashes[shown[0]],), name, question.drawn), 1
        classes, counts = np.unique(self._names[shown], return_counts=True)
        most = classes[counts.argmax()]
        odd = [each for each in shown if self._names[each] != most]
        if len(odd) > STRUCK:
            return Answer("mixed", tuple(hashes[each] for each in shown)), 1
        left = tuple(hashes[each] for each in question.images if each not in odd)
        return Answer("cluster", left, self._err(str(most)), False, len(question.images)), 1 + len(
            odd
        )

    def _err(self, name: str) -> str:
        if self._numbers.random() >= self._errs:
            return name
        return str(self._numbers.choice(self._classes[self._classes != name]))


def label_by_clusters(
    images: FolderImages, names: np.ndarray, *, errs: float, seed: int
) -> Iterator[tuple[int, Session]]:
    """Answer what is asked, and give the session after each answer with the keys so far."""
    person, session, keys = Person(names, errs=errs, seed=seed), Session(images, [], seed=seed), 0
    while (question := session.question()).kind != "done":
        answer, pressed = person.answer(question, images.hashes)
        session.answers.append(answer)
        keys += pressed
        yield keys, session


def learn(features: np.ndarray, names: np.ndarray, new: np.ndarray, truth: np.ndarray) -> float:
    """Return the accuracy on other images of a head that learns from some; 0 of one class alone."""
    classes, labels = np.unique(names, return_inverse=True)
    if len(classes) < 2:
        return 0.0
    head = fit_head(features[:, None], labels, classes=len(classes))
    return float((classes[(new @ head.weight.T + head.bias).argmax(1)] == truth).mean())


def follow(
    images: FolderImages,
    names: np.ndarray,
    others: tuple[np.ndarray, np.ndarray],
    *,
    errs: float,
    seed: int,
) -> tuple[list[float], list[float], Ending | None]:
    """Return the accuracy after each step, by clusters and at random, and how it ended."""
    steps = [step for step in STEPS if step <= len(names)]
    asked: list[float] = []
    ending: Ending | None = None
    for keys, session in label_by_clusters(images, names, errs=errs, seed=seed):
        while len(asked) < len(steps) and keys >= steps[len(asked)]:
            asked.append(_score(images, session, others))
        if ending is None:
            ending = _end(images, session, others, keys)
        if ending is not None and len(asked) == len(steps):
            break
    asked += [asked[-1]] * (len(steps) - len(asked))
    person = Person(names, errs=errs, seed=seed + 1)
    order = np.random.default_rng(seed).permutation(len(names))
    told = np.array([person._err(str(names[index])) for index in order])
    at_random = [learn(images.features[order[:s]], told[:s], *others) for s in steps]
    return asked, at_random, ending


def _end(
    images: FolderImages, session: Session, others: tuple[np.ndarray, np.ndarray], keys: int
) -> Ending | None:
    """Return how a session ends; None where it does not yet."""
    done = session.question().kind == "done"
    if not done and len(session.answers) % 5:  # a head is fitted for each
        return None
    standing = session.standing()
    if not standing.stands or standing.accuracy is None:
        return None
    low, high = standing.accuracy.interval
    right, n = standing.accuracy.right, standing.accuracy.n
    return Ending(keys, _score(images, session, others), right, n, low, high)


def _score(images: FolderImages, session: Session, others: tuple[np.ndarray, np.ndarray]) -> float:
    labels = session.labels()
    indices = np.array(sorted(labels), np.int64)
    return learn(
        images.features[indices], np.array([labels[i].name for i in indices.tolist()]), *others
    )


def main() -> None:
    """Run it, and print the table and every run as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="hymenoptera")
    parser.add_argument("--shared", type=Path, default=DATA, help="has data/NAME")
    parser.add_argument("--quick", action="store_true", help="one run")
    parser.add_argument("--images", type=int, default=200, help="in the folder; the rest evaluates")
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--errs", type=float, default=0.0)
    parser.add_argument("--pretrained", default="efficientnet_lite0")
    given = parser.parse_args()
    collection = find(given.shared / "data" / given.data)
    every = compute_images(collection, survey(collection), pretrained=given.pretrained)
    place = {name: index for index, name in enumerate(collection.names)}
    truth = np.array([collection.classes[collection.labels[place[name]]] for name in every.names])
    runs, full = [], []
    for seed in range(1 if given.quick else given.runs):
        order = np.random.default_rng(1000 + seed).permutation(len(truth))
        mine = np.sort(order[: given.images])
        rest = np.sort(order[given.images :])
        rest = rest[~np.isin(every.groups[rest], every.groups[mine])]  # no copies on both sides
        images = every.only(mine)
        others = every.features[rest], truth[rest]
        full.append(learn(images.features, truth[mine], *others))
        runs.append(follow(images, truth[mine], others, errs=given.errs, seed=seed))
        print(f"run {seed + 1}: {runs[-1][2]}", file=sys.stderr, flush=True)
    asked, at_random = (np.array([run[side] for run in runs]).mean(0) for side in (0, 1))
    goal = float(np.mean(full)) - NEAR
    print(f"{given.data}: {given.images} images, {len(runs)} runs, errs {given.errs}")
    print(f"all labels: {format_percent(float(np.mean(full)))}")
    for step, one, other in zip(STEPS, asked, at_random, strict=False):
        marks = ["*" if value >= goal else " " for value in (one, other)]
        print(f"{step:5} {one:7.3f}{marks[0]} {other:7.3f}{marks[1]}")
    ends = [run[2] for run in runs if run[2] is not None]
    held = [each.low <= each.accuracy <= each.high for each in ends]
    print(f"stood in {len(ends)} of {len(runs)} runs, covered in {sum(held)}")
    if ends:
        told = [each.right / each.n for each in ends]
        print(
            f"after {np.mean([each.answers for each in ends]):.0f} answers, "
            f"{np.mean([each.accuracy for each in ends]):.3f}; said {np.mean(told):.3f}"
        )
    print(json.dumps([None if run[2] is None else vars(run[2]) for run in runs]))


if __name__ == "__main__":
    main()
