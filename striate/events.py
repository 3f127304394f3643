"""What a long work says while it goes on; whoever watches decides how to show it.

Every event is a frozen dataclass of plain values. `as_json` gives the stable form
that ``striate train --json`` prints, one object a line.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Note:
    """A decision, a fallback or a finding; it is shown and stands in the run's record."""

    text: str


@dataclass(frozen=True)
class Progress:
    """How far the work is.

    Attributes:
        stage: what is being done: "reading", "measuring", "training", "validating".
        done: what is done of this stage (for training: of this epoch), in the unit below.
        total: of this stage; 0 where that is not known.
        rate: a second.
        seconds_left: of the whole run, as far as it is known; None where it is not.
        epoch: the epoch under way, counted from 1; 0 outside training.
        epochs: how many there will be; 0 where minutes bound the run.
        loss: the running mean of the training loss; None outside training.
        unit: what is counted: "images" or "bytes".
    """

    stage: str
    done: int
    total: int
    rate: float
    seconds_left: float | None = None
    epoch: int = 0
    epochs: int = 0
    loss: float | None = None
    unit: str = "images"


@dataclass(frozen=True)
class Epoch:
    """One pass over the training images, and what validation said after it.

    Attributes:
        epoch: counted from 1.
        epochs: how many there will be; 0 where minutes bound the run.
        train_loss: mean training loss of the epoch, label smoothing and augmentation included.
        train_accuracy: of the augmented training images, 0 to 1.
        val_loss: mean cross-entropy on the validation images, natural logarithm.
        val_accuracy: of the validation images, 0 to 1.
        learning_rate: of the last step.
        images_per_second: training images, validation not counted.
        seconds: this epoch, validation included.
        seconds_left: of the whole run.
        best: whether this state is the best so far and is the one kept.
        threads: CPU threads that it was computed on; 0 where that was not written down.
    """

    epoch: int
    epochs: int
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    learning_rate: float
    images_per_second: float
    seconds: float
    seconds_left: float
    best: bool
    threads: int = 0

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Epoch:
        """Return what a line of epochs.jsonl holds, under the names it has had."""
        names = {"pictures_per_second": "images_per_second"}  # until November 2026
        return cls(**{names.get(name, name): value for name, value in values.items()})


@dataclass(frozen=True)
class Done:
    """The run is over and its files are written.

    Attributes:
        run: the run's folder.
        model: the classifier's file.
        report: the report page.
        interrupted: True where Ctrl-C ended it early; the model is the best so far.
        evaluated: what the figures below are of, in words.
        n: how many images they are of.
        accuracy: 0 to 1, with its 95 % Wilson interval beside it.
        seconds: the whole run.
        kwh: the electricity it took; None where that was not measured.
        kg_co2e: the CO2e of that.
        cure: the command to try next where it has learnt nothing useful; "" where it has.
    """

    run: Path
    model: Path
    report: Path
    interrupted: bool
    evaluated: str
    n: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    seconds: float
    kwh: float | None = None
    kg_co2e: float | None = None
    cure: str = ""


@dataclass(frozen=True)
class Changed:
    """What a run that went on from another one changed; `Done` follows.

    Attributes:
        earlier: the folder of the other run.
        images: how the images differ, in words.
        kept: images that both used.
        added: images that only this one uses.
        removed: images that only the earlier one used.
        relabelled: kept images whose class is another one now.
        new_classes: that the earlier run did not know.
        n: held-out images that both answered; None stands below where there are none.
        accuracy_before: of the earlier run on them, 0 to 1, by their classes of now.
        accuracy_now: of this one on the same.
        difference: of the two, with its paired 95 % interval beside it.
        p: of McNemar's exact test.
        became_right: names of the first that were wrong and are right; `became_right_n` counts all.
        became_wrong: the same of those that were right and are wrong.
        words: what the difference allows to say.
    """

    earlier: Path
    images: str
    kept: int
    added: int
    removed: int
    relabelled: int
    new_classes: tuple[str, ...]
    n: int
    accuracy_before: float | None
    accuracy_now: float | None
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    p: float | None
    became_right: tuple[str, ...]
    became_wrong: tuple[str, ...]
    became_right_n: int
    became_wrong_n: int
    words: str


@dataclass(frozen=True)
class Estimate:
    """How long a run would take, before it begins.

    Attributes:
        seconds: in all.
        parts: the seconds of each work, in order.
        epochs: how many there would be; 0 where nothing is trained step by step.
        kwh: the electricity it would take; None where that was not asked for.
        kg_co2e: the CO2e of that.
    """

    seconds: float
    parts: dict[str, float]
    epochs: int
    kwh: float | None = None
    kg_co2e: float | None = None


@dataclass(frozen=True)
class Seeds:
    """The same run with several seeds is over.

    Attributes:
        folder: holds a run a seed, in seed-0, seed-1, ...
        seeds: in order.
        accuracies: of each, 0 to 1.
        mean: of the accuracies.
        low: the lower end of its 95 % interval, by Student's t over the seeds.
        high: the upper end.
        n: how many images each was evaluated on.
        evaluated: what these are, in words, of the first.
        seconds: that all runs took, by their records.
    """

    folder: Path
    seeds: tuple[int, ...]
    accuracies: tuple[float, ...]
    mean: float
    low: float
    high: float
    n: tuple[int, ...]
    evaluated: str
    seconds: float


Event = Note | Progress | Epoch | Changed | Done | Estimate | Seeds
Callback = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Do nothing with it: for callers who only want the result."""


def as_json(event: Event) -> dict[str, object]:
    """Give an event as plain JSON values, its kind under "event".

    >>> as_json(Note("one class is empty"))
    {'event': 'note', 'text': 'one class is empty'}
    """
    values = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in dataclasses.asdict(event).items()
    }
    return {"event": type(event).__name__.lower(), **values}
