"""Evidence for a map: has it earned trust? Every verdict with its figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from striate.data.images.decoding import Source
from striate.explanation.deletion_insertion import Removal, removals
from striate.explanation.hooks import record
from striate.explanation.map_resampling import stretched
from striate.explanation.methods import explain
from striate.explanation.parameter_randomisation import MapOf, Randomisation, randomisation
from striate.explanation.pointing_game import Box, Pointing, pointing
from striate.explanation.subject import Subject
from striate.explanation.target import Aim, Wanted, aim_at
from striate.model.classifier import Classifier
from striate.terminal.units import format_percent

Make = Callable[[Classifier, Subject, Aim], np.ndarray]

FAINT = 0.1  # probability of the class below which its fall says little


@dataclass(frozen=True)
class Evidence:
    """What speaks for and against a map.

    Attributes:
        about: the score that the map explains, in words: "cat" or "cat rather than dog".
        deletion: the class while what the map marks is taken away.
        insertion: the class while it comes.
        randomisation: whether the map changes when the network forgets; None where it was not
            asked.
        pointing: the map against boxes; None where there were none.
    """

    about: str
    deletion: Removal
    insertion: Removal
    randomisation: Randomisation | None = None
    pointing: Pointing | None = None

    @property
    def checks(self) -> dict[str, bool]:
        """The verdict of each check that was made, by its name.

        Deletion and insertion are to beat random orders. That they also beat the middle of the
        image is told and not asked: where the thing stands in the middle, no map can do much
        better.
        """
        found = {
            "deletion": self.deletion.better_than_chance,
            "insertion": self.insertion.better_than_chance,
        }
        if self.randomisation is not None:
            found["randomisation"] = self.randomisation.passed
        if self.pointing is not None:
            energy = self.pointing.energy
            found["pointing"] = self.pointing.hit
            found["energy"] = energy is not None and energy > self.pointing.area
        return found

    @property
    def trusted(self) -> bool:
        """Whether the map earned trust: it passed every check that was made."""
        return all(self.checks.values())

    @property
    def words(self) -> tuple[str, ...]:
        """The verdict, and the figures of every check, a sentence each."""
        checks = self.checks
        good = [name for name, passed in checks.items() if passed]
        bad = [name for name, passed in checks.items() if not passed]
        count = f"{len(good)} of {len(checks)} checks"
        verdict = f"the map of '{self.about}' earned trust: it passes {count}"
        if bad and good:
            verdict = (
                f"the map of '{self.about}' did not earn full trust: it passes {count}, not "
                f"{', '.join(bad)}"
            )
        elif bad:
            verdict = f"the map of '{self.about}' did not earn trust: it passes none of {count[5:]}"
        better = [each.kind for each in (self.deletion, self.insertion) if each.better_than_centre]
        verdict += (
            f"; it beats the middle of the image in {' and '.join(better)}"
            if better
            else "; it does not beat the middle of the image"
        )
        others = [each.words for each in (self.randomisation, self.pointing) if each is not None]
        if self.randomisation is None:
            others.append("whether the map follows the network was not checked")
        start = self.deletion.by_map.probability[0]
        if start < FAINT:
            others.append(
                f"the network gives '{self.about}' only {format_percent(start)} to begin with, so "
                "deletion and insertion say little"
            )
        return (verdict, self.deletion.words, self.insertion.words, *others)

    def __str__(self) -> str:
        return "\n".join(self.words)

    def as_json(self) -> dict[str, Any]:
        """Give it as plain JSON values, the verdict in words among them."""
        return {
            **asdict(self),
            "checks": self.checks,
            "trusted": self.trusted,
            "words": list(self.words),
        }


def evidence(
    model: Classifier,
    source: Source | Subject,
    make: Make | str = "auto",
    *,
    of: Wanted = None,
    against: Wanted = None,
    boxes: Sequence[Box] = (),
    how: str = "blur",
) -> Evidence:
    """Put a way of making maps to the test on one image, the randomisation check included.

    Args:
        model: the classifier.
        source: the image, as `Classifier.predict` takes it.
        make: a method of `explain`; or a function that makes the map (rows, columns) of any size
            with a classifier, an image and a class.
        of: the class asked about; None takes the most probable.
        against: another one, or None.
        boxes: where the thing is, (top, left, bottom, right) each in pixels of the input.
        how: what stands in for deleted pixels: "blur" or "mean".

    Raises:
        ImageError: the image cannot be read.
        SettingError: there is no such class or method, or a box has no inside.

    >>> from striate.backends.torch import build
    >>> from striate.data.images import Preprocess
    >>> text = "input 1x8x8 classes=2 > conv 4 > relu > gap > flatten > fc"
    >>> model = Classifier(build(text), text, ("a", "b"), Preprocess(1, 8, 8))
    >>> bright = lambda model, subject, aim: subject.pixels[0].astype(float)
    >>> found = evidence(model, np.arange(64, dtype=np.uint8).reshape(8, 8), bright, of="a")
    >>> found.about, found.randomisation.passed
    ('a', False)
    """
    subject = source if isinstance(source, Subject) else Subject.of(model, source)
    passed = record(model.module, subject.values, [])
    aim = aim_at(model, of, against, logits=passed.output[0].cpu().numpy())
    making = by_method(model, subject, make) if isinstance(make, str) else make
    values = stretched(making(model, subject, aim), *subject.pixels.shape[1:])
    return evidence_of(
        model,
        subject,
        values,
        aim,
        map_of=lambda other: making(other, subject, aim),
        boxes=boxes,
        how=how,
    )


def by_method(
    model: Classifier, subject: Subject, method: str, *, layer: str | None = None
) -> Make:
    """Give a method of `explain` as a function that makes maps.

    "auto" is settled once, so that a network whose weights are drawn anew is explained the same
    way as the one before.

    Args:
        model: the classifier.
        subject: an image.
        method: "auto", "cam", "grad-cam", ...
        layer: whose maps are taken; None for the usual one.

    Raises:
        SettingError: there is no such method, or it does not fit the network.
    """
    settled = explain(model, subject, method=method, layer=layer).method

    def make(other: Classifier, image: Subject, aim: Aim) -> np.ndarray:
        of = aim.place if aim.against is None else (aim.place, aim.against)
        return explain(other, image, of=of, method=settled, layer=layer).map

    return make


def evidence_of(
    model: Classifier,
    subject: Subject,
    values: np.ndarray,
    aim: Aim,
    *,
    map_of: MapOf | None = None,
    boxes: Sequence[Box] = (),
    how: str = "blur",
) -> Evidence:
    """Put a map to the test, whatever made it.

    Args:
        model: the classifier that the map explains.
        subject: the image.
        values: the map, (height, width) of the network's input, higher where it matters more.
        aim: the class that it explains.
        map_of: makes the map with a classifier, for the randomisation check; None leaves that
            check out, and the verdict says so.
        boxes: where the thing is, (top, left, bottom, right) each in pixels of the input; none
            leaves the pointing game out.
        how: what stands in for deleted pixels: "blur" or "mean".

    Raises:
        SettingError: the map has another size than the input, or a box has no inside.

    >>> from striate.backends.torch import build
    >>> from striate.data.images import Preprocess
    >>> text = "input 1x8x8 classes=2 > conv 4 > relu > gap > flatten > fc"
    >>> model = Classifier(build(text), text, ("a", "b"), Preprocess(1, 8, 8))
    >>> seen = Subject.of(model, np.arange(64, dtype=np.uint8).reshape(8, 8))
    >>> found = evidence_of(model, seen, np.eye(8), Aim(0, None, "a"), boxes=[(0, 0, 4, 4)])
    >>> found.pointing.energy, found.randomisation is None
    (0.5, True)
    """
    deleted, inserted = removals(model, subject.pixels, values, aim, how=how)
    return Evidence(
        about=aim.words,
        deletion=deleted,
        insertion=inserted,
        randomisation=None if map_of is None else randomisation(model, subject, map_of),
        pointing=pointing(values, boxes) if boxes else None,
    )
