"""Everything the report of a run shows, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from striate.architecture.layer_table import Summary
from striate.doctor import ImageFinding
from striate.evaluation.metrics import Evaluation
from striate.events import Epoch
from striate.explanation.film import Film
from striate.features.filter_shift import FilterShift
from striate.features.head import Candidate
from striate.model.json_value import Json
from striate.training.health import CheckUp, Finding
from striate.training.report.changes import Changes
from striate.training.report.mistakes import TaughtMistakes
from striate.training.report.shown import Shown


@dataclass(frozen=True)
class Earlier:
    """Another run, from whose classifier a run was started.

    Attributes:
        name: of its folder.
        href: of its report, as seen from this one; "" where it has none.
    """

    name: str
    href: str


@dataclass(frozen=True)
class Start:
    """The trained network that a run started from.

    Attributes:
        backbone: where it comes from, in words.
        features: how many numbers it says of an image.
        strength: the weight decay of the head that was chosen.
        tried: what cross-validation said of each.
        moved: how far fine-tuning moved the backbone; None where only the head was learnt.
    """

    backbone: str
    features: int
    strength: float
    tried: Sequence[Candidate]
    moved: FilterShift | None = None


@dataclass(frozen=True)
class Facts:
    """All that stands in a report.

    Attributes:
        title: what was trained, in a few words: "Handwritten digits".
        command: the command that repeats the run.
        run: what run.json holds. "data", "seed", "precision", "device", "threads", "machine",
            "seconds" and "versions" are shown first where they are there, all else below them.
        epochs: what every epoch said, in order.
        classes: the class names, in the classifier's order.
        counts: part ("train", "val", "test") -> class -> images used.
        examples: images of the data; the page shows as many a class as fit.
        augmented: training images as the network saw them.
        summary: the network's table; None for a network that has no text in the notation.
        evaluation: what the classifier is worth.
        worst: the worst images, wrong ones first, as far as they are at hand.
        skipped: (name, reason) of every image that was not used.
        notes: the decisions that were made and why, in order.
        notation: the network's text; where empty, run["network"] stands for it.
        start: the trained network it started from; None from scratch.
        checkups: of the network between epochs; empty where nothing was trained step by step.
        findings: what they show to be wrong.
        image_findings: what to look at first among the images; None where a run of an older version
            did not look.
        found: images that these name, by name.
        cells: wrong images of cells of the confusion matrix that `worst` has none of.
        sliced: the images of the evaluation that are at hand, by name; slices name theirs.
        no_heat: why the images have no heat maps; "" where they have.
        folder: of the run, as a command names it; "" where it has none.
        place: the name of the folder that its commands are to be given in; "" where any will do.
        earlier: the run that this one was started from.
        interrupted: whether the run was ended before its end.
        film: some frames of its film, the first and the last among them; None where it has none.
        filmed: how many frames the film has.
        changes: what changed since the run that this one goes on from; None where it goes on from
            none.
        taught: which training images taught a head its worst mistakes; None where that was not
            looked for, as training does not, or where there are none.
    """

    title: str
    command: str
    run: Mapping[str, Json]
    epochs: Sequence[Epoch]
    classes: Sequence[str]
    counts: Mapping[str, Mapping[str, int]]
    examples: Sequence[Shown]
    augmented: Sequence[Shown]
    summary: Summary | None
    evaluation: Evaluation
    worst: Sequence[Shown]
    skipped: Sequence[tuple[str, str]]
    notes: Sequence[str]
    notation: str = ""
    start: Start | None = None
    checkups: Sequence[CheckUp] = ()
    findings: Sequence[Finding] = ()
    image_findings: Sequence[ImageFinding] | None = None
    found: Mapping[str, Shown] = field(default_factory=dict)
    cells: Sequence[Shown] = ()
    sliced: Mapping[str, Shown] = field(default_factory=dict)
    no_heat: str = ""
    folder: str = ""
    place: str = ""
    earlier: Earlier | None = None
    interrupted: bool = False
    film: Film | None = None
    filmed: int = 0
    changes: Changes | None = None
    taught: TaughtMistakes | None = None
