"""A network in int8: ONNX Runtime's quantizer on the network's own nodes, and on nothing else.

Activations become unsigned numbers of 8 bits, weights signed ones with a scale for each output
channel; between QuantizeLinear and DequantizeLinear each runtime computes in whole numbers. What
becomes of an image before the network and of its logits behind it stays in float32.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np

from striate.architecture.aspects.onnx_runtime import failures
from striate.backends.onnx.graph import PIXELS
from striate.backends.onnx.model_file import Encoded, Model
from striate.deployment.sealed_graph import InnerNetwork
from striate.errors import ClassifierError, EngineError
from striate.terminal.quiet_loggers import quiet

WEIGHTED: Final = ("Conv", "ConvTranspose", "Gemm", "MatMul")
"""Operators that have weights: without one of them nothing is gained."""

OPERATORS: Final = (
    *WEIGHTED,
    *("Add", "Mul", "Concat", "Relu", "Clip", "LeakyRelu", "Sigmoid", "HardSigmoid", "HardSwish"),
    *("MaxPool", "AveragePool", "GlobalAveragePool", "Pad", "Flatten", "Reshape", "Transpose"),
)
"""Operators whose inputs and outputs become int8, so that it stays so from layer to layer."""

DEQUANTIZED: Final = "_DequantizeLinear_Output"  # behind a name: the same in float32 again
Ranges = Mapping[str, tuple[float, float]]
"""Of each result of the network the smallest and the largest value that int8 is to tell apart."""


@dataclass(frozen=True)
class QuantizableNetwork:
    """A network that is ready to be quantized, its batch normalisations folded into convolutions.

    Attributes:
        model: of the library onnx.
        layers: names of the nodes that have weights, in the order of running.
    """

    model: Any = field(repr=False)
    layers: tuple[str, ...]


def fold(network: Model) -> QuantizableNetwork:
    """Fold a network's normalisations into its convolutions, as ONNX Runtime does.

    Args:
        network: as `striate.backends.onnx.graph.graph` writes it.

    Raises:
        EngineError: ONNX Runtime does not take it.
        ClassifierError: it has no convolution and no linear layer, so there is nothing to quantize.
    """
    import onnx
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with TemporaryDirectory(prefix="striate-") as folder, hold_quiet():
        given, folded = Path(folder) / "network.onnx", Path(folder) / "folded.onnx"
        given.write_bytes(network.to_bytes())
        try:
            quant_pre_process(given, folded, skip_symbolic_shape=True)
        except failures() as error:
            raise EngineError(f"ONNX Runtime does not take the network: {error}") from error
        model = onnx.load(folded)
    held = {each.name for each in model.graph.initializer}
    layers = tuple(
        node.name
        for node in model.graph.node
        if node.op_type in WEIGHTED and held.intersection(node.input)
    )
    if not layers:
        raise ClassifierError(
            "the network has neither a convolution nor a linear layer, so int8 makes nothing of it "
            "smaller or faster; export it without --quantize"
        )
    return QuantizableNetwork(model, layers)


def quantize(
    network: QuantizableNetwork,
    ranges: Ranges,
    *,
    reduce_range: bool,
    left_out: Iterable[str] = (),
) -> InnerNetwork:
    """Write a network in int8.

    Args:
        network: from `fold`.
        ranges: of its results, as a calibration found them.
        reduce_range: whether weights take 7 bits, so that no sum of products is cut off.
        left_out: layers that stay in float32.

    Raises:
        EngineError: the quantizer fails, or writes what is no part of ONNX itself.
    """
    import onnx
    from onnxruntime.quantization import CalibrationMethod, QuantType
    from onnxruntime.quantization.calibrate import TensorsData
    from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

    model = onnx.ModelProto()
    model.CopyFrom(network.model)
    limits = {
        name: (np.asarray(low, np.float32), np.asarray(high, np.float32))
        for name, (low, high) in ranges.items()
    }
    with hold_quiet():
        try:
            quantizer = QDQQuantizer(
                model,
                True,  # a scale for each output channel
                reduce_range,
                QuantType.QInt8,
                QuantType.QUInt8,
                TensorsData(CalibrationMethod.MinMax, limits),
                [],
                list(left_out),
                list(OPERATORS),
                {},
            )
            quantizer.quantize_model()
            quantizer.model.topological_sort()  # other runtimes want that
        except (ValueError, RuntimeError) as error:
            raise EngineError(f"ONNX Runtime's quantizer fails: {error}") from error
    done = quantizer.model.model.graph
    foreign = sorted({node.op_type for node in done.node if node.domain not in ("", "ai.onnx")})
    if foreign:
        raise EngineError(f"the quantizer writes {foreign[0]}, which other runtimes do not know")
    results = {name for node in done.node for name in node.output}
    results |= {each.name for each in done.initializer}
    return InnerNetwork(
        model=Model(
            name=done.name,
            nodes=tuple(Encoded(node.SerializeToString()) for node in done.node),
            constants={},
            inputs={PIXELS: [each.dim_value or each.dim_param for each in _shape(done.input[0])]},
            outputs=dict.fromkeys(each.name for each in done.output),
            encoded=tuple(Encoded(each.SerializeToString()) for each in done.initializer),
        ),
        names={
            name.removesuffix(DEQUANTIZED): name for name in results if name.endswith(DEQUANTIZED)
        },
        results=frozenset(results),
    )


@contextlib.contextmanager
def hold_quiet() -> Iterator[None]:
    """Keep the quantizer from printing and logging; what it says is of its own command line."""
    with quiet("root"), contextlib.redirect_stdout(io.StringIO()):
        yield


def _shape(value: Any) -> Any:
    return value.type.tensor_type.shape.dim
