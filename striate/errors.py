"""What can go wrong, as one tree.

    StriateError                 the one base to catch
    ├── NotationError            a network text that cannot be read or built; points with a caret
    ├── ImageError               one image that cannot be used
    ├── DataError                a folder or file of images that cannot be used
    ├── ClassifierError          a saved classifier that cannot be used, or does not fit
    │   └── ProofError           an exported file whose answers are not those of its classifier
    ├── EngineError              an inference engine that cannot be used here
    ├── WeightsError             trained weights that cannot be fetched or read, or do not fit
    ├── SettingError             a setting that makes no sense, alone or beside another
    ├── RunError                 a run folder that cannot be made, gone on with or finished
    │   └── StoppedError         Ctrl-C ended a run before anything was learnt
    └── TrainingError            training itself failed: the loss is no number any more

A message is one line: what happened, with the values; what was expected; how to mend it.
The command line prints that line and ends with ``exit_code``; any other exception is a
fault of Striate itself and shows its traceback.
"""

from __future__ import annotations

from collections.abc import Iterable

AROUND = 60  # characters of a long line that are shown on either side of a caret


class StriateError(Exception):
    """Anything Striate says about its input; catch this one to catch them all.

    >>> try:
    ...     raise DataError("no images in 'empty/'")
    ... except StriateError as error:
    ...     print(error)
    no images in 'empty/'
    """

    exit_code = 2


class NotationError(StriateError):
    """A network text that cannot be read or built.

    Args:
        message: what happened, what was expected, how to mend it; one line.
        text: the whole network text.
        position: index into ``text`` of the character the message is about.

    >>> print(NotationError("unknown word 'cnv'; did you mean 'conv'?", "relu > cnv 8", 7))
    unknown word 'cnv'; did you mean 'conv'?
      line 1: relu > cnv 8
                     ^
    """

    def __init__(self, message: str, text: str | None = None, position: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.text = text
        self.position = position

    def __str__(self) -> str:
        if self.text is None or self.position is None:
            return self.message
        before = self.text[: self.position]
        number = before.count("\n") + 1
        start = before.rfind("\n") + 1
        line = self.text[start:].split("\n", 1)[0].replace("\t", " ")
        head, place = f"  line {number}: ", self.position - start
        if place > AROUND:
            line, place = "..." + line[place - AROUND + 3 :], AROUND
        if len(line) > place + AROUND:
            line = line[: place + AROUND - 3] + "..."
        caret = " " * (len(head) + place) + "^"
        return f"{self.message}\n{head}{line}\n{caret}"


class ImageError(StriateError):
    """One image that cannot be used; the message is the reason."""


class DataError(StriateError):
    """A folder or file of images that cannot be used as it is."""


class ClassifierError(StriateError):
    """A saved classifier that is damaged, foreign or too new, or does not fit its use."""


class ProofError(ClassifierError):
    """An exported file whose answers are not those of the classifier that it was made of."""

    exit_code = 1


class EngineError(StriateError):
    """An inference engine that is not there, or does not take a network; another one may."""


class WeightsError(StriateError):
    """Trained weights that cannot be fetched or read, or do not fit the network.

    Args:
        message: what happened, what was expected, how to mend it; one line.
        table: where they do not fit, every tensor that does not, as rows of text.
    """

    def __init__(self, message: str, table: str = "") -> None:
        super().__init__(message)
        self.table = table


class SettingError(StriateError):
    """A setting that makes no sense, alone or beside another."""


class RunError(StriateError):
    """A run folder that cannot be made, gone on with or finished."""


class StoppedError(RunError):
    """Ctrl-C ended a run before anything was learnt."""

    exit_code = 130


class TrainingError(StriateError):
    """Training itself failed, through no mistake in how it was called."""

    exit_code = 1


def join_words(words: Iterable[str], last: str = "and") -> str:
    """Put words in a row, as a message has them.

    >>> join_words(["a"]), join_words(["a", "b"]), join_words(["a", "b", "c"], "or")
    ('a', 'a and b', 'a, b or c')
    """
    *before, end = (*words,) or ("",)
    return f"{', '.join(before)} {last} {end}" if before else end
