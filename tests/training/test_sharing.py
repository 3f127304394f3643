"""What is chosen for a run that several processes share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from striate.data import find
from striate.errors import SettingError
from striate.settings import Settings
from striate.training.distributed.devices import Team
from striate.training.distributed.sharing import memory_for, shared

PAIR = Team("cpu", 2)


def choose(network: str | None, batch: int, **others: Any) -> tuple[dict[str, Any], list[str]]:
    """Give what is chosen for two processes, and what is said of it."""
    said: list[str] = []
    chosen = {"network": network, "batch": batch}
    values = shared(chosen, Settings(**others), PAIR, 100, say=said.append)
    return values, said


def test_one_process_changes_nothing_and_says_nothing() -> None:
    said: list[str] = []
    chosen = {"network": "flatten > fc", "batch": 3}
    values = shared(chosen, Settings(), Team("cpu"), 100, say=said.append)
    assert (values, said) == ({"device": "cpu", "processes": 1, "batch": 3}, [])


def test_batch_normalisation_by_shares_is_said() -> None:
    values, said = choose("conv 4 > bn > gap > flatten > fc", 16, threads=3)
    assert values["batch"] == 16
    assert "batch normalisation normalises in each by its own share" in said[-1]
    assert "threads" not in values
    _, said = choose("flatten > fc", 16)
    assert said == ["2 processes share the 16 images of each step"]


def test_every_process_has_images_in_every_step() -> None:
    assert choose("flatten > fc", 1)[0]["batch"] == 2
    values, said = choose("conv 4 > bn > gap > flatten > fc", 2)
    assert values["batch"] == 4
    assert said[0] == "a step has 4 images, not 2: every process needs some"


def test_the_cores_are_divided() -> None:
    values, _ = choose("flatten > fc", 16)
    assert values["threads"] >= 1


def test_fewer_images_than_processes_are_refused() -> None:
    with pytest.raises(SettingError, match="64 processes are to share 40 training images"):
        shared({"network": "flatten > fc", "batch": 16}, Settings(), Team("cpu", 64), 40, say=print)


def test_processes_of_one_machine_share_a_file_of_what_needs_decoding(photos: Path) -> None:
    folder, arrays = find(photos), find("digits")
    assert memory_for(folder, 1000, Team("cpu")) == 1000
    assert memory_for(folder, 1000, PAIR) == 0
    assert memory_for(arrays, 1000, PAIR) == 1000
    assert isinstance(arrays.content, np.ndarray)


def test_a_head_alone_is_one_process_s_work() -> None:
    said: list[str] = []
    chosen = {"network": "flatten > fc", "batch": 16, "transfer": {"shares": []}}
    shared(chosen, Settings(), PAIR, 100, say=said.append)
    assert said == ["a head alone is learnt by one process: --devices does not make it faster"]
