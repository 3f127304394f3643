"""The table of a network: what each layer gives, costs and sees; whole-number arithmetic alone.

`summary` makes the table. `wiring` says which layer gets what from which, `formulas` writes each
calculation down, `memory` counts what training keeps, `warnings` what a designer should know.
"""

from __future__ import annotations

from striate.architecture.layer_table.design_warnings import DesignWarning
from striate.architecture.layer_table.formulas import Formulas
from striate.architecture.layer_table.memory import TrainingMemory
from striate.architecture.layer_table.result import Summary
from striate.architecture.layer_table.row import Row
from striate.architecture.layer_table.tabulation import summary

__all__ = ["DesignWarning", "Formulas", "Row", "Summary", "TrainingMemory", "summary"]
