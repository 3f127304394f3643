from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import resource
import torch
from striate.backends.allocator import kept

def step():
    for size in (2**18, 2**20, 2**24):  # 1 to 64 MB; what is above 32 glibc always gives back
        torch.zeros(size).add(1).sum().item()

def faults():
    for _ in range(3):
        step()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        step()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

without = faults()
with kept():
    within = faults()
    blocks = [torch.ones(2**20) for _ in range(50)]  # 200 MB
    del blocks
    most = resident()
print(without, within, most - resident())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is told to keep memory")
def test_memory_is_kept_between_steps_and_given_back_at_the_end() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=120
    )
    without, within, given_back = map(int, done.stdout.split())
    assert without > 4 * within  # pages handed out anew
    assert given_back > 150e6
