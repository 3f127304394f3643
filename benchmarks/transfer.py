"""Transfer from the same trained network, beside fastai's vision_learner(...).fine_tune(3).

    python -m benchmarks.transfer [--data hymenoptera] [--backbone squeezenet1_1] [--tune 10]
                                  [--rounds 5] [--before DIR] [--quick]

On ants and bees (245 photographs) or on hot dogs (--data hotdog64: 1,560 small ones, of which
fastai takes 7 minutes and more a round); the images judged are those of val/ and of test/, the
same for both. With --tune N both train the backbone on: fastai by fine_tune(N), Striate by
--unfreeze all.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

from benchmarks.harness import (
    Failed,
    Ran,
    Report,
    Sides,
    add_before,
    before,
    in_turns,
    look,
    memory,
    ours,
    parser,
    peer,
    publish,
    ratio,
    raw,
    read,
    refuse_emulation,
    rounds_told,
    spread,
    typed,
)
from striate.model.weights import fetch
from striate.terminal.tables import Table

FASTAI = "fastai"
OURS = "Striate"
DATA = {"hymenoptera": "val", "hotdog64": "test"}  # and the folder that is judged
WEIGHTS = "weights/squeezenet1_1.pth"
LITE0 = "efficientnet_lite0"
TITLES = {"squeezenet1_1": "SqueezeNet 1.1", LITE0: "EfficientNet-Lite0"}
TUNED = " --unfreeze all, which holds a fifth of train/ out to choose its best epoch"
DRAWN = 10_000  # samples of the bootstrap


def main() -> None:
    """Learn both in turns on each data set, and say what came of it."""
    made = parser((__doc__ or "").splitlines()[0], rounds=5)
    made.add_argument("--data", choices=DATA, default="hymenoptera", help="what is learnt")
    made.add_argument("--backbone", choices=TITLES, default="squeezenet1_1", help="of both sides")
    made.add_argument("--tune", type=int, default=0, help="epochs of fastai's fine-tuning")
    add_before(made)
    chosen = read(made, needed=(*(f"data/{name}" for name in DATA), WEIGHTS))
    refuse_emulation()
    machine = look()
    name = chosen.data
    data, weights = chosen.shared / "data" / name, chosen.shared / WEIGHTS
    given = (data, "--valid", DATA[name], "--backbone", chosen.backbone)
    own = ["--weights", weights]
    if chosen.backbone == LITE0:  # that pip has brought
        own, weights = [], fetch(LITE0, offline=True)
    if chosen.tune:
        own += ["--unfreeze", "all"]
    epochs = 1 if chosen.quick else chosen.tune or 3
    each = [
        ours("transfer", *given, *own),
        peer(
            FASTAI,
            chosen.peers,
            "fastai_transfer",
            *given,
            "--weights",
            weights,
            "--epochs",
            epochs,
        ),
    ]
    if chosen.before is not None:
        each.insert(1, before(chosen.before, "transfer", *given, *own))
    sides = in_turns(each, chosen.rounds, until=chosen.until)
    publish(
        Report(
            name="-".join(["transfer", *other_than_usual(chosen, "{}")]),
            title=f"Transfer from {TITLES[chosen.backbone]}",
            command=typed("bench-transfer", chosen, *other_than_usual(chosen, "--{1} {0}")),
            method=(
                "Time of learning, a process a seed, the sides in turns, both from the same "
                "ImageNet weights. fastai's is that of vision_learner(...) and "
                f".fine_tune({epochs}) with Resize(224), all else by default. Striate's is that of "
                f"the whole call of train() with --pretrained NAME{TUNED if chosen.tune else ''}, "
                "from reading to the report; no feature is kept from an earlier run. Where there "
                "is no val/ (hot dogs), Striate holds a "
                "fifth of train/ out, and fastai learns from all of it and validates on what is "
                "judged. The images judged are the same, and Striate answers always; a difference "
                "of accuracies is that of the means over the seeds, its interval by drawing "
                f"images anew ({DRAWN:,} paired bootstrap samples). "
                + rounds_told(len(sides[OURS]), chosen.rounds, chosen.minutes)
            ),
            tables=(summary(name, sides),),
            findings=(
                finding(name, sides, FASTAI),
                *([finding(name, sides, "before")] if "before" in sides else []),
            ),
            machine=machine,
            raw={name: raw(sides)},
        ),
        chosen.out,
    )


def other_than_usual(chosen: argparse.Namespace, told: str) -> list[str]:
    """Give what is not by default of data, backbone and fine-tuning, each as `told` has it.

    >>> usual = {"data": "hymenoptera", "backbone": "squeezenet1_1", "tune": 0}
    >>> other_than_usual(argparse.Namespace(**usual | {"backbone": LITE0}), "--{1} {0}")
    ['--backbone efficientnet_lite0']
    """
    both = {"data": "hymenoptera", "backbone": "squeezenet1_1", "tune": 0}
    return [
        told.format(getattr(chosen, name), name)
        for name, usual in both.items()
        if getattr(chosen, name) != usual
    ]


def answers(runs: Sequence[Ran]) -> np.ndarray:
    """Give what was told right: bool (seed, image), the images in order of their names."""
    told = [ran.told["right"] for ran in runs]
    names = sorted(told[0])
    return np.array([[each[name] for name in names] for each in told], dtype=bool)


def difference(theirs: np.ndarray, own: np.ndarray) -> tuple[float, float, float]:
    """Give how much more accurate ours is, with its 95 % interval over the images.

    Args:
        theirs: bool (seed, image).
        own: bool (seed, image), of the same images.

    >>> theirs, own = np.zeros((2, 4), bool), np.ones((2, 4), bool)
    >>> difference(theirs, own)
    (1.0, 1.0, 1.0)
    """
    each = own.mean(0) - theirs.mean(0)
    generator = np.random.default_rng(0)
    drawn = each[generator.integers(0, len(each), (DRAWN, len(each)))].mean(1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(each.mean()), float(low), float(high)


def seconds(runs: Sequence[Ran]) -> list[float]:
    """Give the seconds of learning of each."""
    return [float(ran.told["seconds"]) for ran in runs]


def summary(name: str, sides: Sides) -> Table:
    """Show a row a side."""
    header = ("side", "learning, s", "whole process, s", "accuracy, %", "of each seed", "MiB")
    rows = []
    for side, runs in sides.items():
        right = 100 * answers(runs).mean(1)
        rows.append(
            (
                side,
                spread(seconds(runs)),
                spread([ran.seconds for ran in runs]),
                f"{right.mean():.1f}",
                ", ".join(f"{share:.1f}" for share in right),
                memory(runs),
            )
        )
    n = answers(sides[OURS]).shape[1]
    caption = f"{name}: median (lowest to highest) times; mean accuracy of {n} images"
    return Table(header, tuple(rows), {*header[1:4], "MiB"}, caption)


def finding(name: str, sides: Sides, other: str) -> str:
    """Say how many times as fast as another side it is, and whether it is less accurate."""
    theirs, own = sides[other], sides[OURS]
    if theirs[0].told["right"].keys() != own[0].told["right"].keys():
        raise Failed(f"{name}: the two sides judged different images")
    shift, low, high = difference(answers(theirs), answers(own))
    processes = ratio([ran.seconds for ran in theirs], [ran.seconds for ran in own])
    return (
        f"{name}: learning is {ratio(seconds(theirs), seconds(own)):.1f} times as fast as "
        f"{other}'s, the whole process {processes:.1f} times. "
        f"Accuracy differs by {100 * shift:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})."
    )


if __name__ == "__main__":
    main()
