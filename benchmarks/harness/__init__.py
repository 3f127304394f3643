"""What the benchmarks share: processes in turns, the machine, the results as files."""

from benchmarks.harness.machine import Machine, look
from benchmarks.harness.options import PEERS, parser, read
from benchmarks.harness.process import ROOT, Failed, Ran, run
from benchmarks.harness.results import Report, publish, raw, write
from benchmarks.harness.turns import Side, Sides, in_turns, ours, peer, ratio, spread

__all__ = [
    "PEERS",
    "ROOT",
    "Failed",
    "Machine",
    "Ran",
    "Report",
    "Side",
    "Sides",
    "in_turns",
    "look",
    "ours",
    "parser",
    "peer",
    "publish",
    "ratio",
    "raw",
    "read",
    "run",
    "spread",
    "write",
]
