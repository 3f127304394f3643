"""What the figures of check-ups and epochs mean: what is wrong, in plain words, with a cure.

Each fault has a sign of its own, and the first that is found explains those behind it: with values
of another size going in, or steps that are too large, units die and nothing is learnt as well. So
faults are looked for in this order, and one that follows from another is not named.

The thresholds were chosen on runs of one seed, and tried on others (benchmarks/health.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from striate.events import Epoch
from striate.terminal.units import format_percent
from striate.training.health.dead_units import DEAD, find_dead_units
from striate.training.health.figures import CheckUp
from striate.training.health.finding import Finding

STEP, HUGE_STEP = 0.03, 0.1  # of a weight's norm, by the last step of an epoch
"""A thousandth is usual: https://cs231n.github.io/neural-networks-3/#ratio"""
KILLING = 0.005  # likewise, where units die in training
GROWN, BLOWN = 5.0, 20.0  # times as large as at the beginning, the middle layer's weights
FAR, WIDE, NARROW = 3.0, 6.0, 0.05  # mean and standard deviation of what goes in, about 0 and 1
APART, UNLIKE = 0.75, 2.0  # means of training and validation, in deviations; ratio of deviations
FEW = 3  # epochs before which labels are not doubted
SURE = 3.0  # standard deviations above chance at which something was learnt
LIKELY = 2.0  # standard deviations that nothing is doubted by
LITTLE = 0.2  # of the way from chance to all right; labels are doubted where it is not in reach


@dataclass(frozen=True)
class Chance:
    """What can be told without looking.

    Attributes:
        commonest: the share of the most frequent class among the validation images.
        entropy: of the classes as training weighs or draws them, natural logarithm: the training
            loss of who knows their shares alone.
        images: for validation.
        taught: the share of the class that training weighs or draws most.
    """

    commonest: float
    entropy: float
    images: int
    taught: float

    @staticmethod
    def of(counts: Sequence[int], taught: Sequence[float] | None = None) -> Chance:
        """Work it out from the images of each class.

        Args:
            counts: the validation images of each class.
            taught: how much of training is of each class, on any scale; otherwise as `counts`.

        >>> Chance.of([10, 10])
        Chance(commonest=0.5, entropy=0.6931471805599453, images=20, taught=0.5)
        >>> Chance.of([9, 1], taught=[1, 1])
        Chance(commonest=0.9, entropy=0.6931471805599453, images=10, taught=0.5)
        """
        amounts = counts if taught is None else taught
        shares = [amount / sum(amounts) for amount in amounts if amount]
        entropy = -sum(share * math.log(share) for share in shares)
        return Chance(max(counts) / sum(counts), entropy, sum(counts), max(shares))

    def spread(self, images: int) -> float:
        """Give the standard deviation of the share that chance tells right of so many."""
        return math.sqrt(self.commonest * (1 - self.commonest) / max(images, 1))

    def beaten(self, accuracy: float, images: int | None = None) -> bool:
        """Whether such an accuracy is more than chance gives, by three standard deviations."""
        n = self.images if images is None else images
        return accuracy > self.commonest + SURE * self.spread(n)

    def hopeless(self, accuracy: float) -> bool:
        """Whether the accuracy is low, and the images enough to be sure of that.

        Where training weighs classes alike, the commonest may rightly be answered less often.
        """
        least = min(self.commonest, self.taught)
        within = least + LITTLE * (1 - least)
        spread = math.sqrt(least * (1 - least) / max(self.images, 1))
        return accuracy + LIKELY * spread < within


def diagnose(
    checkups: Sequence[CheckUp],
    epochs: Sequence[Epoch],
    chance: Chance,
    *,
    over: bool = True,
    held: bool = False,
) -> tuple[Finding, ...]:
    """Say what is wrong with a run, the causes alone.

    Args:
        checkups: so far.
        epochs: all so far; none before the first is over.
        chance: of the validation images.
        over: whether the run is; before that labels are not doubted.
        held: whether batch normalisation is meant to keep the averages it came with.

    Returns:
        What was found, the gravest first; empty where nothing is wrong.
    """
    if not checkups:
        return ()
    learnt = bool(epochs) and _learnt(epochs, chance)
    found = (
        _values(checkups[-1])
        or _rate(checkups, epochs, chance, learnt)
        or (() if held else _norms(checkups[-1]))
        or find_dead_units(checkups, learnt)
    )
    if found or learnt or not over or len(epochs) < FEW:
        return found
    return _labels(checkups[-1], epochs, chance)


