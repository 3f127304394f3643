"""When a run ends before its time: enough epochs have brought no better state."""

from __future__ import annotations

from striate.training.one_cycle import Cycle
from striate.training.recipe import Recipe
from striate.training.state import State


def is_out_of_patience(state: State, recipe: Recipe, cycle: Cycle) -> bool:
    """Return whether enough epochs of this cycle have brought no better state."""
    since = max(state.best_epoch, cycle.first)
    return recipe.patience is not None and state.epoch - since >= recipe.patience
