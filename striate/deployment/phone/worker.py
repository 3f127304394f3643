"""What runs in the environment of a phone's toolchain: converts a network there, and runs it.

This file is started as a program by the Python of that environment, in which Striate is not
installed, so it imports nothing of it. `worker_process.py` says what lies in the folder that it is
given and what it answers: lines of JSON.
"""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

SHARE = 1e-3  # of a layer's largest output, that its outputs may differ by
TIMED = 20  # runs that are timed at most
Run = Callable[[np.ndarray], list[np.ndarray]]  # an image (1, rows, columns, channels)
Line = dict[str, str | float | dict[str, str] | None]


@dataclass(frozen=True)
class Request:
    """What is asked for, as request.json has it; all from `temperature` on where one converts.

    Attributes:
        format: "executorch" or "litert".
        model: the name of the file.
        convert: whether it is made first.
        outputs: their names.
        temperature: that logits are divided by.
        mirrored: whether the mean with the mirror image is taken.
        features: the layer whose input is the feature vector; None where no distance is measured.
        residual_scale: of the distance.
        usual_activity: of the distance.
        activity_scale: of the distance.
        shortest: length that a feature vector is divided by at least.
        tolerance: how far probabilities may be from torch's.
    """

    format: str
    model: str
    convert: bool
    outputs: tuple[str, ...]
    temperature: float = 1.0
    mirrored: bool = False
    features: str | None = None
    residual_scale: float = 0.0
    usual_activity: float = 0.0
    activity_scale: float = 0.0
    shortest: float = 0.0
    tolerance: float = 0.0


def main(folder: Path, say: Callable[[Line], None]) -> None:
    """Do what the request in a folder asks for."""
    request = Request(**json.loads((folder / "request.json").read_text("utf-8")))
    kind, model = request.format, folder / request.model
    for package in TOOLCHAINS[kind].packages:
        if importlib.util.find_spec(package) is None:
            raise ModuleNotFoundError(f"{package} is not installed")
    images = np.load(folder / "images.npy")
    network, parting, delegated = None, "", None
    if request.convert:
        say({"step": "converting"})
        network = make_network(folder, request)
        delegated = TOOLCHAINS[kind].convert(network, images[:1], model)
    say({"step": "running"})
    run, times, said = TOOLCHAINS[kind].open(model), list[float](), []
    for image in images:
        begun = time.process_time()
        said.append(run(image[None]))
        times.append(time.process_time() - begun)
    for place, name in enumerate(request.outputs):
        rows = [np.reshape(each[place], (1, -1)) for each in said]
        np.save(folder / f"{name}.npy", np.concatenate(rows))
    if network is not None:
        parting = find_parting(network, images, said, request, model)
    say(
        {
            "versions": find_versions(TOOLCHAINS[kind].distributions),
            "delegated": delegated,
            "parting": parting,
            "milliseconds": 1e3 * statistics.median(times[1 : TIMED + 1] or times),
        }
    )


