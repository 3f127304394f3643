"""What every benchmark can be told on its command line."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from benchmarks.harness.kind import EMULATION, emulating
from benchmarks.harness.process import ROOT

DATA = ROOT.parent / "shared"
RESULTS = ROOT / "benchmarks" / "results"
PEERS = ROOT / ".venv-bench" / "bin" / "python"


def parser(purpose: str, *, rounds: int) -> argparse.ArgumentParser:
    """Give the options all have: --shared, --peers, --rounds, --minutes, --out and --quick.

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
        "--minutes", type=float, default=10.0, help="no round is begun that would end later"
    )
    made.add_argument(
        "--out",
        type=Path,
        help="where the result is written, in a folder of the machine's kind; else "
        f"{RESULTS.relative_to(ROOT)}",
    )
    made.add_argument(
        "--quick",
        action="store_true",
        help="one round of little work, to see that all runs; written nowhere but to --out",
    )
    return made


def add_before(made: argparse.ArgumentParser) -> None:
    """Add --before, the folder of another checkout of Striate that runs as one more side."""
    made.add_argument(
        "--before", type=Path, help="another checkout of Striate, which runs as one more side"
    )


def add_busy(made: argparse.ArgumentParser) -> None:
    """Add --busy, how many busy processes the sides run beside as well.

    >>> made = argparse.ArgumentParser()
    >>> add_busy(made)
    >>> made.parse_args(["--busy", "1", "2"]).busy, made.parse_args([]).busy
    ([1, 2], [])
    """
    made.add_argument(
        "--busy",
        type=int,
        nargs="+",
        default=[],
        metavar="N",
        help="every side runs also beside N processes that keep a core busy each",
    )


def typed(target: str, chosen: argparse.Namespace, *more: str) -> str:
    """Return what to type to have a benchmark again, with what changes its page.

    Args:
        target: of make.
        chosen: the options, of which --busy and --before are named.
        more: further options.

    >>> typed("bench-mnist", argparse.Namespace(busy=[1, 2], before=None))
    'make bench-mnist BENCH_FLAGS="--busy 1 2"'
    """
    words = list(more)
    if getattr(chosen, "busy", []):
        words += ["--busy", *map(str, chosen.busy)]
    if chosen.before is not None:
        words += ["--before", "DIR"]
    return f"make {target}" + (f' BENCH_FLAGS="{" ".join(words)}"' if words else "")


def refuse_emulation() -> None:
    """End where AVX2 is emulated and ONNX Runtime computes: it has no switch, and stays as fast."""
    if emulating(os.environ):
        sys.exit(
            "ONNX Runtime, which computes on Striate's side here, uses all that the processor can "
            f"do; unset {', '.join(EMULATION)}, or measure on a processor with AVX2 only"
        )


def read(made: argparse.ArgumentParser, needed: tuple[str, ...] = ()) -> argparse.Namespace:
    """Read the command line, make a quick run short, and say what is missing.

    `until` is added: when the minutes are over, by `time.perf_counter`.

    Args:
        made: the options, of `parser` and the benchmark's own.
        needed: files and folders under --shared that the benchmark reads.
    """
    chosen = made.parse_args()
    chosen.out = chosen.out or (None if chosen.quick else RESULTS)
    chosen.rounds = 1 if chosen.quick else chosen.rounds
    chosen.until = time.perf_counter() + 60 * chosen.minutes
    if 0 < len(asking := emulating(os.environ)) < len(EMULATION):
        sys.exit(
            f"only {' and '.join(asking)} asks for AVX2; to emulate it set all: "
            + " ".join(f"{name}={value}" for name, value in EMULATION.items())
        )
    missing = [path for path in (chosen.shared / name for name in needed) if not path.exists()]
    if missing:
        sys.exit(
            f"{', '.join(map(str, missing))}: not there; see benchmarks/README.md for the data"
        )
    return chosen
