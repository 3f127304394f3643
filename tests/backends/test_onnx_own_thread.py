"""OpenVINO leaves the thread that asks for it as it was; errors come back; the thread ends."""

from __future__ import annotations

import _thread
import gc
import importlib.util
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from striate.backends.onnx.own_thread import OwnThread
from striate.errors import EngineError

# Two at a time, and the first gone first: that left the main thread with a stack of the second's
# predecessor, which was no longer there, and the signal at the end killed the process.
STACKS = """
import ctypes, gc, signal
from striate.backends.onnx import Trained, libraries, openvino
from striate.backends.onnx.own_thread import OwnThread
from striate.errors import EngineError
from striate.backends.torch import build
from striate.data.images import Preprocess
import numpy as np

class Stack(ctypes.Structure):
    _fields_ = [("at", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t)]

def stack():
    now = Stack()
    assert ctypes.CDLL(None).sigaltstack(None, ctypes.byref(now)) == 0
    return now.at, now.flags, now.size

def engine():
    module = build("input 1x8x8 classes=2 > conv 4 > relu > gap > flatten > fc")
    try:
        return openvino(Trained.of(module.plan, module.state_dict()), Preprocess(1, 8, 8))
    except EngineError:  # a processor without bf16
        return None

def plugin():
    core, first = libraries.openvino().Core(), stack()
    core.get_property("CPU", "FULL_DEVICE_NAME")  # loads it
    return lambda values: np.array([core is not None, stack() != first])

before = stack()
held = [engine(), engine(), OwnThread("one", plugin), OwnThread("two", plugin)]
assert stack() == before, "while they are there"
for each in held[:2]:
    assert each is None or each.run(np.ones((2, 1, 8, 8), np.float32)).shape == (2, 2)
assert held[2](np.zeros(1)).all(), "the plugin changes its own thread, else this tests nothing"
assert stack() == before, "after use"
while held:
    del held[0]
    gc.collect()
    assert stack() == before, "behind them"
caught = []
signal.signal(signal.SIGINT, lambda *_: caught.append(1))
signal.raise_signal(signal.SIGINT)
assert caught
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for a thread's stack for signals")
@pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="openvino is an extra")
@pytest.mark.parametrize("held", ["held = []", "held = [engine()]"])
def test_the_main_thread_keeps_its_stack_for_signals(held: str) -> None:
    # at the end of the program, too, with an engine still there or not
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", STACKS + held], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def there(name: str) -> bool:
    return name in {thread.name for thread in threading.enumerate()}


def halving() -> Callable[[np.ndarray], np.ndarray]:
    return lambda values: values / 2 if values.any() else [][0]


def test_errors_come_back_and_the_next_is_answered() -> None:
    half = OwnThread("erring", halving)
    with pytest.raises(IndexError, match="out of range"):
        half(np.zeros(2))
    assert half(np.ones(2)).tolist() == [0.5, 0.5]


def test_what_cannot_be_opened_says_so_and_leaves_no_thread() -> None:
    held = []

    class Held:
        def __del__(self) -> None:
            held.append(threading.current_thread().name)

    def opening() -> Callable[[np.ndarray], np.ndarray]:
        kept = Held()
        raise EngineError(f"no {type(kept).__name__}")

    with pytest.raises(EngineError, match="no Held"):
        OwnThread("unopened", opening)
    gc.collect()
    assert held == ["unopened"]  # where it was made, though the error goes through its frames
    assert not there("unopened")


def test_the_thread_ends_with_what_holds_it() -> None:
    half = OwnThread("short", halving)
    assert there("short")
    del half
    gc.collect()
    assert not there("short")


def test_ctrl_c_ends_the_waiting_and_the_next_answer_is_its_own() -> None:
    def opening() -> Callable[[np.ndarray], np.ndarray]:
        def slowly(values: np.ndarray) -> np.ndarray:
            if values[0] > 1:
                _thread.interrupt_main()  # as Ctrl-C does
                time.sleep(0.2)
            return values

        return slowly

    it = OwnThread("interrupted", opening)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job may ignore it
    try:
        with pytest.raises(KeyboardInterrupt):
            it(np.array([2]))
    finally:
        signal.signal(signal.SIGINT, before)
    assert it(np.array([1])).tolist() == [1]


FORKED = """
import os, sys
import numpy as np
from striate.errors import EngineError
from striate.backends.onnx.own_thread import OwnThread

double = OwnThread("doubling", lambda: lambda values: 2 * values)
if not (child := os.fork()):
    try:
        double(np.ones(1))
    except EngineError as error:
        sys.exit("was forked" not in str(error))
    sys.exit(2)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork on this system")
def test_a_forked_process_is_refused_and_ends() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED], timeout=60)
    assert done.returncode == 0
