"""Small images go into a trained backbone at a smaller size than it was taught at."""

from __future__ import annotations

import pytest
from made_plan import HEAD_ALONE, made_plan

from striate.architecture.notation import expand
from striate.backends.torch import build
from striate.data import Survey
from striate.data.images import Preprocess
from striate.features.backbone import _enough
from striate.features.whole_network import WholeNetwork
from striate.settings import Settings
from striate.training.transfer import ENOUGH, spoken

MAPS = "input 3x224x224 classes=5 > conv 4 stride=2 > relu > gap > flatten > fc"
ROWS = "input 3x224x224 classes=5 > conv 4 stride=16 > relu > flatten > fc 8 > relu > fc"


def found(text: str, seen: dict[str, object] | None = None) -> WholeNetwork:
    plan = expand(text)
    return WholeNetwork(
        plan,
        build(plan).state_dict(),
        Preprocess(3, plan.input[1], plan.input[2]),
        "a backbone",
        seen or {},  # type: ignore[arg-type]
    )


def of_size(rows: int, columns: int) -> Survey:
    size = (rows, columns)
    return Survey(3, rows, columns, size, size, size, True, 10, 10)


@pytest.mark.parametrize(
    ("rows", "columns", "side"),
    [(64, 64, 128), (16, 16, 128), (64, 80, 160), (100, 70, None), (500, 375, None)],
)
def test_the_input_is_twice_the_longer_side_of_small_images(
    rows: int, columns: int, side: int | None
) -> None:
    assert _enough(found(MAPS), Settings(), of_size(rows, columns)) == side


def test_a_body_that_ends_in_full_connections_keeps_its_size() -> None:
    assert _enough(found(ROWS), Settings(), of_size(64, 64)) is None
    assert _enough(found(ROWS), Settings(cut="relu1"), of_size(64, 64)) == 128


def test_a_body_that_knows_what_it_learnt_from_keeps_its_size() -> None:
    assert _enough(found(MAPS, {"train": [1]}), Settings(), of_size(64, 64)) is None


def test_fine_tuning_is_proposed_where_there_are_enough_images() -> None:
    alone = made_plan("input 1x8x8 classes=2 > flatten > fc", transfer=HEAD_ALONE)
    assert spoken(alone, ENOUGH - 1) == ()
    (said,) = spoken(alone, ENOUGH)
    assert "--unfreeze 4" in said
