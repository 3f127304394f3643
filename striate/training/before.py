"""What is known of a run before its images are read."""

from __future__ import annotations

from dataclasses import dataclass, replace

from striate.data import (
    Collection,
    Groups,
    KeptSplit,
    group_by_column,
    read_split,
    recall_groups,
)
from striate.data.collection import read_skipped
from striate.data.images import Preprocess
from striate.errors import RunError
from striate.model.run_folder import CHANGES, RunFolder
from striate.settings import Settings
from striate.training.plan import Plan


@dataclass(frozen=True)
class Before:
    """What is known before images are read.

    Attributes:
        earlier: the plan of a run that goes on; None of a new one.
        groups: images that belong together: of a run that goes on those that it began with, else
            those of a column; None where nothing says so.
        sought: whether more groups are looked for when the images have been read.
        kept: where images stood in the run that this one goes on from; None where it goes on from
            none.
        basis: the plan of that run, where the new one is made of it; of a run that goes on, its
            own.
        preprocess: of that run, or its own; None of a new run.
    """

    earlier: Plan | None = None
    groups: Groups | None = None
    sought: bool = False
    kept: KeptSplit | None = None
    basis: Plan | None = None
    preprocess: Preprocess | None = None

    @classmethod
    def find(
        cls, collection: Collection, settings: Settings, folder: RunFolder, earlier: Plan | None
    ) -> Before:
        """Gather it from the settings, or where there is a split.csv already from that.

        Raises:
            SettingError: there is no column to group by.
            RunError: split.csv cannot be used.
        """
        if earlier is None and not folder.split.is_file():
            column = settings.group_column
            return cls(None, None if column is None else group_by_column(collection, column))
        preprocess = None if earlier is None else earlier.preprocess
        made = cls(earlier, basis=earlier, preprocess=preprocess)
        if not folder.split.is_file():
            return made
        try:
            rows, kept = read_split(folder.split), None
            if (folder.path / CHANGES).is_file():  # it has dealt its new images already
                reasons = {each.name: each.reason for each in read_skipped(folder.skipped)}
                kept = KeptSplit(rows, complete=True, reasons=reasons)
            return replace(made, groups=recall_groups(rows, collection), kept=kept)
        except (OSError, ValueError) as error:
            raise RunError(f"'{folder.split}' cannot be used: {error}; start a new run") from error
