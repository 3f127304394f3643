import copy
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import nn

from striate.backends import bf16, precision
from striate.backends.bf16 import computes_bf16, is_fast_in_bf16
from striate.backends.precision import (
    BF16,
    CHANNELS_FIRST,
    FLOAT32,
    WAYS,
    Budget,
    Precision,
    fastest,
    fixed,
    measure,
)
from striate.data import OtherWork
from striate.errors import SettingError

NO_LABELS = torch.zeros(32, dtype=torch.int64)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout()
    ).eval()


class Slow(nn.Module):
    """Counts the images of every forward pass."""

    def __init__(self, seen: list[int], seconds: float = 0.0) -> None:
        super().__init__()
        self.weight, self.seen, self.seconds = nn.Parameter(torch.zeros(2)), seen, seconds

    def __deepcopy__(self, memo: object) -> "Slow":
        return Slow(self.seen, self.seconds)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        self.seen.append(len(values))
        time.sleep(self.seconds * len(values))
        return values.flatten(1)[:, :2] + self.weight


def can(monkeypatch: pytest.MonkeyPatch, **capabilities: bool) -> None:
    monkeypatch.setattr(bf16, "PROCESSORS", Path("nowhere"))  # so that torch is asked
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)


def test_measuring_leaves_the_network_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    can(monkeypatch, avx512_bf16=True)
    module = network()
    before = copy.deepcopy(module.state_dict())
    timing = measure(module, torch.rand(32, 3, 8, 8), NO_LABELS, Budget(images=1e9))
    assert list(timing.rates) == list(WAYS)
    assert timing.n in (4, 16, 32)  # as far as the time went
    assert all(value > 0 for value in timing.seconds.values())
    assert not module.training
    assert all(parameter.grad is None for parameter in module.parameters())
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])


def test_sizes_grow_and_end_where_the_time_does() -> None:
    seen: list[int] = []
    assert measure(Slow(seen), torch.rand(32, 3, 8, 8), NO_LABELS, Budget(images=1e9)).n == 32
    assert sorted(set(seen)) == [4, 16, 32] == list(dict.fromkeys(seen))
    seen.clear()
    slow = Slow(seen, seconds=0.05)
    assert measure(slow, torch.rand(32, 3, 8, 8), NO_LABELS, Budget(images=1)).n == 4
    assert set(seen) == {4}


class Threads(Slow):
    """Takes longer the more threads there are, as beside another program."""

    def __deepcopy__(self, memo: object) -> "Threads":
        return Threads(self.seen, self.seconds)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        time.sleep(0.1 * (torch.get_num_threads() - 1))
        return super().forward(values)


@pytest.mark.parametrize("crowded", [False, True])
def test_beside_other_programs_one_thread_decides(
    crowded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OtherWork, "crowds", lambda self, threads: crowded)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        timing = measure(Threads([]), torch.rand(4, 3, 8, 8), NO_LABELS[:4], Budget(images=1))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert (min(timing.seconds.values()) < 0.1) == crowded


def test_short_steps_are_timed_in_whole_batches_however_short_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(precision, "LEAST", 60.0)  # on a busy machine the first step may take long
    seen: list[int] = []
    values = torch.rand(32, 3, 8, 8)
    measure(Slow(seen), values, NO_LABELS, Budget(images=1))
    assert max(seen) == 32


def test_batches_of_one_or_two_are_timed_whole() -> None:
    for n in (1, 2):
        seen: list[int] = []
        timing = measure(Slow(seen), torch.rand(n, 3, 8, 8), NO_LABELS[:n], Budget(images=1))
        assert (timing.n, set(seen)) == (n, {n})


def test_a_budget_is_a_share_of_the_run_or_of_its_minutes() -> None:
    assert Budget(images=1e4).allows(2.5, each=0.01)  # 3 % of 100 seconds
    assert not Budget(images=1e4).allows(3.5, each=0.01)
    assert not Budget(images=1e9).allows(5.5, each=0.01)  # and 5 seconds at most
    assert Budget(images=0, seconds=100).allows(2.5, each=1e-9)
    assert not Budget(images=0, seconds=100).allows(3.5, each=1e9)


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx2": True, "avx512_f": False, "avx512_bf16": False}, False),
        ({"avx512_f": True, "avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
        ({"neon": True, "bf16": True}, True),
        ({"neon": True}, False),
        ({}, False),
    ],
)
def test_what_the_processor_lacks_is_not_tried(
    capabilities: Mapping[str, bool], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    can(monkeypatch, **capabilities)
    assert computes_bf16("cpu") == expected
    timing = measure(network(), torch.rand(4, 3, 8, 8), NO_LABELS[:4], Budget(images=1e6))
    assert ("bf16" in {way.name for way in timing.rates}) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("flags\t\t: fpu avx2 avx512f avx512_bf16 xsave\n", True),
        ("flags\t\t: fpu avx2 avx512f xsave\n", False),
        ("Features\t: fp asimd bf16 sve\n", True),
    ],
)
def test_linux_says_it_without_torch(
    text: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    can(monkeypatch, avx512_bf16=not expected)
    monkeypatch.setattr(bf16, "PROCESSORS", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text(text)
    assert computes_bf16("cpu") == expected


def test_what_onednn_is_limited_to_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    can(monkeypatch, avx512_bf16=True)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    assert not computes_bf16("cpu")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_BF16")
    assert computes_bf16("cpu")


def test_a_torch_that_cannot_be_asked_is_timed_shortly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bf16, "PROCESSORS", Path("nowhere"))
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    for measured in (True, False):
        monkeypatch.setattr(bf16, "is_fast_in_bf16", lambda: measured)  # noqa: B023
        assert computes_bf16("cpu") == measured
    assert is_fast_in_bf16() in (True, False)


def test_a_way_must_be_clearly_faster_to_be_taken() -> None:
    assert fastest({FLOAT32: 1.0, BF16: 1.2}) == FLOAT32
    assert fastest({FLOAT32: 1.0, BF16: 0.95}) == FLOAT32
    assert fastest({FLOAT32: 1.0, BF16: 0.5}) == BF16


@pytest.mark.parametrize("way", (CHANNELS_FIRST, *WAYS))
def test_every_way_can_be_asked_for(way: Precision) -> None:
    assert fixed(str(way).replace(" ", "-")) == way
    assert way.fabric in ("32-true", "bf16-mixed")


def test_an_unknown_way_is_refused_with_the_choice() -> None:
    with pytest.raises(SettingError, match="auto, float32, bf16"):
        fixed("int8")
