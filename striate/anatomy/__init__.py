"""The table of a network: what each layer gives, costs and sees; whole-number arithmetic alone.

`describe` makes the table. `wiring` says which layer gets what from which, `formulas` writes each
calculation down, `memory` counts what training keeps, `warnings` what a designer should know.
"""

from __future__ import annotations

from striate.anatomy.describing import describe
from striate.anatomy.formulas import Formulas
from striate.anatomy.memory import TrainingMemory
from striate.anatomy.records import Anatomy
from striate.anatomy.rows import Row
from striate.anatomy.warnings import DesignWarning

__all__ = ["Anatomy", "DesignWarning", "Formulas", "Row", "TrainingMemory", "describe"]
