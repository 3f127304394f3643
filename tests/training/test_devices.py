"""Devices that are there, and those that are not."""

from __future__ import annotations

import logging

import pytest
import torch

from striate.backends.precision import BF16
from striate.errors import SettingError
from striate.training.distributed import devices


def test_a_device_that_is_not_there_is_refused() -> None:
    assert devices.device("auto") in ("cpu", "cuda", "mps")
    if not torch.cuda.is_available():
        with pytest.raises(SettingError, match="torch finds none"):
            devices.device("cuda")


def test_the_engine_keeps_its_own_lines_to_itself(caplog: pytest.LogCaptureFixture) -> None:
    before = logging.getLogger("lightning_fabric").level
    with caplog.at_level(logging.INFO):
        devices.fabric_for("cpu", BF16)
    assert not [entry for entry in caplog.records if "lightning" in entry.name]
    assert logging.getLogger("lightning_fabric").level == before
