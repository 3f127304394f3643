"""What only a machine with an NVIDIA card shows; see tests/gpu/README.md."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import drawn
import numpy as np
import pytest
import torch

import striate as st
from striate.backends.torch import normalize
from striate.events import Epoch, Event, ignore
from striate.model.classifier import Classifier

FOLDER = os.environ.get("GPU_TESTS_FOLDER", "")  # of prepare.py
DEVICE = os.environ.get("GPU_TESTS_DEVICE", "cuda")  # "cpu" tries the tests themselves
CLOSE = 1e-3  # how far a probability may be from the other device's
NETWORK = "[conv 32 > bn > relu > maxpool 2]*3 > gap > flatten > dropout 0.2 > fc"


@pytest.fixture(scope="session")
def device() -> str:
    """The device's name; the test skips where there is none."""
    if DEVICE == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device here; tests/gpu/run.sh is what runs this on one")
    return DEVICE


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two classes: the photographs of prepare.py, or drawn images."""
    if FOLDER:
        return Path(FOLDER) / "photos"
    return drawn.folder(tmp_path_factory.mktemp("photographs"), n=40, size=(160, 128))


@pytest.fixture(scope="session")
def backbone() -> str:
    """The weights of SqueezeNet 1.1; the test skips without them."""
    path = Path(FOLDER) / "weights" / "squeezenet1_1.pth"
    if not FOLDER or not path.exists():
        pytest.skip("needs the weights that tests/gpu/prepare.py copies where they are there")
    return str(path)


def tell(line: str) -> None:
    sys.stdout.write(f"\n{line}\n")  # shown by pytest -s


def side(device: str) -> int:
    """Of the images, in pixels: what a card does in seconds takes a processor minutes."""
    return 128 if device == "cuda" else 32


def memory(device: str) -> str:
    """The most of the card's memory that this process has held since the last time of asking."""
    if device != "cuda":
        return ""
    held = torch.cuda.max_memory_allocated() / 2**20
    torch.cuda.reset_peak_memory_stats()
    return f", {held:,.0f} MiB of the card's memory"


def pixels_of(model: Classifier, photographs: Path) -> np.ndarray:
    files = sorted(path for path in photographs.rglob("*") if path.is_file())
    return np.stack([model.preprocess.pixels(path) for path in files])


def on_device(
    model: Classifier, pixels: np.ndarray, device: str, *, tf32: bool = False
) -> np.ndarray:
    """The probabilities that the same network gives for the same images on a device."""
    values = torch.from_numpy(pixels).to(device, torch.float32)
    cudnn = torch.backends.cudnn
    flags = {"benchmark": False, "deterministic": True, "allow_tf32": tf32}
    with torch.inference_mode(), cudnn.flags(enabled=True, **flags):
        module = model.to_torch().to(device)
        parts = [module(normalize(part, model.preprocess)) for part in torch.split(values, 64)]
    return model.decision.probabilities(torch.cat(parts).cpu().numpy())


def test_a_resnet_learns_on_the_card_and_the_processor_answers_the_same(
    device: str, photographs: Path, tmp_path: Path
) -> None:
    told: list[Event] = []
    memory(device)
    result = st.train(
        photographs,
        "resnet18" if device == "cuda" else NETWORK,
        out=tmp_path / "run",
        image_size=side(device),
        epochs=4,
        precision="bf16" if device == "cuda" else "float32",
        device=device,
        callback=told.append,
    )
    epochs = [event for event in told if isinstance(event, Epoch)]
    rates = ", ".join(f"{epoch.images_per_second:,.0f}" for epoch in epochs)
    tell(f"images/s of each epoch: {rates}{memory(device)}")
    report = (tmp_path / "run" / "report.html").read_text("utf-8")
    shares = re.findall(r"([\d,.]+) % of this machine.s", report)
    tell(f"utilization: {', '.join(shares) or 'not told'}")
    assert all(float(share.replace(",", "")) <= 100 for share in shares)
    assert epochs[-1].train_loss < epochs[0].train_loss
    pixels = pixels_of(result.model, photographs)
    here, there = result.model.probabilities(pixels), on_device(result.model, pixels, device)
    apart = float(np.abs(here - there).max())
    rounded = on_device(result.model, pixels, device, tf32=True)
    tell(
        f"probabilities on the processor and on {device} differ by {apart:.1e} at most "
        f"(in TF32 by {np.abs(here - rounded).max():.1e})"
    )
    assert apart < CLOSE


def train(photographs: Path, out: Path, device: str, epochs: int) -> list[str]:
    return [
        *(sys.executable, "-m", "striate", "train", str(photographs), "--network", NETWORK),
        *("--out", str(out), "--image-size", str(side(device)), "--epochs", str(epochs)),
        *("--batch-size", "16", "--precision", "bf16" if device == "cuda" else "float32"),
        *("--device", device, "--seed", "3", "--threads", "1", "--json"),
    ]


def test_a_killed_run_goes_on_and_ends_with_exactly_the_same_weights(
    device: str, photographs: Path, tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run(train(photographs, whole, device, 5), check=True, stdout=subprocess.PIPE)
    with subprocess.Popen(
        train(photographs, killed, device, 5), stdout=subprocess.PIPE, text=True
    ) as child:
        ended = 0
        for line in child.stdout or ():
            ended += json.loads(line)["event"] == "epoch"
            if ended == 2:
                break
        child.send_signal(signal.SIGKILL)
    assert not (killed / "classifier.safetensors").exists()
    command = [sys.executable, "-m", "striate", "train", "--resume", str(killed)]
    subprocess.run(command, check=True, stdout=subprocess.PIPE)
    one, two = (st.load(run / "classifier.safetensors").to_torch() for run in (whole, killed))
    for (name, value), other in zip(
        one.state_dict().items(), two.state_dict().values(), strict=True
    ):
        assert torch.equal(value, other), name


def test_features_of_a_backbone_are_those_of_the_processor(
    device: str, photographs: Path, backbone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models: list[Classifier] = []
    memory(device)
    for place in (device, "cpu"):
        monkeypatch.setenv("STRIATE_CACHE", str(tmp_path / f"cache-{place}-{len(models)}"))
        begun = time.perf_counter()
        result = st.train(
            photographs,
            pretrained="squeezenet1_1",
            weights=backbone,
            offline=True,
            out=tmp_path / f"run-{len(models)}",
            device=place,
            callback=ignore,
        )
        took = time.perf_counter() - begun
        tell(f"a head on {place}: {took:.1f} s, {result.evaluation.accuracy:.3f}{memory(place)}")
        assert result.evaluation.accuracy > 0.8
        models.append(result.model)
    pixels = pixels_of(models[0], photographs)
    first, second = (model.probabilities(pixels).argmax(1) for model in models)
    assert (first == second).mean() > 0.97


def test_more_devices_than_there_are_is_refused_in_one_line(
    device: str, photographs: Path, tmp_path: Path
) -> None:
    if device != "cuda":
        pytest.skip("a processor is shared by as many processes as are asked for")
    one_more = torch.cuda.device_count() + 1
    command = [*train(photographs, tmp_path / "run", device, 1), "--devices", str(one_more)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert f"{one_more} devices are asked for and this machine has {one_more - 1}" in line
