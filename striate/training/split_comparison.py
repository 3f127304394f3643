"""What a random split would have claimed: the same run once more, divided without groups.

Where only a head is learnt, cross-validation tells it at no cost; a network that is trained step by
step has to be trained again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from striate.data import Data, read_split
from striate.errors import SettingError
from striate.evaluation.metrics import Evaluation
from striate.events import Callback, Note, ignore
from striate.model.run_folder import RunFolder, write_text
from striate.settings import Settings
from striate.terminal.units import format_percent
from striate.training.result import TrainingResult
from striate.training.runs import Network, start_run

FOLDER: Final = "random-split"  # of the second run, in that of the first
FILE: Final = "split_comparison.json"


@dataclass(frozen=True)
class SplitComparison:
    """The same run on a grouped split and on a random one.

    Attributes:
        grouped: the run that counts.
        random: accuracy as a random split has it; None where no images belong together, so that
            both splits are the same.
    """

    grouped: TrainingResult
    random: Evaluation | None

    def describe(self) -> str:
        """Return it in one line."""
        if self.random is None:
            return "no images of this data belong together, so a random split is the same"
        own = self.grouped.evaluation
        return (
            f"random {format_percent(self.random.accuracy)} (n = {self.random.n:,}), grouped "
            f"{format_percent(own.accuracy)} (n = {own.n:,}): a random split would have claimed "
            "the first"
        )


def compare_splits(
    data: Data,
    network: Network = None,
    *,
    out: str | Path | None = None,
    settings: Settings,
    callback: Callback = ignore,
) -> SplitComparison:
    """Train on the split that keeps images together, then on a random one.

    Args:
        data: as for `train`.
        network: as for `train`.
        out: the folder of the first run; the second goes into random-split/ there.
        settings: of both runs.
        callback: is told every event of both, and at last both accuracies.

    Raises:
        SettingError: a random split is asked for anyway.
        StriateError: as `train` does.
    """
    if settings.random_split:
        raise SettingError("--compare-splits divides at random, too; leave out --random-split")
    grouped = start_run(data, network, out=out, settings=settings, callback=callback)
    together = any(row.group for row in read_split(RunFolder(grouped.folder).split))
    random = None
    if together and not grouped.interrupted:
        callback(Note("the same run once more, on a random split"))
        plain = replace(settings, random_split=True, group_column=None)
        place = grouped.folder / FOLDER
        random = start_run(data, network, out=place, settings=plain, callback=callback).evaluation
    found = SplitComparison(grouped, random)
    figures = {
        name: {"n": each.n, "accuracy": each.accuracy}
        for name, each in (("grouped", grouped.evaluation), ("random", random))
        if each is not None
    }
    write_text(grouped.folder / FILE, json.dumps(figures, indent=1) + "\n")
    callback(Note(found.describe()))
    return found
