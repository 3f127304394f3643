"""The record of a run, run.json: what was asked for, what was planned, and what came of it.

A run keeps one `RunRecord` and replaces it as it goes on; nothing else writes the file.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, fields
from typing import Any, Literal

from striate.data.augmentation import Augmentation
from striate.data.images import Preprocess
from striate.errors import RunError, StriateError
from striate.evaluation.metrics import Evaluation
from striate.model.environment import Environment
from striate.model.json_value import JsonObject
from striate.model.run_folder import RECORD, RunFolder, write_text
from striate.settings import RENAMED, Settings
from striate.training.autotune import Speed
from striate.training.energy import Energy
from striate.training.follow_up.follows import Follows
from striate.training.health import Finding
from striate.training.learnt_head import LearntHead
from striate.training.one_cycle import Cycle
from striate.training.plan import DataDescription, Plan, Request, Transfer
from striate.training.recipe import Recipe
from striate.training.record_of_2026_11 import converted

FORMAT_VERSION = 2
FORGOT = "forgotten: "  # how the note of a run begins that has forgotten images
Status = Literal["preparing", "training", "finished", "interrupted"]


@dataclass(frozen=True)
class Outcome:
    """What came of a run that is over.

    Attributes:
        epochs: that were done.
        best_epoch: whose state was kept.
        seconds: the run took.
        evaluation: what the classifier is worth.
    """

    epochs: int
    best_epoch: int
    seconds: float
    evaluation: Evaluation

    def as_json(self) -> dict[str, Any]:
        """Return plain values, as they stand in run.json."""
        return {**vars(self), "evaluation": self.evaluation.as_json()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Outcome:
        """Return what `as_json` wrote."""
        return cls(**{**values, "evaluation": Evaluation.from_json(values["evaluation"])})


@dataclass(frozen=True)
class RunRecord:
    """Everything that run.json holds.

    Attributes:
        request: what the user asked for.
        environment: versions and machine that the run began with.
        started: when, ISO 8601.
        status: how far it is.
        plan: what is done; None until it is made.
        cycles: of the learning rate: the first, and one an extension.
        notes: every decision that was said.
        head: of a trained backbone, once it is learnt.
        health: what check-ups found to be wrong.
        energy: that the run has taken so far, where it is measured.
        speed: of training in steps, where it was worth measuring.
        outcome: what came of it; None until the run is over.
        follows: the run that this one goes on from with other images; None of all others.
    """

    request: Request
    environment: Environment
    started: str
    status: Status = "preparing"
    plan: Plan | None = None
    cycles: tuple[Cycle, ...] = ()
    notes: tuple[str, ...] = ()
    head: LearntHead | None = None
    health: tuple[Finding, ...] = ()
    energy: Energy | None = None
    speed: Speed | None = None
    outcome: Outcome | None = None
    follows: Follows | None = None

    @classmethod
    def begin(cls, request: Request, follows: Follows | None = None) -> RunRecord:
        """Return the record of a run that begins now, on this machine."""
        started = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        return cls(request, Environment.here(), started, follows=follows)

    def as_json(self) -> dict[str, Any]:
        """Return plain values: what run.json holds."""
        return {
            "format_version": FORMAT_VERSION,
            **vars(self),
            "request": self.request.as_json(),
            "environment": self.environment.as_json(),
            "plan": None if self.plan is None else self.plan.as_json(),
            "cycles": [vars(each) for each in self.cycles],
            "notes": list(self.notes),
            "head": None if self.head is None else self.head.as_json(),
            "health": [vars(each) for each in self.health],
            "energy": None if self.energy is None else self.energy.as_json(),
            "speed": None if self.speed is None else self.speed.as_json(),
            "outcome": None if self.outcome is None else self.outcome.as_json(),
            "follows": None if self.follows is None else vars(self.follows),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> RunRecord:
        """Return what `as_json` wrote, in this format or an earlier one.

        Raises:
            KeyError, TypeError, ValueError, StriateError: something is missing or makes no sense.
        """
        if values["format_version"] == 1:
            values = converted(values)
        values = {name: value for name, value in values.items() if name != "format_version"}
        plan, head, energy = values["plan"], values["head"], values["energy"]
        speed, outcome = values["speed"], values["outcome"]
        follows = values.get("follows")
        return cls(
            **{
                **values,
                "request": Request.from_json(values["request"]),
                "environment": Environment.from_json(values["environment"]),
                "plan": None if plan is None else Plan.from_json(plan),
                "cycles": tuple(Cycle(**each) for each in values["cycles"]),
                "notes": tuple(values["notes"]),
                "head": None if head is None else LearntHead.from_json(head),
                "health": tuple(Finding(**each) for each in values["health"]),
                "energy": None if energy is None else Energy.from_json(energy),
                "speed": None if speed is None else Speed.from_json(speed),
                "outcome": None if outcome is None else Outcome.from_json(outcome),
                "follows": None if follows is None else Follows.from_json(follows),
            }
        )

    def lacks_report(self, folder: RunFolder) -> bool:
        """Whether the run was ended after its evaluation and before its report."""
        return self.status == "finished" and not folder.report.exists()

    def write(self, folder: RunFolder) -> None:
        """Write run.json into the run's folder, whole or not at all.

        Raises:
            RunError: the disk is full, or the folder cannot be written to.
        """
        text = json.dumps(self.as_json(), indent=2, allow_nan=False) + "\n"
        write_text(folder.path / RECORD, text)

    @classmethod
    def read(cls, folder: RunFolder) -> RunRecord:
        """Read run.json of a run's folder.

        Raises:
            RunError: there is none, or it is damaged or newer than this version.
        """
        return cls._open(folder, folder.read_record())

    @classmethod
    def read_known(cls, folder: RunFolder) -> tuple[RunRecord, tuple[str, ...]]:
        """Read as much of run.json as this version knows, for what goes on with nothing.

        Returns:
            The record, and where in it stands what a newer version has added.

        Raises:
            RunError: there is none, or it is damaged or of a newer format.
        """
        values = folder.read_record()
        unknown = _drop_unknown(values) if values["format_version"] == FORMAT_VERSION else []
        return cls._open(folder, values), tuple(sorted(unknown))

    @classmethod
    def _open(cls, folder: RunFolder, values: JsonObject) -> RunRecord:
        path = folder.path / RECORD
        if values.get("format_version") not in (1, FORMAT_VERSION):
            raise RunError(
                f"'{path}' is of format {values.get('format_version')}; this Striate reads 1 and "
                f"{FORMAT_VERSION}"
            )
        try:
            return cls.from_json(dict(values))
        except (KeyError, TypeError, ValueError, AttributeError, StriateError) as error:
            said = f"{type(error).__name__}: {error}"
            raise RunError(f"'{path}' cannot be used ({said}); start a new run") from error


SECTIONS: tuple[tuple[str, type[Any]], ...] = (  # of run.json, by what each is read as
    ("", RunRecord),
    ("request", Request),
    ("request.settings", Settings),
    ("plan", Plan),
    ("plan.data", DataDescription),
    ("plan.preprocess", Preprocess),
    ("plan.recipe", Recipe),
    ("plan.recipe.augmentation", Augmentation),
    ("plan.transfer", Transfer),
    ("head", LearntHead),
    ("energy", Energy),
    ("speed", Speed),
    ("outcome", Outcome),
    ("follows", Follows),
)


def _drop_unknown(values: JsonObject) -> list[str]:
    """Take out of run.json what has no place in this version, and return where it stood."""
    found = []
    for section, kind in SECTIONS:
        inside: Any = values
        for name in section.split(".") if section else ():
            inside = inside.get(name) if isinstance(inside, dict) else None
        if not isinstance(inside, dict):
            continue
        known = {each.name for each in fields(kind)} | RENAMED.keys() | {"format_version"}
        for name in inside.keys() - known:
            del inside[name]
            found.append(f"{section}.{name}" if section else name)
    return found
