from __future__ import annotations

import time

import pytest
import torch

from striate.backends.peak import Reach, peak, reach


def test_the_peak_is_what_a_large_product_takes() -> None:
    values = torch.rand(1024, 1024)
    seconds = []
    for _ in range(4):
        begun = time.perf_counter()
        torch.mm(values, values)
        seconds.append(time.perf_counter() - begun)
    by_hand = 2 * 1024**3 / min(seconds)
    assert by_hand / 4 < peak("cpu", torch.float32) < by_hand * 4  # other programs may be busy


def test_training_is_set_beside_both_products() -> None:
    found = reach(1e9, "cpu")
    assert found.operations == 1e9
    assert min(found.float32, found.bf16) > 1e7
    assert Reach.from_json(found.as_json()).float32 == pytest.approx(found.float32, rel=1e-6)
    assert str(found).startswith("1 GFLOP/s, ")
