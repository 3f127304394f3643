"""What computes a trained network: engines that read its ONNX model, and torch.

Each is opened by one function and then is one call: images in, what the network says out. In
float32 ONNX Runtime does it: it comes with Striate, opens in hundredths of a second, and was
measured at twice the speed of torch. OpenVINO, an extra, takes longer to open and is the fastest
in bf16 (docs/log.md has the figures).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from striate.architecture.aspects.onnx_runtime import failures, open_session
from striate.architecture.layer_table.feature_layer import find_feature_layer
from striate.backends.bf16 import computes_bf16
from striate.backends.onnx import libraries
from striate.backends.onnx.graph import FEATURES, OUTPUT, PIXELS, graph
from striate.backends.onnx.own_thread import OwnThread
from striate.backends.onnx.trained_weights import Trained
from striate.data import count_cores
from striate.data.images import Preprocess
from striate.errors import EngineError

if TYPE_CHECKING:
    from torch import nn

# Four take 7.9 ms of processor time an image; 32, shared by ONNX Runtime's own two threads, which
# wait for each other, 10.9 to 13.3 ms.
AT_ONCE: Final = 4  # images that ONNX Runtime takes at a time, in each thread
SMALL: Final = 32  # the same of small images, whose calls would take longer than the arithmetic
BLOCK: Final = 2**16  # values of the images at a time, within these bounds
ANSWERING: Final = "float32 ONNX Runtime"  # what classifiers answer by
LARGEST: Final = 2**31 - 2**24  # bytes of weights; protobuf ends at 2**31, the rest is for nodes


@dataclass(frozen=True)
class Engine:
    """A network that is ready to compute.

    Attributes:
        name: number format and engine: "float32 ONNX Runtime".
        run: takes float32 (n, channels, rows, columns), values 0 to 255, and gives float32
            (n, ...), what the network says of them once they are normalised.
        note: why another engine that comes first was not taken; "" as a rule.
        run_with_features: the same and, of the same pass, float32 (n, features), the input of the
            last linear layer (`find_feature_layer`); None where that was not asked for.
    """

    name: str
    run: Callable[[np.ndarray], np.ndarray]
    note: str = ""
    run_with_features: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]] | None = None


def open_engine(trained: Trained, preprocess: Preprocess, *, features: bool = False) -> Engine:
    """Open the engine that answers in float32: ONNX Runtime, or torch where that fails.

    Args:
        trained: the network.
        preprocess: whose mean and std scale the images.
        features: whether it gives feature vectors, too.

    Raises:
        ClassifierError: features are asked for, and the network has none.

    >>> from striate.backends.torch import build
    >>> module = build("input 1x2x2 classes=2 > flatten > fc")
    >>> trained = Trained.of(module.plan, module.state_dict())
    >>> engine = open_engine(trained, Preprocess(1, 2, 2))
    >>> engine.name, engine.run(np.zeros((3, 1, 2, 2), np.float32)).shape
    ('float32 ONNX Runtime', (3, 2))
    """
    try:
        # no extra, even where one is there: answers must not depend on what is installed
        return onnx_runtime(trained, preprocess, features=features)
    except EngineError as error:
        module, note = trained.module(), f"{error}: torch does it"
        layer = find_feature_layer(trained.plan) if features else None
        tapped = None if layer is None else module.get_submodule(layer.address)
        return replace(torch_module(module, preprocess, features=tapped), note=note)


def onnx_runtime(trained: Trained, preprocess: Preprocess, *, features: bool = False) -> Engine:
    """Open ONNX Runtime (https://onnxruntime.ai), which comes with Striate.

    Arguments as for `open_engine`.

    Raises:
        EngineError: it cannot be loaded, or does not take the network.
        ClassifierError: features are asked for, and the network has none.
    """
    model = _model(ANSWERING, trained, preprocess, features=features)
    return open_network_model(ANSWERING, model, features=features)


def open_network_model(name: str, model: bytes, *, features: bool = False) -> Engine:
    """Open the ONNX model of a network in ONNX Runtime.

    Args:
        name: of the engine.
        model: of the inputs and outputs that `graph` writes.
        features: whether it gives feature vectors, too.

    Raises:
        EngineError: ONNX Runtime cannot be loaded, or does not take the model.
    """
    session = session_of(name, model)
    number = threads()

    def compute(pixels: np.ndarray, wanted: list[str]) -> list[np.ndarray]:
        parts = share_out(pixels, number)
        if len(parts) < 2:
            return [np.asarray(each) for each in session.run(wanted, {PIXELS: pixels})]
        # a pool of its own for every call: one that is kept has no threads in a forked process
        with ThreadPoolExecutor(min(number, len(parts)), "striate-engine") as pool:
            found = list(pool.map(lambda few: session.run(wanted, {PIXELS: few}), parts))
        return [np.concatenate(each) for each in zip(*found, strict=True)]

    def run(pixels: np.ndarray) -> np.ndarray:
        return compute(pixels, [OUTPUT])[0]

    def run_with_features(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits, vectors = compute(pixels, [OUTPUT, FEATURES])
        return logits, vectors

    return Engine(name, run, run_with_features=run_with_features if features else None)


def share_out(images: np.ndarray, number: int) -> list[np.ndarray]:
    """Return images in the parts that ONNX Runtime takes at a time: the more, the smaller they are.

    What it says of an image is the same to the bit, whatever comes with it.

    Args:
        images: (n, ...).
        number: of threads, each of which is to have something to do.

    >>> [len(each) for each in share_out(np.zeros((100, 1, 28, 28)), 2)]
    [32, 32, 32, 4]
    >>> [len(each) for each in share_out(np.zeros((10, 3, 224, 224)), 2)]
    [4, 4, 2]
    """
    most = min(SMALL, BLOCK // max(1, images[:1].size), -(-len(images) // number))
    size = max(AT_ONCE, most)
    return [images[start : start + size] for start in range(0, len(images), size)]


def session_of(name: str, model: bytes | str, *, level: str = "all") -> Any:
    """Open an ONNX model in ONNX Runtime, each call of it in one thread.

    Args:
        name: what it is called where it is refused.
        model: the file's bytes, or its path.
        level: of optimisation: "disabled", "basic", "extended" or "all".

    Raises:
        EngineError: ONNX Runtime cannot be loaded, or does not take the model.
    """
    try:
        refusals = failures()
    except ImportError as error:
        raise _refused(name, error) from error
    try:
        return open_session(model, level=level)
    except refusals as error:
        raise _refused(name, error) from error


def openvino(trained: Trained, preprocess: Preprocess) -> Engine:
    """Open OpenVINO (https://docs.openvino.ai), an extra, to compute in bf16.

    Raises:
        EngineError: it is not installed, does not take the network, or this machine cannot
            compute in bf16.
    """
    name = "bf16 OpenVINO"
    lacking = EngineError(f"{name} cannot be used: this processor does not compute in bf16")
    # OpenVINO promises it under such a limit all the same, and crashes
    if not computes_bf16("cpu"):
        raise lacking
    try:
        openvino = libraries.openvino()
    except ImportError as error:
        raise _refused(name, error) from error
    settings = {
        "INFERENCE_PRECISION_HINT": "bf16",
        "INFERENCE_NUM_THREADS": threads(),
        "NUM_STREAMS": 1,
    }
    model = _model(name, trained, preprocess)

    def opening() -> Callable[[np.ndarray], np.ndarray]:
        core = openvino.Core()
        if "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            raise lacking  # where the system has not said so before anything was loaded
        read = core.read_model(model)
        request = core.compile_model(read, "CPU", settings).create_infer_request()
        return lambda pixels: np.array(request.infer([pixels])[0], np.float32)

    try:
        return Engine(name, OwnThread("striate-openvino", opening))
    except (ValueError, RuntimeError) as error:
        raise _refused(name, error) from error


def torch_module(
    module: nn.Module,
    preprocess: Preprocess,
    *,
    low: bool = False,
    features: nn.Module | None = None,
) -> Engine:
    """Let a torch module compute, where it is: on the CPU or another device.

    Args:
        module: images in, logits or features out; its modes and weights are left as they are.
        preprocess: whose mean and std scale the images.
        low: whether it computes in bf16, with the channels last in memory.
        features: the layer within it whose input is the feature vector; None where that is not
            asked for.
    """
    import torch

    from striate.backends.torch import eval_mode, normalize

    layout = torch.channels_last if low else torch.contiguous_format

    def run(pixels: np.ndarray) -> np.ndarray:
        device = next(module.parameters(), torch.zeros(())).device
        with (
            eval_mode(module),
            torch.inference_mode(),
            torch.autocast(device.type, torch.bfloat16, enabled=low),
        ):
            values = normalize(torch.from_numpy(pixels).to(device), preprocess)
            said = module(values.contiguous(memory_format=layout))
            return np.asarray(said.float().cpu().numpy())

    def run_with_features(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        seen: list[torch.Tensor] = []

        def keep(_: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
            seen[:] = [given[0].detach()]

        if features is None:
            raise EngineError("the feature vector was not asked for when the engine was opened")
        handle = features.register_forward_pre_hook(keep)
        try:
            logits = run(pixels)
        finally:
            handle.remove()
        vectors = seen[0].float().flatten(2).mean(2) if seen[0].dim() > 2 else seen[0].float()
        return logits, np.asarray(vectors.cpu().numpy())

    name = "bf16 torch" if low else "float32 torch"
    return Engine(name, run, run_with_features=None if features is None else run_with_features)


def threads() -> int:
    """Say how many threads to compute with: as many as torch does, or would if it were loaded."""
    if (torch := sys.modules.get("torch")) is not None:
        return min(int(torch.get_num_threads()), count_cores())
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdecimal() and int(wanted):
        return int(wanted)
    return count_cores()


def _model(name: str, trained: Trained, preprocess: Preprocess, *, features: bool = False) -> bytes:
    size = sum(value.nbytes for value in trained.weights.values())
    if size > LARGEST:
        raise EngineError(
            f"{name} cannot be used: the weights take {size / 2**30:.1f} GiB, and an ONNX model "
            "holds less than 2"
        )
    scales = preprocess.mean, preprocess.std
    model = graph(trained.plan, trained.weights, mean=scales[0], std=scales[1], features=features)
    return model.to_bytes()


def _refused(name: str, error: Exception) -> EngineError:
    why = " ".join(str(error).split())
    return EngineError(f"{name} cannot be used ({type(error).__name__}: {why[:200]})")
