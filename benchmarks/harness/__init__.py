"""What the benchmarks share: processes in turns, the machine, the results as files."""

from benchmarks.harness.machine import Machine, look
from benchmarks.harness.options import (
    PEERS,
    add_before,
    add_busy,
    parser,
    read,
    refuse_emulation,
    typed,
)
from benchmarks.harness.process import ROOT, Failed, Ran, run
from benchmarks.harness.results import Report, publish, raw, write
from benchmarks.harness.turns import (
    Side,
    Sides,
    before,
    beside,
    in_turns,
    loaded,
    memory,
    ours,
    peer,
    ratio,
    rounds_told,
    spread,
    within,
)

__all__ = [
    "PEERS",
    "ROOT",
    "Failed",
    "Machine",
    "Ran",
    "Report",
    "Side",
    "Sides",
    "add_before",
    "add_busy",
    "before",
    "beside",
    "in_turns",
    "loaded",
    "look",
    "memory",
    "ours",
    "parser",
    "peer",
    "publish",
    "ratio",
    "raw",
    "read",
    "refuse_emulation",
    "rounds_told",
    "run",
    "spread",
    "typed",
    "within",
    "write",
]
