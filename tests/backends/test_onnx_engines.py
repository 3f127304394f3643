"""Every engine answers as torch does, and one that cannot be had makes way for the next."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from test_onnx_graph import EACH_WORD, drawn

from striate.architecture import zoo
from striate.architecture.notation import expand
from striate.backends.onnx import (
    Trained,
    onnx_runtime,
    open_engine,
    openvino,
    state_shapes,
    torch_module,
)
from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import EngineError
from striate.model.importing import import_classifier
from striate.model.loading import load


def made(text: str) -> tuple[Trained, Preprocess, np.ndarray]:
    """A network, how it takes images, and three of them."""
    plan = expand(text)
    channels, rows, columns = plan.input
    mean, std = (0.5, 0.4, 0.3)[:channels], (0.2, 0.3, 0.4)[:channels]
    preprocess = Preprocess(channels, rows, columns, mean=mean, std=std)
    pixels = np.random.default_rng(1).integers(0, 256, (3, *plan.input)).astype(np.float32)
    return Trained.of(plan, drawn(plan).state_dict()), preprocess, pixels


IN_THREE = EACH_WORD.replace("2x13x11", "3x13x11").replace("groups=2", "groups=3")


@pytest.mark.parametrize("text", [IN_THREE, "input 1x6x6 classes=2 > flatten > fc"])
def test_onnx_runtime_answers_as_torch(text: str) -> None:
    trained, preprocess, pixels = made(text)
    expected = torch_module(trained.module(), preprocess).run(pixels)
    assert onnx_runtime(trained, preprocess).run(pixels) == pytest.approx(
        expected, rel=1e-5, abs=1e-5
    )


@pytest.mark.parametrize(
    "text",
    [
        "input 1x28x28 classes=7 > conv 8 > bn > relu > maxpool 2 > flatten > fc 40 > relu > fc",
        "input 3x40x40 classes=5 > conv 9 stride=2 > conv 9 groups=9 > relu > gap > flatten > fc",
    ],
)
def test_an_answer_is_the_same_to_the_bit_however_many_are_asked_for(text: str) -> None:
    trained, preprocess, _ = made(text)
    engine = onnx_runtime(trained, preprocess, features=True)
    assert engine.run_with_features is not None
    shape = (70, *preprocess.shape)
    pixels = np.random.default_rng(2).integers(0, 256, shape).astype(np.float32)
    logits, features = engine.run_with_features(pixels)
    for few in (1, 3, 4, 32):
        assert np.array_equal(engine.run(pixels[:few]), logits[:few])
        assert np.array_equal(engine.run_with_features(pixels[-few:])[1], features[-few:])


@pytest.mark.parametrize("text", [IN_THREE, "input 3x8x8 classes=2 > conv 8 > bn > relu > gap"])
def test_openvino_answers_as_torch_within_the_digits_of_bf16(text: str) -> None:
    pytest.importorskip("openvino", reason="openvino is an extra")
    trained, preprocess, pixels = made(text)
    expected = torch_module(trained.module(), preprocess).run(pixels)
    try:
        engine = openvino(trained, preprocess)
    except EngineError as error:
        pytest.skip(str(error))
    found = engine.run(pixels)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 0.03 * np.abs(expected).max()
    assert np.abs(found - expected).max() > 0  # it is not float32 by another name


def test_a_result_stays_as_it_is_when_the_next_images_come() -> None:
    trained, preprocess, pixels = made("input 1x6x6 classes=2 > conv 4 > relu > gap > flatten > fc")
    for open_itself in (onnx_runtime, openvino):
        try:
            engine = open_itself(trained, preprocess)
        except EngineError:
            continue
        first = engine.run(pixels)
        kept = first.copy()
        engine.run(255 - pixels)
        assert (first == kept).all()


@pytest.mark.parametrize("module", ["onnxruntime", "openvino"])
def test_an_engine_that_is_not_there_is_one_clear_line(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained, preprocess, pixels = made("input 1x6x6 classes=2 > flatten > fc")
    monkeypatch.setitem(sys.modules, module, None)  # as where it is not installed
    open_itself = {"onnxruntime": onnx_runtime, "openvino": openvino}[module]
    with pytest.raises(EngineError, match="cannot be used") as caught:
        open_itself(trained, preprocess)
    assert "\n" not in str(caught.value)
    engine = open_engine(trained, preprocess)
    assert engine.run(pixels).shape == (3, 2)
    if module == "onnxruntime":
        assert engine.name == "float32 torch"
        assert "ONNX Runtime cannot be used" in engine.note


def test_shapes_are_those_of_the_torch_module() -> None:
    for name in ("squeezenet1_1", "mobilenet_v2"):
        plan = expand(zoo.text(name))
        state = build(plan, seed=None).state_dict()
        assert state_shapes(plan) == {key: tuple(value.shape) for key, value in state.items()}


@pytest.mark.parametrize("name", ["squeezenet1_1", "mobilenet_v2"])
def test_trained_networks_answer_as_torch_on_photographs(
    name: str, shared: Callable[[str], Path], tmp_path: Path
) -> None:
    names = shared("weights/imagenet_class_index.json")
    model = import_classifier(name, weights=shared(f"weights/{name}.pth"), classes=names)
    opened_again = load(model.save(tmp_path / name))
    photos = sorted(shared("data/hymenoptera/val").rglob("*.jpg"))[::12]
    pixels = np.stack([model.preprocess.pixels(path) for path in photos])
    fast = opened_again.probabilities(pixels)
    assert opened_again.engine.name == "float32 ONNX Runtime"
    module = opened_again.to_torch()
    with torch.inference_mode():
        mean, std = (
            torch.tensor(each).view(1, 3, 1, 1)
            for each in (model.preprocess.mean, model.preprocess.std)
        )
        expected = module((torch.from_numpy(pixels) / 255 - mean) / std).softmax(1).numpy()
    assert np.abs(fast - expected).max() < 1e-5


def test_bf16_is_refused_where_onednn_is_kept_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino", reason="openvino is an extra")
    trained, preprocess, _ = made("input 1x6x6 classes=2 > flatten > fc")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    with pytest.raises(EngineError, match="does not compute in bf16"):
        openvino(trained, preprocess)


WITHOUT = """
import sys
sys.modules["onnxruntime"] = None
from striate.cli import main
sys.argv = ["striate", "predict", *sys.argv[1:]]
main()
"""


def test_the_fallback_is_said_on_the_screen(photos: Path, tmp_path: Path) -> None:
    from striate.model.classifier import Classifier

    text = "input 3x16x16 classes=2 > gap > flatten > fc"
    path = Classifier(build(text), text, ("a", "b"), Preprocess(3, 16, 16)).save(tmp_path / "m")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, path, photos], capture_output=True, text=True, check=True
    )
    assert "ONNX Runtime cannot be used" in done.stderr
    assert "torch does it" in done.stderr
    assert "40 images classified" in done.stderr


FORKED = """
import os, sys
import numpy as np
from striate.backends.onnx import Trained, open_engine
from striate.backends.torch import build
from striate.data.images import Preprocess

module = build("input 1x4x4 classes=2 > flatten > fc", seed=0)
engine = open_engine(Trained.of(module.plan, module.state_dict()), Preprocess(1, 4, 4))
pixels = np.ones((64, 1, 4, 4), np.float32)
before = engine.run(pixels)
child = os.fork()
if not child:
    os._exit(not np.array_equal(engine.run(pixels), before))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_an_engine_that_has_answered_answers_in_a_forked_process_too() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED], timeout=60)
    assert done.returncode == 0
