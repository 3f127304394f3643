"""The ONNX model of a network says what its torch module says, word for word."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from networks_strategy import networks
from thoroughness import LARGE, examples, slow_if

from striate.architecture import zoo
from striate.architecture.aspects.onnx_graph import Attribute
from striate.architecture.notation import ExpandedNetwork, expand
from striate.backends.onnx.graph import OUTPUT, PIXELS, graph
from striate.backends.onnx.model_file import OPSET, Model, Node
from striate.backends.torch import build
from striate.errors import ClassifierError, NotationError

EACH_WORD = """
input 2x13x11 classes=3
conv 6 padmode=edge groups=2 dilation=2 > bn > relu > lrn 3 alpha=0.01 k=2
maxpool 3 stride=2 pad=1 > leakyrelu 0.1 > lrn 4 alpha=0.5 beta=0.6
cat(conv 1x1 4 > prelu | avgpool 3 stride=1 pad=1 | identity) > relu6
add(conv 3x3 5 bias=no | conv 1x1 5 > sigmoid | conv 5x5 5 > tanh)
conv 5 pad=0:1:1:0 > maxpool 2 stride=1 pad=end > avgpool 3 stride=1 pad=end countpad=no
avgpool 2 ceil=yes > sumpool 2 stride=1 pad=1 > softmax
conv 5 table=01_12_234_04_3 pad=end stride=1 > scale 0.5 bias=yes > conv 1x1 5 table=0_1_23_2_4
add(layernorm > gelu > scale 0.3 > droppath 0.1 | silu > hardswish) > slice 1 5
mul(identity | gap > conv 1x1 4 > hardsigmoid)
avgpool to=2x3 > flatten > layernorm > scale > bn > fc 7 > prelu > dropout 0.5 > fc 4 bias=no
fc 5 fixed=yes > fc
"""


def drawn(plan: ExpandedNetwork, seed: int = 0) -> torch.nn.Module:
    """A network of which no number is as it starts."""
    module = build(plan, seed=seed).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if name.endswith("running_var"):
                value.uniform_(0.5, 2.0, generator=generator)
            elif value.ndim == 1 and value.is_floating_point():
                value.add_(0.2 * torch.randn(value.shape, generator=generator))
    return module


def both(text: str, n: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """What ONNX Runtime and torch make of the same images."""
    plan = expand(text)
    module = drawn(plan)
    mean, std = (0.4,) * plan.input[0], (0.3,) * plan.input[0]
    pixels = np.random.default_rng(0).integers(0, 256, (n, *plan.input)).astype(np.float32)
    model = graph(plan, weights_of(module), mean=mean, std=std)
    onnx.checker.check_model(model.to_bytes(), full_check=True)
    with torch.inference_mode():
        expected = module((torch.from_numpy(pixels) / 255 - 0.4) / 0.3).numpy()
    return answered(model, pixels), expected


def weights_of(module: torch.nn.Module) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in module.state_dict().items()}


def answered(model: Model, pixels: np.ndarray) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.to_bytes(), options, providers=["CPUExecutionProvider"]
    )
    return np.asarray(session.run([OUTPUT], {PIXELS: pixels})[0])


def close(found: np.ndarray, expected: np.ndarray) -> bool:
    """Alike to about five digits of the largest number: both compute in float32."""
    assert found.shape == expected.shape
    return bool(np.abs(found - expected).max() <= 2e-5 * max(1.0, np.abs(expected).max()))


def test_every_word_is_as_in_torch() -> None:
    found, expected = both(EACH_WORD)
    assert close(found, expected)
    assert expected.std() > 0.01


@pytest.mark.parametrize("kind", ["avgpool", "sumpool"])
@pytest.mark.parametrize("own", ["1 pad=1", "2 pad=3:0:0:2", "2x1 stride=3x2 pad=4x1"])
def test_pools_take_more_zeros_than_their_window(kind: str, own: str) -> None:
    """Engines do not; the means are a convolution there."""
    found, expected = both(f"input 2x7x6 > {kind} {own} > flatten > fc 3")
    assert close(found, expected)


HEAVY = {*LARGE, "inception_v3", "resnet18"}  # of which resnet50 has all words


@pytest.mark.parametrize("name", slow_if(zoo.names(), HEAVY))
def test_known_networks_are_as_in_torch(name: str) -> None:
    found, expected = both(zoo.text(name), n=1)
    assert close(found, expected)


@settings(max_examples=examples(60), deadline=None)
@given(networks())
def test_any_network_is_as_in_torch(text: str) -> None:
    found, expected = both(text)
    assert close(found, expected)


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(["maxpool", "avgpool", "sumpool"]),
    rows=st.integers(3, 12),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 6),
    pad=st.integers(0, 2),
    dilation=st.integers(1, 3),
    ceil=st.booleans(),
)
def test_any_pool_is_as_in_torch(
    kind: str, rows: int, kernel: int, stride: int, pad: int, dilation: int, ceil: bool
) -> None:
    dilated = f" dilation={dilation}" if kind == "maxpool" else ""
    pool = f"{kind} {kernel} stride={stride} pad={min(pad, kernel // 2)}{dilated}"
    text = f"input 1x{rows}x{rows + 1} > {pool} ceil={'yes' if ceil else 'no'}"
    try:
        expand(text)
    except NotationError:
        return
    found, expected = both(text)
    assert close(found, expected)


def test_the_size_of_a_batch_is_free_and_names_are_addresses() -> None:
    plan = expand("b = conv 2 > relu\ninput 1x6x6 classes=2 > b > b > flatten > fc")
    model = graph(plan, weights_of(drawn(plan)))
    written = onnx.load_from_string(model.to_bytes())
    assert [each.version for each in written.opset_import] == [OPSET]
    for n in (1, 5):
        assert answered(model, np.zeros((n, 1, 6, 6), np.float32)).shape == (n, 2)
    named = {node.name for node in written.graph.node}
    assert {step.address for step in plan.layers()} <= named


def test_a_weight_that_is_missing_is_one_clear_line() -> None:
    with pytest.raises(ClassifierError, match="needs the weight 'conv1.bias'"):
        graph(expand("input 1x4x4 > conv 1"), {"conv1.weight": np.ones((1, 1, 3, 3), np.float32)})


@given(
    whole=st.integers(-(2**63), 2**63 - 1),
    wholes=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=4),
    real=st.floats(width=32, allow_nan=False),
    words=st.text(max_size=40),
    sizes=st.lists(st.integers(0, 300), max_size=4),
)
def test_a_model_is_written_as_onnx_writes_it(
    whole: int, wholes: list[int], real: float, words: str, sizes: list[int]
) -> None:
    values: dict[str, np.ndarray] = {
        "a": np.zeros([min(size, 5) for size in sizes], np.float32),
        "b": np.array(wholes, np.int64),
    }
    attributes: dict[str, Attribute] = {"i": whole, "ints": wholes, "f": real, "s": words}
    shape: tuple[int | str, ...] = ("n", *sizes)
    node = Node("Custom", ("a", words), "out", attributes)
    model = Model(words, (node,), values, {"x": shape}, {"out": None, "y": shape})
    made = onnx.load_from_string(model.to_bytes())
    found = {
        each.name: onnx.helper.get_attribute_value(each) for each in made.graph.node[0].attribute
    }
    assert found == {**attributes, "s": words.encode()}
    assert made.graph.name == words
    assert list(made.graph.node[0].input) == ["a", words]
    for tensor, expected in zip(made.graph.initializer, values.values(), strict=True):
        read = onnx.numpy_helper.to_array(tensor)
        assert read.dtype == expected.dtype
        np.testing.assert_array_equal(read, expected)
    expected_value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)
    assert made.graph.input[0] == expected_value
    assert made.graph.output[0] == onnx.helper.make_tensor_value_info("out", 1, None)
