"""Whether and how a run can go on: what has changed since it began, and what is asked of it."""

from __future__ import annotations

from pathlib import Path

from striate.errors import RunError
from striate.model.environment import Environment
from striate.terminal.next_steps import command
from striate.training.record import RunRecord
from striate.training.run import Extension


def differences(record: RunRecord, world_size: int = 1) -> list[str]:
    """Say what is not as it was when the run began, so that it may end with other last digits.

    Args:
        record: of the run.
        world_size: how many processes there are now.
    """
    before, now = record.environment, Environment.here()
    processes = world_size if record.plan is None else record.plan.world_size
    pairs = (
        ("torch", dict(before.versions)["torch"], dict(now.versions)["torch"]),
        ("the number of processes", processes, world_size),
        ("the processor", before.processor, now.processor),
    )
    return [
        f"{name} was {then} and is {here}: the run may end with slightly other weights"
        for name, then, here in pairs
        if then != here
    ]


def check_extension(
    record: RunRecord, run: Path, epochs: int | None, minutes: float | None
) -> Extension | None:
    """Return how a run is to be extended; None where it is only to go on.

    Raises:
        RunError: what is asked for does not suit the run.

    >>> from striate.settings import Settings
    >>> from striate.training.plan import Request
    >>> record = RunRecord.begin(Request("digits", None, False, True, Settings()))
    >>> check_extension(record, Path("runs/cats"), None, None)
    """
    if epochs is not None and minutes is not None:
        raise RunError("epochs and minutes are both given; set only one of them")
    asked = epochs is not None or minutes is not None
    if record.status != "finished" or record.outcome is None:
        if asked:
            on = command("train", "--resume", run)
            further = f"--minutes {minutes:g}" if epochs is None else f"--epochs {epochs}"
            raise RunError(
                f"'{run}' is not finished: it goes to its own end first, and is extended then, by "
                f"{on} && {on} {further} (a classifier in it can be used as it is)"
            )
        return None
    done = record.outcome.epochs
    if not record.cycles:
        raise RunError(
            f"'{run}' is finished: its head was learnt at once, in no epochs; to go on with images "
            "that changed, give DATA or --fixes; to fine-tune the backbone, start a new run with "
            "--unfreeze N or --unfreeze all (`striate report` writes its report again)"
        )
    if not asked:
        raise RunError(
            f"'{run}' is finished after {done} epochs; to extend it give the new number of "
            f"epochs in all: striate train --resume {run} --epochs {max(1, 2 * done)}; to go on "
            "with images that changed, give DATA or --fixes"
        )
    if epochs is not None and epochs <= done:
        raise RunError(f"'{run}' has {done} epochs already; give more than {done}, the new total")
    if minutes is not None and not 0 < minutes <= 1e6:
        raise RunError(f"minutes is {minutes:g}; expected above 0, up to a million")
    return Extension(epochs or 0, minutes or 0.0)
