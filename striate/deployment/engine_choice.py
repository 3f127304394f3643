"""Which runtime answers the rest of a long folder: the one that a short timing shows to be fastest.

Opening OpenVINO takes a second or two, in which some hundred images are answered, so it is tried
only once answering has taken several times as long.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np

from striate.deployment.sealed_answers import Tolerance, compare_answers
from striate.deployment.sealed_runtimes import Runtime
from striate.errors import EngineError

WAIT: Final = 15.0  # seconds of answering, before another runtime is tried
SAMPLES: Final = 8  # images that are answered by each
LARGEST: Final = 4_000_000  # pixels of such an image, as several are held
ROUNDS: Final = 2  # of all of them, the faster one counts
GAIN: Final = 1.1  # times as fast, for less than which nothing is changed


def choose_engine(
    current: Runtime,
    others: Sequence[Callable[[], Runtime]],
    images: Sequence[np.ndarray],
    *,
    pool: ThreadPoolExecutor,
    allowed: Tolerance,
) -> Runtime:
    """Return the fastest of some runtimes whose answers are those of the current one.

    Args:
        current: answers images in several threads at once.
        others: open a runtime that shares an image among threads of its own.
        images: uint8 (rows, columns, 3) of each.
        pool: the threads.
        allowed: how far answers may be apart; a runtime beyond it is not taken.
    """
    wanted = list(pool.map(lambda image: current.answer(image, 1), images))
    best, least = current, _time(lambda: list(pool.map(lambda it: current.answer(it, 1), images)))
    for opening in others:
        try:
            runtime = opening()
            said = [runtime.answer(image, 1) for image in images]
        except EngineError:  # not installed, or it does not take the file
            continue
        if not compare_answers([""] * len(images), wanted, said, allowed).holds:
            continue
        taken = _time(lambda: [runtime.answer(image, 1) for image in images])  # noqa: B023
        if taken * GAIN < least:
            best, least = runtime, taken
    return best


def _time(work: Callable[[], object]) -> float:
    """Return the least seconds of a few runs."""
    found = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)
