"""A hostile text in every field of the pages of an explanation: shown as it is, it does nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hostile_texts import HARMLESS, HOSTILE, Poisoned, unharmed

from striate.data import Collection
from striate.data.images import Preprocess
from striate.events import Event
from striate.explanation.attribution_methods import METHODS
from striate.explanation.inspection import inspect
from striate.explanation.page import of_folder, of_image
from striate.explanation.unit_inspection import UnitSelection, inspect_units
from striate.model.loading import load
from striate.training.result import TrainingResult

Done = tuple[TrainingResult, list[Event]]

FILES = [("a.npz", "arrays"), ("a.json", "numbers")]
KEPT = {*METHODS, "layer", "deletion", "insertion", "randomisation"}


def test_in_every_field_of_the_page_of_an_image(done: Done, photos: Path) -> None:
    image = sorted(photos.glob("square/*.png"))[0]
    found = inspect(load(done[0].folder), image, target="square")
    found = replace(found, unavailable=("the walk: a reason",))
    assert found.arithmetic is not None and found.path is not None
    steps = [*found.arithmetic.steps, *(one.arithmetic for one in found.path.steps)]
    kept = KEPT.union(
        *(one.facts for one in found.explanations), *(one.terms.facts for one in steps)
    )

    def page(poison: Poisoned) -> str:
        return of_image(poison(found), command=poison("explain"), files=poison(FILES))

    harmless, poison = (Poisoned(text, kept, Preprocess) for text in (HARMLESS, HOSTILE))
    shown, hostile = unharmed(page(harmless), page(poison)), poison(found)
    assert hostile.path is not None and hostile.score_decomposition is not None
    for text in (
        hostile.image.name,
        *(label[:39] for label in hostile.classes),  # cut there
        *hostile.unavailable,
        hostile.explanations[0].target,
        hostile.explanations[0].rule,
        hostile.score_decomposition.layer,
        hostile.path.target,
        *hostile.block_outputs,
        *(one.name for one in hostile.filters),
        *(one.layer for one in hostile.receptive_fields),
        *(HOSTILE + beside for pair in FILES for beside in pair),
        HOSTILE + "explain",
    ):
        assert HOSTILE[:39] in text
        assert text in shown.words


def test_in_every_field_of_the_page_of_a_folder(done: Done, photos: Path) -> None:
    selection = UnitSelection(layers=2, units=2)
    found = replace(
        inspect_units(load(done[0].folder), photos, selection=selection), unavailable=("a reason",)
    )
    found = replace(
        found, activations=replace(found.activations, notes=("two files are no images",))
    )

    def page(poison: Poisoned) -> str:
        return of_folder(
            poison(found),
            model=poison("model"),
            data=poison("data"),
            parameters=7,
            command=poison("explain"),
            files=poison(FILES),
        )

    harmless, poison = (Poisoned(text, KEPT, Collection) for text in (HARMLESS, HOSTILE))
    shown, hostile = unharmed(page(harmless), page(poison)), poison(found)
    assert hostile.shortcuts is not None
    for text in (
        *(HOSTILE + word for word in ("model", "data", "explain", "a reason", *FILES[0])),
        *hostile.activations.classes,
        *hostile.activations.notes,
        *(words[1:] for words in hostile.shortcuts.words),
        *(level.name for level in hostile.layers),
        hostile.shortcuts.layer,
        hostile.shortcuts.evaluated,
    ):
        assert HOSTILE in text
        assert text in shown.words
    patches = [one for level in hostile.layers for unit in level.units for one in unit.top]
    assert all(any(one.name in told for told in shown.told) for one in patches)
