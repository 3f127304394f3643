"""A worked path as plain values, for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from striate.teaching.worked_path.loss import to_lists

if TYPE_CHECKING:
    from striate.teaching.worked_path.path import WorkedPath, WorkedStep

MOST = 10_000  # numbers of an array that are given


def to_json(path: WorkedPath) -> dict[str, object]:
    """Return a path as plain values: steps with their sums, the loss, the step of learning."""
    loss, descent = path.loss, path.descent
    return {
        "network": str(path.plan.network),
        "parameters_from": path.origin,
        "channels": list(path.channels),
        "classes": list(path.classes),
        "output": _listed(path.output),
        "steps": [_step(step) for step in path.steps],
        "loss": loss and loss.as_json(),
        "descent": descent
        and {
            "learning_rate": descent.learning_rate,
            "chosen": descent.chosen,
            "raised": list(descent.raised),
            "loss_before": descent.before,
            "loss_after": descent.after,
        },
    }


def _step(step: WorkedStep) -> dict[str, object]:
    sums = None
    if step.is_written_out:
        sums = [step.at(*place).as_json() for place in np.ndindex(*step.shape)]
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


def _listed(values: np.ndarray | None) -> list[object] | None:
    return None if values is None or values.size > MOST else to_lists(values)
