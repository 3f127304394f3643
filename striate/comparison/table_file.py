"""The answers of a comparison as a CSV file, a row a picture."""

from __future__ import annotations

from pathlib import Path

from striate.comparison.result import Comparison
from striate.data.collection import write_rows
from striate.whole import whole


def write_csv(comparison: Comparison, path: str | Path) -> None:
    """Write every picture with its class, and the answer and probability of each classifier.

    Args:
        comparison: from `compare`.
        path: the file; one that is there is replaced.

    Raises:
        OSError: it cannot be written.

    Example: ``write_csv(compare(["runs/a", "runs/b"]), "answers.csv")``.
    """
    names = [model.name for model in comparison.models]
    header = ("picture", "class", *(f"{name}: {what}" for name in names for what in COLUMNS))
    with whole(Path(path)) as partial:
        write_rows(
            partial,
            header,
            (
                (
                    picture.name,
                    picture.truth,
                    *(
                        text
                        for answer, probability in zip(
                            picture.answers, picture.probabilities, strict=True
                        )
                        for text in (answer, f"{probability:.6g}")
                    ),
                )
                for picture in comparison.pictures
            ),
        )


COLUMNS = ("answer", "probability")
