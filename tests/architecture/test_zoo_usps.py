"""The network of 1989 learns the zip-code digits that it was made for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from striate.settings import Settings
from striate.training.runs import start_run


def test_the_network_of_1989_learns_zip_code_digits(
    shared: Callable[[str], Path], tmp_path: Path
) -> None:
    settings = Settings(epochs=4, learning_rate=5e-3, augment=False, precision="float32", threads=1)
    told: list[object] = []
    run = start_run(
        *(shared("data/usps"), "lenet1989"),
        out=tmp_path / "usps",
        settings=settings,
        callback=told.append,
    )
    assert run.model.module.plan.input == (1, 16, 16)  # type: ignore[union-attr]
    assert run.evaluation.n == 2007
    assert 1 - run.evaluation.accuracy < 0.12
