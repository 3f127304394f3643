"""What is known of a run before its images are read."""

from __future__ import annotations

from dataclasses import dataclass

from striate.data import Collection, Groups, group_by_column, read_split, recall_groups
from striate.errors import RunError
from striate.model.run_folder import RunFolder
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
    """

    earlier: Plan | None = None
    groups: Groups | None = None
    sought: bool = False

    @classmethod
    def find(
        cls, collection: Collection, settings: Settings, folder: RunFolder, earlier: Plan | None
    ) -> Before:
        """Gather it from the settings, or of a run that goes on from its split.csv.

        Raises:
            SettingError: there is no column to group by.
            RunError: split.csv cannot be used.
        """
        if earlier is None:
            column = settings.group_column
            return cls(None, None if column is None else group_by_column(collection, column))
        if not folder.split.is_file():
            return cls(earlier)
        try:
            return cls(earlier, recall_groups(read_split(folder.split), collection))
        except (OSError, ValueError) as error:
            raise RunError(f"'{folder.split}' cannot be used: {error}; start a new run") from error
