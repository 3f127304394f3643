from __future__ import annotations

import time

import pytest
import torch

from striate.backends.bf16 import computes_bf16
from striate.backends.peak import Utilization, peak, utilization


def test_the_peak_is_what_a_large_product_takes() -> None:
    values = torch.rand(1024, 1024)
    seconds = []
    for _ in range(4):
        begun = time.perf_counter()
        torch.mm(values, values)
        seconds.append(time.perf_counter() - begun)
    by_hand = 2 * 1024**3 / min(seconds)
    assert by_hand / 4 < peak("cpu", torch.float32) < by_hand * 4  # other programs may be busy


def test_a_first_product_that_waits_for_a_disk_is_not_the_peak(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # begun; from 0 to 5 s waits for the library's code, from 5 to 5.001 s multiplies
    clock = iter([0.0, 0.0, 5.0, 5.0, 5.001])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock, 9.0))
    assert peak("cpu", torch.float32, side=64) == pytest.approx(2 * 64**3 / 0.001)


@pytest.mark.parametrize("number_format", ["float32", "bf16"])
def test_training_is_set_beside_the_product_of_its_number_format(number_format: str) -> None:
    if number_format == "bf16" and not computes_bf16("cpu"):
        pytest.skip("this processor only imitates bf16")
    found = utilization(1e6, "cpu", number_format)
    assert (found.operations, found.number_format) == (1e6, number_format)
    assert found.peak is not None
    assert found.peak > 1e7
    assert found.share == 1e6 / found.peak
    assert str(found).endswith(f"of this machine's {number_format} peak")


def test_a_peak_that_the_processor_lacks_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    found = utilization(2e11, "cpu", "bf16")
    assert (found.peak, found.share, str(found)) == (None, None, "200 GFLOP/s")


def test_more_than_the_peak_is_no_share_of_it() -> None:
    found = Utilization(2e11, 1e11, "bf16")
    assert found.share is None
    assert str(found) == "200 GFLOP/s"
