"""What is chosen for a run that several processes share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_plan import HEAD_ALONE, made_plan

from striate.data import count_cores, find
from striate.errors import SettingError
from striate.settings import Settings
from striate.training.distributed.process_group import Workers
from striate.training.distributed.sharing import memory_for, share_steps
from striate.training.plan import Plan

PAIR = Workers("cpu", 2)


NORMALISED = "input 1x8x8 classes=2 > conv 4 > bn > gap > flatten > fc"
PLAIN = "input 1x8x8 classes=2 > flatten > fc"


def choose(
    network: str | None, batch_size: int, threads: int | None = None
) -> tuple[Plan, list[str]]:
    """Give the plan of two processes, and what is said of it."""
    said: list[str] = []
    plan = made_plan(network, batch_size=batch_size)
    return share_steps(plan, Settings(threads=threads), PAIR, 100, say=said.append), said


def test_one_process_changes_nothing_and_says_nothing() -> None:
    said: list[str] = []
    plan = made_plan(PLAIN, batch_size=3)
    assert share_steps(plan, Settings(), Workers("cpu"), 100, say=said.append) == plan
    assert said == []


def test_batch_normalisation_by_shares_is_said() -> None:
    plan, said = choose(NORMALISED, 16, threads=3)
    assert plan.recipe.batch_size == 16
    assert "batch normalisation normalises in each by its own share" in said[-1]
    assert plan.threads == made_plan(NORMALISED).threads  # the user's, whatever it is
    _, said = choose(PLAIN, 16)
    assert said == ["2 processes share the 16 images of each step"]


def test_every_process_has_images_in_every_step() -> None:
    assert choose(PLAIN, 1)[0].recipe.batch_size == 2
    plan, said = choose(NORMALISED, 2)
    assert plan.recipe.batch_size == 4
    assert said[0] == "batch size raised from 2 to 4 so that every process gets images"


def test_the_cores_are_divided() -> None:
    plan, _ = choose(PLAIN, 16)
    assert (plan.threads, plan.world_size) == (max(1, count_cores() // 2), 2)


def test_fewer_images_than_processes_are_refused() -> None:
    with pytest.raises(SettingError, match="64 processes are to share 40 training images"):
        share_steps(made_plan(PLAIN), Settings(), Workers("cpu", 64), 40, say=print)


def test_processes_of_one_machine_share_a_file_of_what_needs_decoding(photos: Path) -> None:
    folder, arrays = find(photos), find("digits")
    assert memory_for(folder, 1000, Workers("cpu")) == 1000
    assert memory_for(folder, 1000, PAIR) == 0
    assert memory_for(arrays, 1000, PAIR) == 1000
    assert isinstance(arrays.content, np.ndarray)


def test_a_head_alone_is_one_process_s_work() -> None:
    said: list[str] = []
    plan = made_plan(PLAIN, transfer=HEAD_ALONE)
    assert share_steps(plan, Settings(), PAIR, 100, say=said.append).threads == plan.threads
    assert said == ["a head alone is learnt by one process: --devices does not make it faster"]
