"""Answers taken in, kept and written out; one at a time, whoever gives them."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from striate.data.collection import quote_few
from striate.doctor.labelling.answers import Answer, Journal, Kind, check_label
from striate.doctor.labelling.label_file import LabelFile
from striate.doctor.labelling.question import Question
from striate.doctor.labelling.session import Session
from striate.errors import SettingError, join_words


class Desk:
    """Where a session's answers are given.

    Args:
        session: whose answers are those of the journal.
        journal: keeps each answer before it counts.
        file: the labels, written anew after each.
    """

    def __init__(self, session: Session, journal: Journal, file: LabelFile) -> None:
        self.session, self._journal, self.file = session, journal, file
        self.lock = Lock()  # for whoever reads the session, too
        if session.answers is not journal.answers:
            raise ValueError("the session's answers are not those of the journal")

    def answer(self, turn: int, kind: Kind, *, images: Sequence[int], label: str) -> None:
        """Take the answer to the question that is asked; one to an earlier question is none.

        Args:
            turn: how many answers there were when it was asked, so that a key that was pressed
                twice does not answer twice.
            kind: of the answer.
            images: of a cluster, those that the label is of; else those of the question.
            label: the class; "" for "mixed" and "skip".

        Raises:
            SettingError: it does not fit the question.
            OSError: it cannot be written.
        """
        with self.lock:
            if turn != len(self.session.answers):
                return
            question = self.session.question()
            _check(question, kind, images)
            name = check_label(label) if kind in ("cluster", "image") else ""
            hashes = tuple(self.session.images.hashes[each] for each in images)
            self._journal.add(Answer(kind, hashes, name, question.drawn, len(question.images)))
            self.file.write(self.session)

    def undo(self, turn: int) -> None:
        """Take the last answer back.

        Args:
            turn: as for `answer`.

        Raises:
            OSError: it cannot be written.
        """
        with self.lock:
            if turn == len(self.session.answers) and self._journal.undo() is not None:
                self.file.write(self.session)


def _check(question: Question, kind: Kind, images: Sequence[int]) -> None:
    """Make sure that an answer fits its question."""
    kinds = {"cluster": ("cluster", "mixed"), "image": ("image", "skip"), "done": ()}
    if kind not in kinds[question.kind]:
        fit = join_words(kinds[question.kind], "or") or "none, as every image has an answer"
        raise SettingError(f"the answer is {kind!r}; expected {fit}")
    if not images:
        raise SettingError("all images are struck out, so nothing has the name; call it mixed")
    if not set(images) <= set(question.images):
        odd = quote_few(map(str, sorted(set(images) - set(question.images))))
        raise SettingError(f"the question is not about image {odd}")
