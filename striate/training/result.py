"""What came of a run: its folder, the classifier, what it is worth and how it got there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from striate.doctor import ImageFinding
from striate.evaluation.metrics import Evaluation
from striate.model.classifier import Classifier
from striate.model.run_folder import RunFolder
from striate.render.notebook import Text, to_html
from striate.training.health import Finding
from striate.training.history import History


@dataclass(frozen=True)
class TrainingResult:
    """A run that is over.

    Whatever takes a classifier takes this too: `evaluate`, `predict`, `compare`, `explain`.

    Attributes:
        model: the best state as a classifier, as it was saved.
        evaluation: what it is worth on images that training did not learn from.
        folder: of the run; its report.html shows everything on one page.
        history: the epochs.
        interrupted: whether Ctrl-C ended it early.
        findings: what to look at first among the images, as in findings.csv.
        health: what was wrong with the training itself; nothing where a head alone was learnt.
    """

    model: Classifier
    evaluation: Evaluation
    folder: Path
    history: History
    interrupted: bool = False
    findings: tuple[ImageFinding, ...] = ()
    health: tuple[Finding, ...] = ()

    def __repr__(self) -> str:
        found = self.evaluation
        return f"TrainingResult in {self.folder}: {found.headline()} on {found.evaluated}"

    def _repr_html_(self) -> str:
        found, curves = self.evaluation, self.history.drawing()
        last = (
            f"everything is in {self.folder}; open {RunFolder(self.folder).report}\n"
            ".model is the classifier, .evaluation shows the confusion matrix and the worst images"
        )
        shown = Text(f"\non {found.evaluated}", strong=found.headline())
        return to_html(shown, *([curves] if curves else []), Text(last))
