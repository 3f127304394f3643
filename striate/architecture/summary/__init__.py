"""The table of a network: what each layer gives, costs and sees; whole-number arithmetic alone.

`describe` makes the table. `wiring` says which layer gets what from which, `formulas` writes each
calculation down, `memory` counts what training keeps, `warnings` what a designer should know.
"""

from __future__ import annotations

from striate.architecture.summary.design_warnings import DesignWarning
from striate.architecture.summary.formulas import Formulas
from striate.architecture.summary.memory import TrainingMemory
from striate.architecture.summary.result import Anatomy
from striate.architecture.summary.row import Row
from striate.architecture.summary.tabulation import describe

__all__ = ["Anatomy", "DesignWarning", "Formulas", "Row", "TrainingMemory", "describe"]
