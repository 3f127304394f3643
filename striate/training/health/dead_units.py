"""Units that never answer, and units that always answer the same: dead and saturated ones."""

from __future__ import annotations

from collections.abc import Sequence

from striate.terminal.units import format_percent
from striate.training.health.figures import CheckUp
from striate.training.health.finding import Finding

DEAD, ALL_DEAD = 0.5, 0.95  # of the units of a layer at the beginning, and later
FLAT = 0.8  # of a sigmoid's or tanh's numbers


def find_dead_units(checkups: Sequence[CheckUp], learnt: bool) -> tuple[Finding, ...]:
    """Return what the last check-up shows of units that are 0 for every image, or saturated.

    Args:
        checkups: so far, one at least.
        learnt: whether the network has learnt something: it may then do without some units.
    """
    one = checkups[-1]
    old = {bend.after: bend.dead for bend in checkups[0].bends}
    at_once = [bend for bend in one.bends if min(bend.dead, old.get(bend.after, 0.0)) > DEAD]
    dead = max(at_once or one.bends, key=lambda bend: bend.dead, default=None)
    if dead is not None and (at_once or dead.dead > ALL_DEAD):
        before = ", as at the beginning" if at_once and one.epoch else ""
        return (
            Finding(
                "dead units",
                f"{format_percent(dead.dead)} of the units behind {dead.after} are 0 for all of "
                f"{one.images} images{before}, so they learn nothing",
                "begin with smaller weights and biases of 0, train with a lower learning rate, "
                "normalise before the activation (bn), or use leakyrelu",
                one.epoch,
            ),
        )
    flat = max(one.bends, key=lambda bend: bend.saturated, default=None)
    if flat is not None and flat.saturated > FLAT and not learnt:
        return (
            Finding(
                "saturation",
                f"{format_percent(flat.saturated)} of the numbers behind {flat.after} lie where "
                f"{flat.kind} is flat, so hardly any gradient passes",
                "begin with smaller weights, normalise before the activation (bn), or use relu",
                one.epoch,
            ),
        )
    return ()
