"""The images of a run divided: which train, validate and test, and which belong together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from striate.data import (
    Collection,
    Groups,
    Images,
    Split,
    format_count,
    split_stratified,
    write_skipped,
    write_split,
)
from striate.model.run_folder import RunFolder, report_write_errors
from striate.settings import Settings
from striate.training import defaults, unchanged_data
from striate.training.before import Before
from striate.training.plan import DataDescription
from striate.training.subset import Subset

Say = Callable[[str], None]
NOTHING = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Loaded:
    """The images of a run, decoded and divided.

    Attributes:
        collection: names, labels and classes.
        images: decoded, at the network's size.
        split: which of them train, validate and test.
        skipped: (name, reason) of everything that is not used.
        description: of all this, for the record.
        promised: int64, the validation images that nothing is chosen by, on which a promise is
            tested; none where none is asked for.
    """

    collection: Collection
    images: Images
    split: Split
    skipped: tuple[tuple[str, str], ...]
    description: DataDescription
    promised: np.ndarray = field(default_factory=lambda: NOTHING)

    @property
    def training(self) -> Subset:
        """The images that are learnt from."""
        return Subset(self.images, self.split.train, self.collection.labels, self.split.groups.of)

    @property
    def validation(self) -> Subset:
        """The images that choose the best state."""
        return self.subset(np.setdiff1d(self.split.val, self.promised))

    def subset(self, indices: np.ndarray) -> Subset:
        """Return some of the images: int64 indices."""
        return Subset(self.images, indices, self.collection.labels, self.split.groups.of)


def divide(
    collection: Collection,
    images: Images,
    settings: Settings,
    folder: RunFolder,
    *,
    groups: Groups | None,
    before: Before,
    say: Say,
) -> Loaded:
    """Divide the decoded images, and write down which goes where and which are not used.

    Args:
        collection: from `find`.
        images: decoded.
        settings: the user's.
        folder: of the run; split.csv and skipped.csv are written there.
        groups: images that belong together.
        before: what is known of them, where the run goes on or goes on from another one.
        say: is told each decision.

    Raises:
        DataError: they cannot be divided.
        RunError: they are not those of the earlier plan.
    """
    fraction = settings.val_fraction or defaults.validation_fraction(collection)
    divided = split_stratified if before.kept is None else before.kept.split
    split = divided(collection, images, seed=settings.seed, fraction=fraction, groups=groups)
    for note in (*images.notes, *split.notes):
        say(note)
    skipped = [*collection.skipped, *images.skipped, *split.skipped]
    description = unchanged_data.describe(collection, images, split, len(skipped))
    if before.earlier is not None:
        unchanged_data.check(collection.source, before.earlier.data, description)
    with report_write_errors(folder.path):
        write_skipped(folder.skipped, skipped)
        write_split(folder.split, collection, split, images.hashes)
        if remarks := (*collection.remarks, *images.remarks):
            write_skipped(folder.remarks, remarks)
            say("remarks.csv has every image that is odd but used")
    if skipped:
        say(f"{format_count(len(skipped), 'file')} not used; skipped.csv says which and why")
    named = tuple((each.name, each.reason) for each in skipped)
    promised = _hold_back(split, settings.seed) if settings.promise is not None else NOTHING
    return Loaded(split.collection, images, split, named, description, promised)


def _hold_back(split: Split, seed: int) -> np.ndarray:
    """Return half of the validation images, whole groups of them, drawn by lot."""
    _, group = np.unique(split.groups.of[split.val], return_inverse=True)
    number = int(group.max(initial=-1)) + 1
    generator = np.random.Generator(np.random.Philox(key=[seed % 2**64, 11]))
    chosen = generator.permutation(number) < number // 2
    return split.val[chosen[group]]
