"""A promise of precision, or why there is none, in numbers and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from striate.data import format_count
from striate.model.decision import Promise, Taxonomy
from striate.terminal.units import format_percent


@dataclass(frozen=True)
class LevelFit:
    """What was found of the answers by a class, or of those by nodes of one level above.

    Attributes:
        thresholds: from which probability on each class or node is answered; None: never.
        offered: images that came to this level: those that no level below answers.
        answered: of these, those that are answered here.
        right: of these, those that are answered correctly.
        further: how many more images could carry it, where it is not promised of all; None where
            no number could, as too many of the surest answers are wrong.
        failed: the classes or nodes that cannot carry it, where it is asked of each; (0,) where it
            is asked of all together and cannot be carried.
    """

    thresholds: tuple[float | None, ...]
    offered: int
    answered: int
    right: int
    further: int | None
    failed: tuple[int, ...]


@dataclass(frozen=True)
class PromiseFit:
    """A promise, or why there is none.

    Attributes:
        promise: for the classifier; None where the images cannot carry it.
        precision: as it was asked for.
        confidence: likewise.
        per_class: likewise.
        n: images that it was tested on.
        levels: what was found of the classes, and then of each level of the taxonomy above.
    """

    promise: Promise | None
    precision: float
    confidence: float
    per_class: bool
    n: int
    levels: tuple[LevelFit, ...]

    def describe(self, classes: Sequence[str], taxonomy: Taxonomy | None = None) -> str:
        """Say in a line what is promised, or why it is refused and what would help."""
        each = "of each class " if self.per_class else ""
        asked = f"{each}{format_percent(self.precision)} of the answers are correct"
        with_what = f"with {format_percent(self.confidence)} confidence"
        if taxonomy is not None:
            return self._describe_levels(asked, with_what, classes, taxonomy)
        found = self.levels[0]
        if self.promise is not None:
            kept = format_percent(found.answered / max(self.n, 1))
            shown = f"{found.right:,} of {found.answered:,} answers were correct"
            return (
                f"promised, {with_what}: {asked}; tested on {self.n:,} images, of which {kept} are "
                f"answered ({shown})"
            )
        which = self._name_failed(found, classes)
        images = format_count(self.n, "image")
        if found.further is None:
            return (
                f"no promise that {asked}: on {images} too many of even the surest answers are "
                f"wrong{which}; promise less, or train better"
            )
        return (
            f"no promise that {asked}: {images} cannot show it {with_what}{which}; some "
            f"{found.further:,} further ones could, if they are answered as these are"
        )

    def _describe_levels(
        self, asked: str, with_what: str, classes: Sequence[str], taxonomy: Taxonomy
    ) -> str:
        names = [tuple(classes), *(level.names for level in taxonomy.levels)]
        told, no = [], "not promised, " if self.promise is not None else ""
        for number, (found, own) in enumerate(zip(self.levels, names, strict=True)):
            where = f"level {number}" if number else "the classes"
            if found.answered:
                right = f"{found.right:,} of {found.answered:,} answers were correct"
                told.append(f"{where}: {right}{self._name_failed(found, own, 'but not ')}")
            elif not found.offered:
                told.append(f"{where}: no image is left to it")
            elif found.further is None:
                told.append(f"{where}: {no}too many even of the surest are wrong")
            else:
                told.append(f"{where}: {no}some {found.further:,} further images could show it")
        images, together = format_count(self.n, "image"), f"{with_what} for all levels together"
        if self.promise is None:
            return (
                f"no promise that on each level {asked}: {images} cannot show it {together} "
                f"({'; '.join(told)})"
            )
        answered = sum(found.answered for found in self.levels)
        share = format_percent(answered / max(self.n, 1))
        return (
            f"promised, {together}: on each level {asked}; tested on {images}, of which {share} "
            f"are answered ({'; '.join(told)})"
        )

    def _name_failed(self, found: LevelFit, names: Sequence[str], begin: str = "") -> str:
        """Return which classes or nodes cannot carry it; nothing where it is asked of all."""
        if not self.per_class or not found.failed:
            return ""
        named = ", ".join(f"'{names[each]}'" for each in found.failed[:3])
        return f"{', ' if begin else ' '}{begin}for {named}{', ...' * (len(found.failed) > 3)}"
