"""All rules about networks in one table, and what they find, one finding a kind."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from striate.architecture.layer_table import learning_rules, seeing_rules
from striate.architecture.layer_table.design_warnings import Case, DesignWarning

RULES: Final = (*seeing_rules.RULES, *learning_rules.RULES)


def warnings_of(case: Case) -> tuple[DesignWarning, ...]:
    """Apply every rule; what holds for several layers is said once, of the first.

    Returns:
        Warnings before notes, in the order of the rules.
    """
    found: list[DesignWarning] = []
    for rule in RULES:
        by_level: dict[str, DesignWarning] = {}
        for one in rule(case):
            first = by_level.setdefault(one.level, one)
            if first is not one:
                by_level[one.level] = replace(first, layers=(*first.layers, *one.layers))
        found += by_level.values()
    return tuple(sorted(found, key=lambda one: one.level != "warning"))
