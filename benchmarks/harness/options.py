"""What every benchmark can be told on its command line."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.harness.process import ROOT

DATA = ROOT.parent / "shared"
RESULTS = ROOT / "benchmarks" / "results"
PEERS = ROOT / ".venv-bench" / "bin" / "python"


def parser(purpose: str, *, rounds: int) -> argparse.ArgumentParser:
    """Give the options all have: --shared, --peers, --rounds, --out and --quick.

    Args:
        purpose: the first line of the program's docstring.
        rounds: how often each side runs where nothing is said.

    >>> parser("How fast.", rounds=3).parse_args(["--quick"]).rounds
    3
    """
    made = argparse.ArgumentParser(description=purpose)
    made.add_argument(
        "--shared", type=Path, default=DATA, help="the folder with data/ and weights/"
    )
    made.add_argument(
        "--peers", type=Path, default=PEERS, help="the Python that has the peers installed"
    )
    made.add_argument("--rounds", type=int, default=rounds, help="how often each side runs")
    made.add_argument(
        "--out", type=Path, help=f"where the result is written; else {RESULTS.relative_to(ROOT)}"
    )
    made.add_argument(
        "--quick",
        action="store_true",
        help="one round of little work, to see that all runs; written nowhere but to --out",
    )
    return made


def read(made: argparse.ArgumentParser, needed: tuple[str, ...] = ()) -> argparse.Namespace:
    """Read the command line, make a quick run short, and say what is missing.

    Args:
        made: the options, of `parser` and the benchmark's own.
        needed: files and folders under --shared that the benchmark reads.
    """
    chosen = made.parse_args()
    chosen.out = chosen.out or (None if chosen.quick else RESULTS)
    chosen.rounds = 1 if chosen.quick else chosen.rounds
    missing = [path for path in (chosen.shared / name for name in needed) if not path.exists()]
    if missing:
        sys.exit(
            f"{', '.join(map(str, missing))}: not there; see benchmarks/README.md for the data"
        )
    return chosen