def find_parting(
    network: Any,
    images: np.ndarray,
    said: Sequence[Sequence[np.ndarray]],
    request: Request,
    path: Path,
) -> str:
    """Say at which layer the converted network and torch part; "" where they agree."""
    import torch
    from torch import nn

    for image, theirs in zip(images, said, strict=True):
        given = torch.from_numpy(image[None])
        with torch.inference_mode():
            apart = float(np.abs(network(given)[0].numpy() - np.reshape(theirs[0], (1, -1))).max())
        if not apart <= request.tolerance:  # not a number is apart, too
            break
    else:
        return ""

    class Watched(nn.Module):
        """The network, which gives what each of its layers gives."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network
            self.names: list[str] = []
            self.values: list[torch.Tensor] = []
            for name, layer in network.net.named_modules():
                if name and not list(layer.children()):
                    layer.register_forward_hook(self.hear(name))

        def hear(self, name: str) -> Callable[..., None]:
            def hook(_layer: nn.Module, _given: object, value: torch.Tensor) -> None:
                self.names.append(name)
                self.values.append(value)

            return hook

        def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
            self.names.clear()
            self.values.clear()
            self.network(image)
            return tuple(self.values)

    watched = Watched()
    with torch.inference_mode():
        ours, names = [each.numpy() for each in watched(given)], list(watched.names)
    toolchain, place = TOOLCHAINS[request.format], path.with_name(f"watched{path.suffix}")
    toolchain.convert(watched, image[None], place)
    for name, own, other in zip(names, ours, toolchain.open(place)(image[None]), strict=True):
        if own.size != other.size:
            return f"the layer '{name}' gives {other.shape}, in torch {own.shape}"
        apart = float(np.abs(own - np.reshape(other, own.shape)).max())
        if not apart <= SHARE * max(float(np.abs(own).max()), 1e-6):
            return f"they part at the layer '{name}', by {apart:.2g}"
    return f"probabilities are {apart:.2g} apart though every layer with weights agrees"


def make_network(folder: Path, request: Request) -> Any:
    """Build the network with all that becomes of its outputs up to probabilities and distance."""
    import torch
    from torch import nn

    spec = importlib.util.spec_from_file_location("network", folder / "network.py")
    if spec is None or spec.loader is None:
        raise ImportError("the network's program is not there")
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    nn.functional.local_response_norm = local_response_norm
    weights, scales = load_arrays(folder / "weights"), load_arrays(folder / "scales")

    class Phone(nn.Module):
        """From an image as a phone holds it, (1, rows, columns, channels), to its answer."""

        mean: torch.Tensor
        std: torch.Tensor
        center: torch.Tensor
        axes: torch.Tensor
        whitening: torch.Tensor
        means: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            self.net = program.Net()
            self.net.load_state_dict(
                {name: torch.from_numpy(value) for name, value in weights.items()}
            )
            self.heard: list[torch.Tensor] = []
            for name, value in scales.items():
                self.register_buffer(name, torch.from_numpy(value))
            if request.features is not None:
                layer = self.net.get_submodule(request.features)
                layer.register_forward_pre_hook(lambda _, given: self.heard.append(given[0]))

        def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
            pixels = image.permute(0, 3, 1, 2)
            said = self.look(pixels)
            if request.mirrored:
                other = self.look(torch.flip(pixels, [3]))
                said = [(one + two) * 0.5 for one, two in zip(said, other, strict=True)]
            return tuple(said)

        def look(self, pixels: torch.Tensor) -> list[torch.Tensor]:
            self.heard.clear()
            logits = self.net((pixels - self.mean) / self.std)
            said = [torch.softmax(logits / request.temperature, 1)]
            if self.heard:
                features = self.heard.pop()
                said.append(self.measure(features.mean((2, 3)) if features.ndim == 4 else features))
            return said

        def measure(self, features: torch.Tensor) -> torch.Tensor:
            lengths = (features * features).sum(1, keepdim=True).sqrt()
            offsets = features / lengths.clamp(min=request.shortest) - self.center
            along = offsets @ self.axes
            across = (offsets * offsets).sum(1) - (along * along).sum(1)
            apart = along @ self.whitening - self.means  # (classes, rank), of one image
            nearest = (apart * apart).sum(1, keepdim=True).amin(0)
            residual: torch.Tensor = across.clamp(min=0) * request.residual_scale
            if not request.activity_scale:
                return nearest + residual
            lack = request.usual_activity - features.abs().sqrt().mean(1)
            return torch.maximum(nearest + residual, lack * request.activity_scale)

    return Phone().eval()


def local_response_norm(
    input: torch.Tensor,  # noqa: A002 (torch's own name)
    size: int,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 1.0,
) -> torch.Tensor:
    """Compute what torch does by avg_pool3d, which ExecuTorch writes and cannot run."""
    from torch.nn import functional

    before = size // 2
    squares = functional.pad(input * input, (0, 0, 0, 0, before, size - 1 - before))
    total = squares[:, : input.shape[1]]
    for first in range(1, size):
        total = total + squares[:, first : first + input.shape[1]]
    return input / (total * (alpha / size) + k) ** beta


def load_arrays(folder: Path) -> dict[str, np.ndarray]:
    """Read a folder of arrays, a file each."""
    return {path.stem: np.load(path) for path in sorted(folder.glob("*.npy"))}


def export_program(network: Any, image: np.ndarray) -> Any:
    """Trace a network for images of one size."""
    import torch

    # strict tracing would refuse what is heard on the way
    return torch.export.export(network, (torch.from_numpy(image),), strict=False)


def convert_executorch(network: Any, image: np.ndarray, path: Path) -> str:
    """Write a .pte whose convolutions XNNPACK computes; say how much of it that is."""
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import to_edge_transform_and_lower

    lowered = to_edge_transform_and_lower(
        export_program(network, image), partitioner=[XnnpackPartitioner()]
    )
    path.write_bytes(lowered.to_executorch().buffer)
    nodes = [node for node in lowered.exported_program().graph.nodes if node.op == "call_function"]
    names = [str(node.target) for node in nodes]
    handed = sum("executorch_call_delegate" in name for name in names)
    rest = sorted({name.split(".")[1] for name in names if name.startswith(("aten.", "dim_order"))})
    return f"by XNNPACK in {handed} parts, and outside of it {', '.join(rest) or 'nothing'}"


def open_executorch(path: Path) -> Run:
    """Open a .pte."""
    import torch
    from executorch.runtime import Runtime

    method = Runtime.get().load_program(path).load_method("forward")

    def run(image: np.ndarray) -> list[np.ndarray]:
        # what is permuted or channels_last would be read as if it were not, without a word
        given = torch.from_numpy(np.ascontiguousarray(image))
        return [each.numpy().copy() for each in method.execute([given])]

    return run


def convert_litert(network: Any, image: np.ndarray, path: Path) -> None:
    """Write a .tflite."""
    import litert_torch
    import torch

    litert_torch.convert(network, (torch.from_numpy(image),), strict_export=False).export(str(path))


def open_litert(path: Path) -> Run:
    """Open a .tflite; its interpreter computes by XNNPACK."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path))
    interpreter.allocate_tensors()
    place = interpreter.get_input_details()[0]["index"]
    outputs = interpreter.get_output_details()

    def run(image: np.ndarray) -> list[np.ndarray]:
        interpreter.set_tensor(place, image)
        interpreter.invoke()
        return [interpreter.get_tensor(each["index"]).copy() for each in outputs]

    return run


