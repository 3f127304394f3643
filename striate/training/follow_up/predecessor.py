"""The finished run that a new one goes on from: opened, checked, and what of it is kept."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np

from striate.architecture.notation import parse
from striate.backends.onnx import Trained
from striate.data import Collection, KeptSplit, SplitRow, Survey, read_split
from striate.data.collection import format_count, quote_few, read_skipped
from striate.data.fixes import count_met
from striate.errors import ClassifierError, RunError
from striate.evaluation.answers_file import read_answers, write_answers
from striate.evaluation.test_uses import FILE as TEST_USES
from striate.model.classifier import Classifier
from striate.model.loading import load
from striate.model.run_folder import (
    CHANGES,
    EARLIER_ANSWERS,
    RunFolder,
    report_write_errors,
)
from striate.settings import Settings
from striate.training.before import Before
from striate.training.class_taxonomy import keeps_names
from striate.training.dividing import Loaded
from striate.training.follow_up.follows import Follows
from striate.training.follow_up.image_changes import (
    carry_answers,
    count_changes,
    find_changes,
    write_changes,
)
from striate.training.plan import Plan, Request
from striate.training.record import FORGOT, RunRecord

NONE: Final = np.zeros(0, np.uint64)


@dataclass(frozen=True, eq=False)
class Predecessor:
    """A run that is over, with all that another one goes on from.

    Attributes:
        folder: of the run.
        plan: of the run.
        request: what was asked for then.
        model: its classifier.
        rows: of its split.csv.
        forgotten: its notes on images that it has forgotten.
    """

    folder: RunFolder
    plan: Plan
    request: Request
    model: Classifier = field(repr=False)
    rows: Sequence[SplitRow] = field(repr=False)
    forgotten: tuple[str, ...] = ()

    @property
    def hands_weights_on(self) -> bool:
        """Whether the new run begins with its weights: of a network trained from scratch."""
        return self.plan.transfer is None

    @property
    def weights(self) -> Mapping[str, np.ndarray]:
        """The weights of its network, by their names."""
        network = self.model.network
        return network.weights if isinstance(network, Trained) else {}

    @property
    def basis(self) -> Plan | None:
        """The plan that the new one is made of.

        None of a backbone that was fine-tuned: the new run is planned as one on the classifier.
        """
        tuned = self.plan.transfer is not None and self.plan.in_steps
        return None if tuned else self.plan

    @property
    def kept(self) -> KeptSplit:
        """Where its images stood."""
        known = self.model.seen.get("train", NONE)
        return KeptSplit(self.rows, known, weights=self.hands_weights_on or self.basis is None)

    def make_request(self, source: str, changes: Settings) -> Request:
        """Return what is asked for now: the settings of before, but for what may change.

        Args:
            source: where the images are.
            changes: settings of which `fixes`, `epochs`, `minutes` and `devices` are taken.
        """
        settings = replace(
            self.request.settings,
            fixes=changes.fixes or self.folder.find_fixes(self.request.settings.fixes),
            devices=changes.devices,
            taxonomy=self.request.settings.taxonomy and not keeps_names(self.plan),
        )
        if self.plan.transfer is not None:  # or small new images would choose another one
            size = (self.plan.preprocess.height, self.plan.preprocess.width)
            settings = replace(settings, image_size=size)
        if changes.epochs is not None or changes.minutes is not None:
            settings = replace(settings, epochs=changes.epochs, minutes=changes.minutes)
        if self.basis is None:
            own = str(self.folder.path.resolve())
            settings = replace(settings, pretrained=own, weights=None, cut=None)
        return replace(self.request, source=source, settings=settings)

    def check_classes(self, classes: Sequence[str], source: str) -> None:
        """Refuse images among which a class of the run is no longer found.

        Raises:
            RunError: one is not.
        """
        gone = [name for name in self.plan.data.classes if name not in classes]
        if gone:
            raise RunError(
                f"'{self.folder.path}' knows {quote_few(gone)}, of which '{source}' has no image "
                f"to learn from (it has {quote_few(classes, 10)}); put images back, or train anew: "
                f"striate train {source}"
            )

    def hand_to(self, before: Before, looks: Survey, source: str) -> Before:
        """Return what is known before images are read, with what is kept of the run.

        Args:
            before: what is known of the images.
            looks: what they are like.
            source: where they are.

        Raises:
            RunError: they have colour, or more than 8 bits, where those of the run had not, so that
                its preprocessing is not made for them.
        """
        preprocess = self.plan.preprocess
        anew = f"its weights hold for its own preprocessing; train anew: striate train {source}"
        text = self.request.network
        asked = text is not None and parse(text).input is not None  # for grey ones, by its text
        if looks.channels == 3 and preprocess.channels == 1 and not asked:
            raise RunError(
                f"the images of '{self.folder.path}' were grey, and some of '{source}' have "
                f"colour; {anew}"
            )
        ranges = preprocess.value_ranges
        if looks.deep and ranges.integers is None and ranges.floats is None:
            raise RunError(
                f"{format_count(len(looks.deep), 'image has', 'images have')} more than 8 bits in "
                f"'{source}', and none of '{self.folder.path}' had; {anew}"
            )
        return replace(before, kept=self.kept, basis=self.basis, preprocess=preprocess)

    def note_changes(
        self, loaded: Loaded, folder: RunFolder, say: Callable[[str], None]
    ) -> Follows:
        """Write down how the images differ, and what was answered to those still held out.

        Args:
            loaded: the images as they are divided now.
            folder: of the new run.
            say: is told how they differ.

        Raises:
            RunError: nothing changed, a class vanished, or a file cannot be written.
        """
        source = loaded.collection.source
        self.check_classes(loaded.collection.classes, source)
        matched = self.kept.match(loaded.collection, loaded.images.hashes)
        changes = find_changes(self.rows, matched, loaded)
        images = sum(len(indices) for indices in loaded.split.by_name().values())
        if not changes:
            raise RunError(
                f"nothing changed: '{source}' has the {images:,} images of '{self.folder.path}', "
                "in the same classes; add images or classes, give --fixes, or extend a run that "
                "was trained in epochs by --epochs or --minutes"
            )
        known = self.plan.data.classes
        answers = carry_answers(read_answers(self.folder.answers), self.rows, matched, loaded)
        with report_write_errors(folder.path):
            write_changes(folder.path / CHANGES, changes)
            write_answers(folder.path / EARLIER_ANSWERS, answers)
            if (self.folder.path / TEST_USES).is_file():  # its test images have been looked at
                shutil.copyfile(self.folder.path / TEST_USES, folder.path / TEST_USES)
        follows = count_changes(
            changes,
            str(self.folder.path.resolve()),
            images=images,
            new_classes=tuple(name for name in loaded.collection.classes if name not in known),
        )
        say(f"beside '{self.folder.path}': {follows.describe()}")
        if self.forgotten and follows.added:
            say(
                f"'{self.folder.path}' has forgotten images ({self.forgotten[-1].partition(';')[0]}"
                f"), and no longer knows which: where '{source}' still holds them they are among "
                "the new ones; drop them by --fixes"
            )
        return follows


def open_predecessor(run: str | Path) -> Predecessor:
    """Open a run that another one is to go on from.

    Raises:
        RunError: it is none, not over, of a torch module, or lacks a file.
    """
    folder = RunFolder(Path(run))
    record = RunRecord.read(folder)
    if record.plan is None or record.outcome is None:
        raise RunError(
            f"'{run}' is not finished, so no other run can go on from it; end it first: striate "
            f"train --resume {run}"
        )
    if record.request.is_module:
        raise RunError(
            f"'{run}' was trained with a torch module, which cannot go on with other images; train "
            "it anew: striate.train(data, module)"
        )
    try:
        model, rows = load(folder.model), read_split(folder.split)
    except (ClassifierError, OSError, ValueError) as error:
        raise RunError(f"no other run can go on from '{run}': {error}") from error
    forgotten = tuple(note for note in record.notes if note.startswith(FORGOT))
    return Predecessor(folder, record.plan, record.request, model, rows, forgotten)


def is_changed(folder: RunFolder, collection: Collection) -> bool:
    """Return whether a data set has other images or labels than a run, by their names alone."""
    if not folder.split.is_file() or not folder.skipped.is_file():
        return False
    out = {each.name for each in read_skipped(folder.skipped)}
    labels = (collection.classes[label] for label in collection.labels.tolist())
    now = {
        name: label for name, label in zip(collection.names, labels, strict=True) if name not in out
    }
    return now != {row.name: row.label for row in read_split(folder.split)}


def check_fixes(collection: Collection, fixes: str | None) -> None:
    """Refuse a file of fixes that changes nothing of a data set.

    Args:
        collection: as it is found without them.
        fixes: the file; None where none is given.

    Raises:
        RunError: none of its rows meets an image.
        DataError: it cannot be read.
    """
    if fixes is None:
        return
    decided, met = count_met(collection, fixes)
    if not met:
        rows = "its one decided row" if decided == 1 else f"any of its {decided:,} decided rows"
        why = f"no image of '{collection.source}' is met by {rows}"
        raise RunError(
            f"'{fixes}' changes nothing: {why if decided else 'no row of it is decided'}; give the "
            "fixes.csv that `striate check` wrote for these images, with an action in a row"
        )
