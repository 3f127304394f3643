"""Which images a run evaluates its own classifier on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from striate.evaluation.image_selection import ImageSelection, leave_out_known, select_held_out
from striate.training.dividing import Loaded
from striate.training.plan import Plan


def select_evaluated(
    plan: Plan,
    loaded: Loaded,
    seen: Mapping[str, np.ndarray],
    *,
    selected: bool,
    say: Callable[[str], None],
) -> ImageSelection:
    """Choose the images to evaluate on: none that the backbone has learnt from, if possible.

    Args:
        plan: of the run.
        loaded: its images.
        seen: hashes (uint64) of what was learnt from ("train") before the run.
        selected: whether the validation images selected the checkpoint.
        say: is told what is left out.
    """
    chosen = select_held_out(loaded.split, checkpoint_selected=selected)
    # known by heart they flatter: on labels drawn by lot, 80 to 100 % would be right
    learnt = seen.get("train", np.array([], np.uint64))
    if not len(learnt):
        return chosen
    if plan.transfer is not None and plan.transfer.resized:
        say(
            "the backbone was trained on images of another size: whether it has learnt from "
            "the ones evaluated here cannot be told"
        )
        return chosen
    kept, said = leave_out_known(chosen, loaded.images.hashes, learnt)
    if said:
        say(said)
    return kept