def _learnt(epochs: Sequence[Epoch], chance: Chance) -> bool:
    """Whether the second half of the epochs tells more right than chance does, on the mean."""
    later = [epoch.val_accuracy for epoch in epochs[len(epochs) // 2 :]]
    return chance.beaten(sum(later) / len(later))


def _values(one: CheckUp) -> tuple[Finding, ...]:
    train, val = one.train, one.val
    told = f"mean {train.mean:.3g}, standard deviation {train.std:.3g}"
    if abs(train.mean) > FAR or train.std > WIDE or train.std < NARROW:
        return (
            Finding(
                "preprocessing",
                f"what goes into the first layer has {told}; expected about 0 and 1",
                "scale images once: leave the scaling to Striate, or make the network's own fit "
                "the values that it gets, (pixel / 255 - mean) / std",
                one.epoch,
            ),
        )
    ratio = val.std / max(train.std, 1e-9)
    if abs(val.mean - train.mean) > APART * train.std or not 1 / UNLIKE < ratio < UNLIKE:
        return (
            Finding(
                "preprocessing",
                f"validation images go in with mean {val.mean:.3g} and standard deviation "
                f"{val.std:.3g}, training images with {told}: they were made otherwise",
                "prepare both the same way before they are given to Striate, and look at a few "
                "of each side by side",
                one.epoch,
            ),
        )
    return ()


def _rate(
    checkups: Sequence[CheckUp], epochs: Sequence[Epoch], chance: Chance, learnt: bool
) -> tuple[Finding, ...]:
    first = {layer.address: layer.weight for layer in checkups[0].layers}
    for one in checkups:
        steps = [layer.update for layer in one.layers if layer.weight > 0]
        growth = [
            layer.weight / first[layer.address]
            for layer in one.layers
            if first.get(layer.address, 0.0) > 0
        ]
        if one.epoch == 0 or not steps or not growth:
            continue
        step, grown = median(steps), median(growth)
        large = step > STEP or grown > GROWN
        if step > HUGE_STEP or grown > BLOWN or (large and not learnt) or _killed(checkups, step):
            loss = next((e.train_loss for e in epochs if e.epoch == one.epoch), math.nan)
            rate = max((epoch.learning_rate for epoch in epochs), default=math.inf)
            times = f"{grown:.2g}"
            large_now = "" if times == "1" else f", they are {times} times as large as they were"
            dead = max((bend.dead for bend in checkups[-1].bends), default=0.0)
            killed = f"; {format_percent(dead)} of the units of a layer died" if dead > DEAD else ""
            return (
                Finding(
                    "learning rate",
                    f"after epoch {one.epoch} a step moves the middle layer's weights by "
                    f"{step * 100:.1f} % of their size (about 0.1 % is usual){large_now}, and the "
                    f"training loss is {loss:.3g} where guessing gives "
                    f"{chance.entropy:.3g}{killed}",
                    f"train with a lower one, such as --learning-rate {_lower(rate):.1g}",
                    one.epoch,
                ),
            )
    return ()


def _killed(checkups: Sequence[CheckUp], step: float) -> bool:
    """Whether units that lived at the beginning died while steps were large."""
    before = {bend.after: bend.dead for bend in checkups[0].bends}
    died = any(b.dead > DEAD >= before.get(b.after, 1.0) for b in checkups[-1].bends)
    return died and step > KILLING


def _lower(rate: float) -> float:
    """Propose a rate: a thirtieth, and never more than what suits most networks."""
    return min(rate / 30, 3e-3)


def _norms(one: CheckUp) -> tuple[Finding, ...]:
    stale = [each for each in one.norms if not each.learning and each.initial]
    if one.epoch == 0 or not stale or len(stale) * 2 < len(one.norms):
        return ()
    worst = max(stale, key=lambda each: abs(math.log(max(each.spread, 1e-12))))
    names = ", ".join(each.address for each in stale[:4]) + (", ..." if len(stale) > 4 else "")
    return (
        Finding(
            "normalisation",
            f"batch normalisation does not learn its means and variances ({names}): it keeps 0 "
            f"and 1 as at the beginning, while the variance that comes into {worst.address} is "
            f"{worst.spread:.3g}",
            "let it be in training mode while the network is trained, or give it averages first; "
            "a network that switches it to evaluation mode in its own train() does this",
            one.epoch,
        ),
    )


def _labels(one: CheckUp, epochs: Sequence[Epoch], chance: Chance) -> tuple[Finding, ...]:
    later = [epoch.val_accuracy for epoch in epochs[len(epochs) // 2 :]]
    if not chance.hopeless(sum(later) / len(later)):
        return ()
    right = (
        f"{format_percent(sum(later) / len(later))} of the validation images are correct, on "
        "average over the second half of the epochs"
    )
    guess = f"always the commonest class would give {format_percent(chance.commonest)}"
    heart = chance.beaten(one.accuracy, one.images)
    seen = (
        f"though {format_percent(one.accuracy)} of the training images are: they are learnt "
        "by heart, and nothing of it holds for others"
        if heart
        else f"and the training loss ends at {epochs[-1].train_loss:.3g}, where guessing gives "
        f"{chance.entropy:.3g}"
    )
    return (
        Finding(
            "labels",
            f"{right} ({guess}), {seen}",
            "look at some training images of each class: labels that were shuffled or shifted "
            "against the images look like this; where they are right, the images may be too "
            "few, too small (--image-size), or of no difference",
            epochs[-1].epoch,
        ),
    )


def reconsidered(finding: Finding, chance: Chance, told: float, images: int) -> Finding:
    """Clear the labels where colours alone tell more right than chance: then they fit.

    Args:
        finding: any; only doubts about labels are reconsidered.
        chance: of the validation images.
        told: the accuracy of `told_by_colours`.
        images: of how many.

    >>> doubt = Finding("labels", "50.0 % of the validation images are correct", "look", 6)
    >>> reconsidered(doubt, Chance.of([200, 200]), 0.51, 500).name
    'labels'
    >>> reconsidered(doubt, Chance.of([200, 200]), 0.71, 500).name
    'nothing learnt'
    """
    if finding.name != "labels" or not chance.beaten(told, images):
        return finding
    return Finding(
        "nothing learnt",
        f"{finding.words}; yet labels and images belong together: a straight line on 8 x 8 "
        f"patches of colour gets {format_percent(told)} of {images:,} right",
        "train longer, with less dropout, another learning rate or a larger network",
        finding.epoch,
    )
