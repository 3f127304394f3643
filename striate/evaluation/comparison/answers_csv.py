"""The answers of a comparison as a CSV file, a row an image."""

from __future__ import annotations

from pathlib import Path

from striate.data.collection import write_rows
from striate.evaluation.comparison.comparison_result import Comparison
from striate.files.atomic_write import write_atomically


def write_csv(comparison: Comparison, path: str | Path) -> None:
    """Write every image with its class, and the answer and probability of each classifier.

    Args:
        comparison: from `compare`.
        path: the file; one that is there is replaced.

    Raises:
        OSError: it cannot be written.

    Example: ``write_csv(compare(["runs/a", "runs/b"]), "answers.csv")``.
    """
    names = [model.name for model in comparison.models]
    header = ("image", "class", *(f"{name}: {what}" for name in names for what in COLUMNS))
    with write_atomically(Path(path)) as partial:
        write_rows(
            partial,
            header,
            (
                (
                    image.name,
                    image.truth,
                    *(
                        text
                        for answer, probability in zip(
                            image.answers, image.probabilities, strict=True
                        )
                        for text in (answer, "" if probability is None else f"{probability:.6g}")
                    ),
                )
                for image in comparison.images
            ),
        )


COLUMNS = ("answer", "probability")
