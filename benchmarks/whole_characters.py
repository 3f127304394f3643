"""Learns anew what tells one whole character of a line from a part of one, and from several.

    python -m benchmarks.whole_characters [--rounds 600] [--model FILE]

Lines are drawn from MNIST's training digits, none of them a test digit. Each piece of ink that may
be one character is looked at: one that covers nearly the same pixels as a digit is one, one that
covers none alone is not. The network is written to --model, else to where
striate.model.segmentation reads it. Type, of which the network in the package saw 130 lines
besides, is not drawn here. A run of 600 lines takes about five minutes of one core.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional

from benchmarks.harness import parser, read
from benchmarks.harness.written_lines import KINDS, draw_line_of
from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.data.sources.idx import read_idx
from striate.errors import ImageError
from striate.model.classifier import Classifier
from striate.model.segmentation.components import find_pieces
from striate.model.segmentation.cutting import list_cuts
from striate.model.segmentation.ink import SHARE, find_ink
from striate.model.segmentation.line_reading import drop_specks
from striate.model.segmentation.runs import list_candidates
from striate.model.segmentation.straightening import straighten
from striate.model.segmentation.whole_character import FILE, SIDE, draw_windows

NETWORK = f"""input 3x{SIDE}x{SIDE} classes=2
conv 12 > bn > relu > maxpool 2 > conv 24 > bn > relu > maxpool 2 > conv 32 > bn > relu > maxpool 2
flatten > dropout 0.2 > fc 32 > relu > fc"""
CLASSES = ("other", "character")
TOUCHING = next(kind for kind in KINDS if kind.touching)
DIGITS = 5  # of a line
OVERLAP = (0.62, 0.82)  # intersection over union with a digit: none at all up to one, sure from two
OTHERS = 90  # candidates of a line that overlap no digit much; more say nothing new
MUCH = 0.7
EPOCHS, BATCH, RATE = 3, 384, 6e-3
SEED = 36


def main() -> None:
    """Draw lines, learn, write."""
    made = parser((__doc__ or "").splitlines()[0], rounds=600)
    made.add_argument("--model", type=Path, default=FILE, help="where the network is written")
    chosen = read(made, needed=("data/mnist",))
    images = read_idx(chosen.shared / "data/mnist/train-images-idx3-ubyte.gz")
    lines = list(draw_lines(images, 20 if chosen.quick else chosen.rounds))
    windows, targets = (np.concatenate(part) for part in zip(*lines, strict=True))
    print(f"{len(lines)} lines, {len(windows):,} candidates", flush=True)
    print(learn(windows, targets).save(chosen.model))


def draw_lines(images: np.ndarray, rounds: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give the windows of each line's candidates, and how surely each is one character, 0 to 1."""
    for number in range(rounds):
        generator = np.random.default_rng([SEED, number])
        chosen = generator.integers(len(images), size=DIGITS)
        scan, own = draw_line_of([images[place] for place in chosen], TOUCHING, generator)
        ink = find_ink(scan[:, :, None])
        line = straighten(ink.values, drop_specks(ink.mask))[0]
        try:
            found = find_pieces(line.values > SHARE)
        except ImageError:
            continue
        cuts = list_cuts(found.tall, line.values, found.height)
        candidates = list_candidates(cuts, found.tall, found.height)
        shape = line.values.shape
        digits = [
            ndimage.affine_transform(
                each.astype(np.float32), line.matrix, line.offset, output_shape=shape, order=1
            )
            > 0.5
            for each in own
        ]
        overlaps = np.zeros(len(candidates))
        for place, candidate in enumerate(candidates):
            top, left, bottom, right = candidate.piece.box
            size = candidate.piece.ink.sum()
            for digit in digits:
                shared = (digit[top:bottom, left:right] & candidate.piece.ink).sum()
                overlaps[place] = max(overlaps[place], shared / (digit.sum() + size - shared))
        rest = generator.permutation(np.flatnonzero(overlaps <= MUCH))[:OTHERS]
        taken = np.sort(np.concatenate([np.flatnonzero(overlaps > MUCH), rest]))
        few = [candidates[place] for place in taken]
        windows = draw_windows(few, cuts, found.tall, shape, found.height)
        low, high = OVERLAP
        yield windows, np.clip((overlaps[taken] - low) / (high - low), 0, 1).astype(np.float32)


def learn(windows: np.ndarray, targets: np.ndarray) -> Classifier:
    """Learn from candidates whether they are one character."""
    torch.manual_seed(0)
    network = build(NETWORK, seed=0)
    steps = EPOCHS * (len(windows) // BATCH)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    generator = np.random.default_rng(0)
    for epoch in range(EPOCHS):
        network.train()
        losses = []
        order = generator.permutation(len(windows))
        for start in range(0, len(windows) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            logits = network(torch.from_numpy(windows[chosen]).float() / 255)
            loss = functional.binary_cross_entropy_with_logits(
                logits[:, 1] - logits[:, 0], torch.from_numpy(targets[chosen])
            )
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            losses.append(float(loss))
        print(f"epoch {epoch + 1} of {EPOCHS}: loss {np.mean(losses):.3f}", flush=True)
    return Classifier(network.eval(), NETWORK, CLASSES, Preprocess(3, SIDE, SIDE))


if __name__ == "__main__":
    main()
