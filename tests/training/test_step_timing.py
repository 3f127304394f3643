"""Training steps that are timed: on the run's own loop, and only of what can be trained."""

from __future__ import annotations

import pytest

from striate.architecture.layer_table import summary
from striate.errors import SettingError
from striate.training.step_timing import STEPS, StepTiming, time_steps


def test_an_epoch_is_the_steps_that_its_images_take() -> None:
    assert StepTiming(seconds=0.2, batch=50, steps=12).epoch(1000) == pytest.approx(4.0)


def test_steps_of_a_small_network_are_timed() -> None:
    table = summary("input 3x12x12 classes=300 > conv 4 > bn > relu > gap > flatten > fc")
    found = time_steps(table, batch=8)
    assert found.batch == 8 and found.steps == STEPS
    assert 0 < found.seconds < 60


def test_what_ends_in_maps_cannot_be_timed() -> None:
    with pytest.raises(SettingError, match="gives 4x8x8 and cannot be trained"):
        time_steps(summary("input 1x8x8 > conv 4"))


def test_images_of_five_channels_are_refused() -> None:
    with pytest.raises(SettingError, match="5 channels"):
        time_steps(summary("input 5x8x8 classes=2 > flatten > fc"))
