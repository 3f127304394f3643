"""A worked path as plain values, for JSON."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from striate.teaching.worked_path.loss import to_lists
from striate.teaching.worked_path.record import PathRecord
from striate.teaching.worked_path.step import WorkedStep
from striate.teaching.worked_path.sums import work_sum

MOST = 10_000  # numbers of an array that are given


@dataclass(frozen=True)
class StepNumbers:
    """One step, to be written as plain values."""

    step: WorkedStep

    def as_json(self) -> dict[str, object]:
        """Return its address, values, gradients, parameters and sums."""
        step, sums = self.step, None
        if step.is_written_out and sum(x.size for x in step.inputs) <= MOST:
            sums = [work_sum(step, place).as_json() for place in np.ndindex(*step.shape)]
        return {
            "address": step.address,
            "word": step.word,
            "sources": list(step.sources),
            "shape": list(step.shape),
            "values": _listed(step.values),
            "gradient": _listed(step.gradient),
            "after": _listed(step.after),
            "parameters": {
                each.name: {
                    "shape": list(each.values.shape),
                    "values": _listed(each.values),
                    "gradient": _listed(each.gradient),
                    "after": _listed(each.after),
                }
                for each in step.parameters
            },
            "sums": sums,
        }


def as_json(path: PathRecord) -> dict[str, object]:
    """Return a path as plain values: steps with their sums, the loss, the step of learning."""
    return {
        "network": str(path.plan.network),
        "parameters_from": path.origin,
        "channels": list(path.channels),
        "classes": list(path.classes),
        "output": _listed(path.output),
        "steps": [StepNumbers(step).as_json() for step in path.steps],
        "loss": path.loss and path.loss.as_json(),
        "descent": path.descent and path.descent.as_json(),
    }


def _listed(values: np.ndarray | None) -> list[object] | None:
    return None if values is None or values.size > MOST else to_lists(values)
