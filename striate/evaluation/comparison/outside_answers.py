"""Answers that another tool or a person gave, read from a list, to be set beside a classifier's."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from unicodedata import normalize

from striate.data import Collection, format_count
from striate.data.collection import quote_few
from striate.data.sources.list_columns import LABELS, PATHS
from striate.data.sources.tables import Table, read_table
from striate.errors import DataError, SettingError
from striate.files.home import expand_home

ANSWERS: Final = (
    "answer", "prediction", "predicted", "predicted_class", "predicted_label", "response",
    *LABELS,
)  # fmt: skip
PROBABILITIES: Final = ("probability", "confidence", "score", "prob", "p")
WRONG: Final = ""  # what an answer is renamed to that means none of the classes


@dataclass(frozen=True)
class OutsideAnswer:
    """One row of a list of answers.

    Attributes:
        place: which row, for messages: "line 3".
        path: of the image, or its name.
        answer: as it stands there.
        probability: of it, 0 to 1; None where the list has none.
    """

    place: str
    path: str
    answer: str
    probability: float | None = None


@dataclass(frozen=True)
class MatchedAnswers:
    """The answers of a list to the images of a data set.

    Attributes:
        name: what they are called: the list's name.
        file: the list.
        answers: the class answered to each image, by the image's name, as the data calls it; as it
            stands in the list where it was said to be none of the classes.
        probabilities: of these answers; None where the list has none.
        notes: what was left out and matched.
    """

    name: str
    file: str
    answers: Mapping[str, str] = field(repr=False)
    probabilities: Mapping[str, float | None] = field(repr=False)
    notes: tuple[str, ...] = ()


def read_answer_list(path: str | Path) -> tuple[OutsideAnswer, ...]:
    """Read a list of answers: a CSV with image, answer and perhaps probability, or JSON of these.

    A first row that names no columns is a row like the others. Rows without an answer are left out
    here, and counted by `match_answers` as images without one.

    Raises:
        DataError: it cannot be read, lacks a column, or has a probability that is none.
    """
    given = expand_home(path)
    if not given.is_file():
        raise DataError(f"the answers '{path}' cannot be read: there is no such file")
    table = read_table(given)
    words = [cell.lower().strip().replace(" ", "_").replace("-", "_") for cell in table.header]
    image, answer = _find(words, PATHS), _find(words, ANSWERS)
    sure = _find(words, PROBABILITIES)
    rows: list[tuple[str, Sequence[str]]] = list(table.rows)
    if image is None or answer is None:
        _check_columns(table, image, answer, path)
        rows, image, answer = [("line 1", table.header), *rows], 0, 1
        sure = 2 if len(table.header) > 2 else None
    found = []
    for place, row in rows:
        cells = [cell.strip() for cell in row]
        if len(cells) <= max(image, answer):
            raise DataError(f"{place} of '{path}' has {cells!r}; expected an image and an answer")
        if not cells[answer]:
            continue
        told = cells[sure] if sure is not None and sure < len(cells) else ""
        found.append(
            OutsideAnswer(place, cells[image], cells[answer], _read_share(told, place, path))
        )
    if not found:
        raise DataError(f"'{path}' has no answer; expected a row of image,answer an image")
    return tuple(found)


def _find(words: Sequence[str], known: Sequence[str]) -> int | None:
    return next((words.index(word) for word in known if word in words), None)


def _check_columns(table: Table, image: int | None, answer: int | None, path: str | Path) -> None:
    """Refuse a header that names one of the two columns alone, or that is none."""
    named = image is not None or answer is not None
    if named or table.sure or len(table.header) not in (2, 3):
        lacking = "image" if image is None else "answer"
        raise DataError(
            f"'{path}' has the columns {', '.join(table.header) or 'none'}, of which none is known "
            f"for the {lacking}; call one image (or path, file, name), one answer (or prediction, "
            "label, class), and perhaps one probability"
        )


def _read_share(text: str, place: str, path: str | Path) -> float | None:
    """Read a probability: 0.87, or 87 %; None for nothing.

    >>> _read_share("87 %", "line 2", "a.csv"), _read_share("", "line 2", "a.csv")
    (0.87, None)
    """
    if not text:
        return None
    number, percent = text.rstrip("% \N{NO-BREAK SPACE}"), text.rstrip().endswith("%")
    try:
        share = float(number) / (100 if percent else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise DataError(
            f"{place} of '{path}' has the probability {text!r}; expected 0 to 1, or 0 % to 100 %"
        )
    return share


def read_renames(given: Sequence[str]) -> dict[str, str]:
    """Read what answers mean: "honey bee=bees"; "hornet=" for one that is none of the classes.

    Raises:
        SettingError: one has no "=".

    >>> read_renames(["honey bee=bees", "hornet="])
    {'honey bee': 'bees', 'hornet': ''}
    """
    renames = {}
    for each in given:
        name, mark, meant = each.partition("=")
        if not mark or not name.strip():
            raise SettingError(
                f"--rename is '{each}'; expected ANSWER=CLASS, as 'honey bee=bees', or ANSWER= for "
                "an answer that is none of the classes"
            )
        renames[name.strip()] = meant.strip()
    return renames


def match_answers(
    path: str | Path,
    collection: Collection,
    *,
    every: Sequence[str],
    classes: Sequence[str],
    ids: Mapping[str, str],
    renames: Mapping[str, str],
) -> MatchedAnswers:
    """Read a list of answers and find the image and the class of each.

    An image is found by its path, below the data or whole, or by its name where one image alone
    has it. A class is found by its name, its id, or its name in other letters (case, spaces, dashes
    and underscores do not count); else `renames` has to say what is meant.

    Args:
        path: of the list.
        collection: the images that may be compared on.
        every: the names of all images of the data, those left out before among them.
        classes: that may be answered.
        ids: the class that each id of the classifier is, by its id.
        renames: what answers mean: a class, or "" for none of them.

    Raises:
        DataError: it cannot be read; an image has two answers; an answer is no class; or no image
            has one.
    """
    rows = read_answer_list(path)
    finder = ImageFinder(collection.content, every)
    spelled = _ClassFinder(classes, ids, renames)
    given: dict[str, OutsideAnswer] = {}
    lost: list[str] = []
    unknown: Counter[str] = Counter()
    for row in rows:
        name = finder.find(row.path, Path(path))
        if name is None:
            lost.append(row.path)
            continue
        earlier = given.setdefault(name, row)
        if earlier.answer != row.answer:
            raise DataError(
                f"'{path}' has two answers to '{name}': {earlier.answer!r} ({earlier.place}) and "
                f"{row.answer!r} ({row.place}); keep one"
            )
        if spelled.find(row.answer) is None:
            unknown[row.answer] += 1
    if unknown:
        told = [f"{name!r} ({format_count(n, 'row')})" for name, n in unknown.most_common(5)]
        more = f" and {len(unknown) - 5:,} more" if len(unknown) > 5 else ""
        first = unknown.most_common(1)[0][0]
        raise DataError(
            f"'{path}' answers {', '.join(told)}{more}, which "
            f"{'is no class' if len(unknown) == 1 else 'are no classes'} of the images "
            f"({', '.join(classes[:5])}{', ...' if len(classes) > 5 else ''}); "
            f"say which is meant: --rename '{first}=CLASS', or --rename "
            f"'{first}=' to count it as wrong"
        )
    there = [name for name in collection.names if name in given]
    if not there:
        raise DataError(
            f"no row of '{path}' is of an image that can be compared on ({quote_few(lost)}, where "
            f"the images are called {quote_few(collection.names)}); give --data, or paths below it"
        )
    return MatchedAnswers(
        name=Path(path).stem,
        file=Path(path).name,
        answers={name: spelled.find(given[name].answer) or given[name].answer for name in there},
        probabilities={name: given[name].probability for name in there},
        notes=_describe(path, collection, given, lost, spelled),
    )


def _describe(
    path: str | Path,
    collection: Collection,
    given: Mapping[str, OutsideAnswer],
    lost: Sequence[str],
    spelled: _ClassFinder,
) -> tuple[str, ...]:
    """Say which rows and images have no partner, and which answers were matched by spelling."""
    file, notes = Path(path).name, []
    if lost:
        notes.append(
            f"{format_count(len(lost), 'row')} of {file} {'is' if len(lost) == 1 else 'are'} of no "
            f"image of '{collection.source}' and left out: {quote_few(lost, 5)}"
        )
    there = set(collection.names)
    others = [name for name in given if name not in there]
    if others:
        notes.append(
            f"{format_count(len(others), 'image')} of {file} {'is' if len(others) == 1 else 'are'} "
            f"of another split, or of a class that is not known, and left out: {quote_few(others)}"
        )
    without = [name for name in collection.names if name not in given]
    if without:
        n = len(collection)
        notes.append(
            f"{n - len(without):,} of {format_count(n, 'image')} have an answer in {file}; the "
            f"others are left out: {quote_few(without)}"
        )
    if spelled.respelled:
        pairs = ", ".join(f"{one!r} is {own!r}" for one, own in spelled.respelled.items())
        notes.append(f"in {file} classes were matched in other letters: {pairs}")
    return tuple(notes)


class _ClassFinder:
    """Finds the class that an answer means."""

    def __init__(
        self, classes: Sequence[str], ids: Mapping[str, str], renames: Mapping[str, str]
    ) -> None:
        self._renames = {normalize("NFC", name): meant for name, meant in renames.items()}
        self._exact = dict(ids) | {normalize("NFC", name): name for name in classes}
        folded: dict[str, list[str]] = defaultdict(list)
        for name in classes:
            folded[_fold(name)].append(name)
        self._folded = {key: names[0] for key, names in folded.items() if len(names) == 1}
        self.respelled: dict[str, str] = {}
        wrong = [name for name in renames.values() if name and self._known(name) is None]
        if wrong:
            raise SettingError(
                f"--rename names the class {wrong[0]!r}, which is none of {quote_few(classes, 10)}"
            )

    def find(self, answer: str) -> str | None:
        """Return the class; "" where the answer is said to be none; None where it is not known."""
        plain = normalize("NFC", answer)
        if plain in self._renames:
            return self._known(self._renames[plain]) if self._renames[plain] else WRONG
        found = self._known(plain)
        if found is not None and plain not in self._exact:
            self.respelled[answer] = found
        return found

    def _known(self, name: str) -> str | None:
        return self._exact.get(normalize("NFC", name), self._folded.get(_fold(name)))


def _fold(name: str) -> str:
    """Return a name without what does not count: case, spaces, dashes and underscores.

    >>> _fold("Hot_Dog") == _fold("hot dog") == _fold("HOT-DOG")
    True
    """
    plain = normalize("NFC", name).casefold().replace("_", " ").replace("-", " ")
    return "".join(plain.split())


class ImageFinder:
    """Finds the image that a path means.

    Args:
        content: the folder that names are relative to; anything else where images are no files.
        every: the names of all images.
    """

    def __init__(self, content: object, every: Sequence[str]) -> None:
        self._root = content.resolve() if isinstance(content, Path) else None
        self._names = set(every)
        self._by_last: dict[str, list[str]] = defaultdict(list)
        for name in every:
            self._by_last[name.rpartition("/")[2]].append(name)

    def find(self, path: str, of: Path) -> str | None:
        """Return the name of the image; None where there is none, or several of that name.

        Args:
            path: as it stands in the list.
            of: the list, whose folder it may begin in.
        """
        plain = path.replace("\\", "/").removeprefix("./")
        for one in (path, plain, *self._below(plain, of)):
            if one in self._names:
                return one
        alike = self._by_last.get(plain.rpartition("/")[2], [])
        ending = [
            name for name in alike if name.endswith(f"/{plain}") or plain.endswith(f"/{name}")
        ]
        fit = ending or alike
        return fit[0] if len(fit) == 1 else None

    def _below(self, path: str, of: Path) -> list[str]:
        """Return what a path, whole or from here or from the list on, is below the data."""
        if self._root is None:
            return []
        whole = (expand_home(path).resolve(), (of.parent / path).resolve())
        return [
            one.relative_to(self._root).as_posix() for one in whole if self._root in one.parents
        ]