@dataclass(frozen=True)
class Toolchain:
    """What converts and runs one format.

    Attributes:
        packages: modules that must be there.
        distributions: packages whose versions are told, that of the runtime first.
        convert: writes a network, traced for one image, to a file.
        open: opens such a file.
    """

    packages: tuple[str, ...]
    distributions: tuple[str, ...]
    convert: Callable[[Any, np.ndarray, Path], str | None]
    open: Callable[[Path], Run]


TOOLCHAINS = {
    "executorch": Toolchain(
        ("torch", "executorch"), ("executorch", "torch"), convert_executorch, open_executorch
    ),
    "litert": Toolchain(
        ("torch", "litert_torch", "ai_edge_litert"),
        ("ai-edge-litert", "litert-torch", "torch"),
        convert_litert,
        open_litert,
    ),
}


def find_versions(distributions: Sequence[str]) -> dict[str, str]:
    """Return the versions of packages, and that of Python."""
    found = {name: metadata.version(name) for name in distributions}
    return {**found, "python": sys.version.partition(" ")[0]}


def start() -> None:
    """Run as a program: what the libraries print goes to stderr, and stdout is for the answers."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(line: Line) -> None:
        print(json.dumps(line), file=answers, flush=True)

    def fail(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        say({"failed": f"{kind.__name__}: {' '.join(str(error).split())}"})
        sys.__excepthook__(kind, error, trace)

    sys.excepthook = fail
    main(Path(sys.argv[1]), say)


if __name__ == "__main__":
    start()
