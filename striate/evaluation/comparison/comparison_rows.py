"""What a comparison is made of: plain numbers on each classifier, each pair, each image."""

from __future__ import annotations

from dataclasses import dataclass

from striate.model.prediction import DONT_KNOW


@dataclass(frozen=True)
class ModelScores:
    """One classifier of a comparison, or the answers of another tool or a person.

    Of answers from outside alone, what is only known of a classifier is None.

    Attributes:
        name: what it is called here.
        origin: where it comes from: "from scratch, resnet18".
        accuracy: share classified correctly, 0 to 1; `accuracy_low` and `accuracy_high` are its
            95 % Wilson interval.
        cross_entropy: mean of -ln(probability of the true class).
        parameters: numbers that it has learnt.
        macs: multiply-accumulates for one image; None for a torch module.
        seconds_per_image: of its network on this machine, in this comparison, decoding left
            out; all were timed in turns.
        training_seconds: of its run; None where there is no record of it.
        training_kwh: the electricity of its run; None where that was not measured.
        training_kg_co2e: the CO2e of that.
    """

    name: str
    origin: str
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    cross_entropy: float | None
    parameters: int | None
    macs: int | None
    seconds_per_image: float | None
    training_seconds: float | None
    training_kwh: float | None = None
    training_kg_co2e: float | None = None


@dataclass(frozen=True)
class ModelPair:
    """Two classifiers on the same images.

    Attributes:
        first: the name of the one compared against.
        second: the name of the other.
        n: how many images.
        both_correct: images that both classified correctly.
        only_first: images that the first alone classified correctly.
        only_second: images that the second alone classified correctly.
        both_wrong: images that neither classified correctly.
        difference: accuracy of the second minus accuracy of the first, -1 to 1;
            `difference_low` and `difference_high` are its paired 95 % interval (Tango's).
        p: of McNemar's exact test that both are equally good.
        p_adjusted: the same as it counts among all pairs of the comparison (Holm's).
        better: the name of the one that is better; None where that cannot be told.
        images_needed: about how many would show a difference of this size, four times in
            five; None where one is better already, or where there is no difference.
        words: all this in one sentence.
    """

    first: str
    second: str
    n: int
    both_correct: int
    only_first: int
    only_second: int
    both_wrong: int
    difference: float
    difference_low: float
    difference_high: float
    p: float
    p_adjusted: float
    better: str | None
    images_needed: int | None
    words: str


@dataclass(frozen=True)
class ImageAnswers:
    """One image and what each classifier answered.

    Attributes:
        name: the image.
        truth: its class, as the data calls it.
        answers: the most probable class of each classifier, in their order.
        probabilities: of these answers, 0 to 1; None where that is not known.
        given: what each says in the end: a class, a node above the classes, or None, "I don't
            know"; empty where all always answer by a class.
    """

    name: str
    truth: str
    answers: tuple[str, ...]
    probabilities: tuple[float | None, ...]
    given: tuple[str | None, ...] = ()

    def say(self, place: int) -> str:
        """Return what a classifier says in the end, where that is not its most probable class."""
        if not self.given or self.given[place] == self.answers[place]:
            return ""
        return self.given[place] or DONT_KNOW

    @property
    def differs(self) -> bool:
        """Whether not all answers are the same."""
        return len(set(self.answers)) > 1

    @property
    def decides(self) -> bool:
        """Whether some are right and some wrong."""
        return self.differs and self.truth in self.answers
