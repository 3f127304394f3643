"""The answers of a comparison as a CSV file, a row an image."""

from __future__ import annotations

from pathlib import Path

from striate.data.collection import write_rows
from striate.evaluation.comparison.comparison_result import Comparison
from striate.files.atomic_write import write_atomically


def write_csv(comparison: Comparison, path: str | Path) -> None:
    """Write every image with its class, and the answer and probability of each classifier.

    Where one of them may climb or refuse there is a column more, of what each says in the end.

    Args:
        comparison: from `compare`.
        path: the file; one that is there is replaced.

    Raises:
        OSError: it cannot be written.

    Example: ``write_csv(compare(["runs/a", "runs/b"]), "answers.csv")``.
    """
    names = [model.name for model in comparison.models]
    columns = (*COLUMNS, NODE) if comparison.answered else COLUMNS
    header = ("image", "class", *(f"{name}: {what}" for name in names for what in columns))
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
                        for place, (answer, probability) in enumerate(
                            zip(image.answers, image.probabilities, strict=True)
                        )
                        for text in (
                            answer,
                            "" if probability is None else f"{probability:.6g}",
                            *(each or "" for each in image.given[place : place + 1]),
                        )
                    ),
                )
                for image in comparison.images
            ),
        )


COLUMNS = ("answer", "probability")
NODE = "node"  # what is said in the end; empty: "I don't know"
