"""How many answers a person gives until the head is worth as much as one of all labels.

Photographs whose labels are known are labelled by a simulated person, who sees what `striate label`
shows and answers truly, or errs in a share of all answers. Beside it: the same number of images
labelled one by one in random order. The head is evaluated on images that are not in the folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from benchmarks.harness import Report, look, parser, publish, read, within
from striate.data import find, format_count, survey
from striate.doctor.labelling.answers import Answer
from striate.doctor.labelling.folder_images import FolderImages, compute_images
from striate.doctor.labelling.question import Question
from striate.doctor.labelling.session import Session
from striate.features.head import fit_head
from striate.terminal.tables import Table
from striate.terminal.units import format_percent

DATA: Final = "hymenoptera"
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


@dataclass(frozen=True)
class Run:
    """A folder labelled twice: as asked, and in random order.

    Attributes:
        asked: accuracy after each step, as asked.
        at_random: likewise, in random order.
        full: accuracy of a head of all labels.
        ending: how it ended by itself; None where it did not.
    """

    asked: tuple[float, ...]
    at_random: tuple[float, ...]
    full: float
    ending: Ending | None


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
) -> Run:
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
    full = learn(images.features, names, *others)
    return Run(tuple(asked), tuple(at_random), full, ending)


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
    """Label again and again, and write what it took."""
    made = parser((__doc__ or "").splitlines()[0], rounds=40)
    made.add_argument("--data", default=DATA, help="a folder of --shared/data")
    made.add_argument("--images", type=int, default=200, help="in the folder; the rest evaluates")
    made.add_argument("--errs", type=float, default=0.0, help="share of answers that are wrong")
    made.add_argument("--pretrained", default="efficientnet_lite0", help="the backbone")
    chosen = read(made)
    machine = look()
    collection = find(chosen.shared / "data" / chosen.data)
    every = compute_images(collection, survey(collection), pretrained=chosen.pretrained)
    place = {name: index for index, name in enumerate(collection.names)}
    truth = np.array([collection.classes[collection.labels[place[name]]] for name in every.names])
    runs: list[Run] = []
    for seed in within(chosen.rounds, chosen.until):
        order = np.random.default_rng(1000 + seed).permutation(len(truth))
        mine = np.sort(order[: chosen.images])
        rest = np.sort(order[chosen.images :])
        rest = rest[~np.isin(every.groups[rest], every.groups[mine])]  # no copies on both sides
        images = every.only(mine)
        others = every.features[rest], truth[rest]
        runs.append(follow(images, truth[mine], others, errs=chosen.errs, seed=seed))
        print(f"run {seed + 1}: {runs[-1].ending}", flush=True)
    errs = f"errs in {format_percent(chosen.errs)} of all answers" if chosen.errs else "never errs"
    usual = {"data": DATA, "images": 200, "errs": 0.0}
    given = {name: getattr(chosen, name) for name in usual if getattr(chosen, name) != usual[name]}
    flags = " ".join(f"--{name} {value}" for name, value in given.items())
    publish(
        Report(
            name="-".join(["labelling", *map(str, given.values())]),
            title="Labelling by clusters",
            command="make bench-labelling" + (f' BENCH_FLAGS="{flags}"' if flags else ""),
            method=(
                f"{chosen.images} images of {chosen.data}, drawn anew in "
                f"{format_count(len(runs), 'run')}, are labelled by a simulated person, who "
                f"strikes up to {STRUCK} odd images out of a cluster, calls it mixed where there "
                f"are more, and {errs}; an answer is a key or a click. Backbone "
                f"{chosen.pretrained}. The head is evaluated on all other images of the set. In "
                "random order: the same number of images, labelled one by one."
            ),
            tables=(tabulate(runs),),
            findings=(find_ending(runs),),
            machine=machine,
            raw={"steps": STEPS, "runs": [asdict(run) for run in runs]},
        ),
        chosen.out,
    )


def tabulate(runs: Sequence[Run]) -> Table:
    """Show the mean accuracy of both orders after each step; * once as good as all labels."""
    goal = float(np.mean([run.full for run in runs])) - NEAR
    sides = np.array([(run.asked, run.at_random) for run in runs]).mean(0)
    rows = tuple(
        (
            f"{step}",
            *(f"{format_percent(float(one))}{' *' if one >= goal else ''}" for one in means),
        )
        for step, *means in zip(STEPS, *sides, strict=False)
    )
    header = ("answers", "as asked", "in random order")
    caption = f"accuracy; with all labels {format_percent(goal + NEAR)}, * within a point of it"
    return Table(header, rows, frozenset(header), caption)


def find_ending(runs: Sequence[Run]) -> str:
    """Say when runs ended by themselves, and whether what the page said of the head held."""
    ends = [run.ending for run in runs if run.ending is not None]
    if not ends:
        return f"None of {format_count(len(runs), 'run')} ended by itself."
    held = sum(each.low <= each.accuracy <= each.high for each in ends)
    said = float(np.mean([each.right / each.n for each in ends]))
    return (
        f"{len(ends)} of {format_count(len(runs), 'run')} ended by themselves, after "
        f"{np.mean([each.answers for each in ends]):.0f} answers on average, with "
        f"{format_percent(float(np.mean([each.accuracy for each in ends])))} correct; the page "
        f"said {format_percent(said)}, and its interval held in {held} of {len(ends)}."
    )


if __name__ == "__main__":
    main()
