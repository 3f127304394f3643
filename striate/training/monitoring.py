"""The health of a run under way: check-ups between epochs, kept beside the epochs' records."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from striate.events import Epoch
from striate.model.run_folder import write_text
from striate.training.health import CheckUp, Finding, Sample, check_up, diagnose
from striate.training.health.diagnosis import Chance, reconsidered
from striate.training.health.probe import MOST, told_by_colours
from striate.training.preparation import Prepared
from striate.training.state import State

FILE = "health.jsonl"
FEWEST, IMAGES = 16, 48  # of each part that a check-up looks at
SHARE = 16  # one of so many training images, within these bounds
COST = 0.02  # of the time of training that check-ups may take


class Monitoring:
    """Looks at a network before its first epoch, after it, after the last, and now and then.

    Where a check-up takes more than 2 % of an epoch, some epochs pass between two of them.
    """

    def __init__(self, folder: Path, prepared: Prepared, state: State) -> None:
        self._path, self._prepared, self._state = folder / FILE, prepared, state
        self._chance = _chance(prepared)
        self._sample: Sample | None = None
        self._told: set[str] = set()
        self._every = 1
        self.checkups = read(folder, last=state.epoch)
        self.findings: tuple[Finding, ...] = ()
        self._write()

    def before(self, epochs: Sequence[Epoch] = ()) -> tuple[Finding, ...]:
        """Check the network before its first step; give what is wrong already.

        Args:
            epochs: of a run that goes on, those that it has had.
        """
        if not self.checkups and not self._state.epoch and not self._state.step:
            # units dead from the beginning have another cure than those that large steps killed
            self.checkups = (self._check(0, 0.0),)
            self._write()
        return self._new(self._diagnose(epochs, over=False))

    def after(self, epoch: Epoch, epochs: Sequence[Epoch]) -> tuple[Finding, ...]:
        """Check the network after an epoch, where it is time; give what is newly wrong.

        Args:
            epoch: that is over.
            epochs: all so far, this one included.
        """
        since = epoch.epoch - self.checkups[-1].epoch if self.checkups else self._every
        if since < self._every and epoch.epoch != epoch.epochs:
            return ()
        self.checkups = (*self.checkups, self._check(epoch.epoch, epoch.learning_rate))
        self._write()
        spent = self.checkups[-1].seconds / max(epoch.seconds * COST, 1e-9)
        self._every = max(1, math.ceil(spent))
        return self._new(self._diagnose(epochs, over=False))

    def close(self, epochs: Sequence[Epoch]) -> tuple[Finding, ...]:
        """Judge the whole run; give what is newly wrong."""
        self.findings = tuple(map(self._sure, self._diagnose(epochs, over=True)))
        return self._new(self.findings)

    def _sure(self, finding: Finding) -> Finding:
        """Doubt labels only where they have nothing to do with their images' colours either."""
        if finding.name != "labels":
            return finding
        prepared = self._prepared
        some = _some(prepared.loaded.split.train, MOST)
        pixels = prepared.loaded.images.take(some)
        told, images = told_by_colours(pixels, prepared.loaded.collection.labels[some])
        return reconsidered(finding, self._chance, told, images)

    def _diagnose(self, epochs: Sequence[Epoch], *, over: bool) -> tuple[Finding, ...]:
        recipe = self._prepared.plan.recipe
        held = recipe.freeze_bn or bool(recipe.lr_multipliers)
        return diagnose(self.checkups, epochs, self._chance, over=over, held=held)

    def _new(self, found: Sequence[Finding]) -> tuple[Finding, ...]:
        new = tuple(each for each in found if each.name not in self._told)
        self._told |= {each.name for each in new}
        return new

    def _check(self, epoch: int, rate: float) -> CheckUp:
        prepared = self._prepared
        if self._sample is None:
            split = prepared.loaded.split
            most = min(IMAGES, max(FEWEST, len(split.train) // SHARE))
            train, val = (_some(each, most) for each in (split.train, split.val))
            self._sample = Sample(
                prepared.loaded.images.take(train),
                prepared.loaded.collection.labels[train],
                prepared.loaded.images.take(val),
            )
        return check_up(
            self._state.module,
            self._state.optimizer,
            self._sample,
            preprocess=prepared.plan.preprocess,
            epoch=epoch,
            rate=rate,
            precision=prepared.plan.recipe.precision,
        )

    def _write(self) -> None:
        lines = (json.dumps(each.as_json()) + "\n" for each in self.checkups)
        write_text(self._path, "".join(lines))


def _chance(prepared: Prepared) -> Chance:
    """Return what can be told without looking, where training weighs classes or draws them."""
    collection, split, recipe = (
        prepared.loaded.collection,
        prepared.loaded.split,
        prepared.plan.recipe,
    )
    k = len(collection.classes)
    val, train = (
        np.bincount(collection.labels[part], minlength=k) for part in (split.val, split.train)
    )
    if recipe.balanced_sampling:
        return Chance.of(val.tolist(), (train > 0).astype(float).tolist())
    if recipe.class_weight is None:
        return Chance.of(val.tolist())
    return Chance.of(val.tolist(), (train * np.array(recipe.class_weight)).tolist())


def read(folder: Path, *, last: int | None = None) -> tuple[CheckUp, ...]:
    """Read the check-ups of a run; none where it was made without them.

    Args:
        folder: of the run.
        last: the last epoch to read; None for all.
    """
    path = folder / FILE
    found = []
    for line in path.read_text("utf-8").splitlines() if path.is_file() else []:
        try:
            found.append(CheckUp.from_json(json.loads(line)))
        except (ValueError, TypeError, KeyError):  # a line that a kill cut off
            break
    return tuple(each for each in found if last is None or each.epoch <= last)


def _some(indices: np.ndarray, most: int) -> np.ndarray:
    """Give some of these images, spread evenly, always the same."""
    places = np.linspace(0, len(indices) - 1, min(most, len(indices)))
    return np.asarray(indices[np.unique(places.round().astype(int))])
