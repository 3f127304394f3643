"""ONNX models become networks of the notation that answer alike, or frozen backbones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx_models import Graph, saved, vision_transformer
from programs import lively

from striate.architecture.layer_table import summary
from striate.architecture.notation import expand
from striate.backends.onnx import Trained, graph, onnx_runtime
from striate.backends.torch import build
from striate.errors import NotationError, SettingError, WeightsError
from striate.explanation.attribution_methods import explain
from striate.features.backbone import open_backbone
from striate.features.cut import add_head
from striate.model.classifier import Classifier
from striate.model.importing import import_with_fit
from striate.model.importing.onnx import read_frozen, read_onnx_network
from striate.model.loading import load
from striate.settings import Settings


def answers(path: Path, x: np.ndarray) -> np.ndarray:
    """What ONNX Runtime says, the first output."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {session.get_inputs()[0].name: x})[0])


def images(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).normal(size=shape).astype(np.float32)


# ---------------------------------------------------------------- in the notation

TEXTS = {
    "residual": (
        "unit(c, stride=1) = conv c stride=stride bias=no > bn\n"
        "input 3x20x20 classes=3\nunit(8, 2) > relu > add(unit(in) > relu > unit(in) | identity) "
        "> relu > cat(conv 1x1 4 | maxpool 3 stride=1 pad=1) > gap > flatten > fc"
    ),
    "windows": (
        "input 1x21x21 classes=4\nconv 5x3 6 stride=2 pad=0:1:0:1 > leakyrelu 0.2 > prelu > "
        "maxpool 3 stride=2 pad=end > avgpool 2 stride=1 > conv 4 groups=2 dilation=2 > relu6 > "
        "tanh > maxpool 2 > flatten > fc 9 > sigmoid > dropout 0.5 > fc"
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_written_comes_back(name: str, tmp_path: Path) -> None:
    module = lively(TEXTS[name])
    state = {key: value.numpy() for key, value in module.state_dict().items()}
    mean, std = (0.4,) * module.plan.input[0], (0.2,) * module.plan.input[0]
    content = graph(module.plan, state, mean=mean, std=std).to_bytes()
    (tmp_path / "m.onnx").write_bytes(content)
    made = import_with_fit(
        tmp_path / "m.onnx", classes=[str(number) for number in range(module.plan.output[0])]
    ).classifier
    assert made.text is not None
    assert np.allclose((made.preprocess.mean[0], made.preprocess.std[0]), (0.4, 0.2))
    theirs = [step.layer for step in module.plan.layers() if step.layer.word != "dropout"]
    if name == "residual":  # windows are written otherwise where ONNX says them otherwise
        assert [step.layer for step in expand(made.text).layers()] == theirs
    pixels = np.random.default_rng(0).integers(0, 256, (2, *module.plan.input)).astype(np.uint8)
    whole = Trained(module.plan, state)
    expected = onnx_runtime(whole, made.preprocess).run(pixels.astype(np.float32))
    powers = np.exp(expected - expected.max(1, keepdims=True))
    assert np.abs(made.probabilities(pixels) - powers / powers.sum(1, keepdims=True)).max() < 1e-5


def patterns() -> onnx.ModelProto:
    """What exporters write in several nodes: silu, hardswish, padding, a dense layer, softmax."""
    it = Graph()
    pads = it.held([0, 0, 1, 0, 0, 0, 2, 1], np.int64)
    x = it.node("Conv", it.node("Pad", "image", pads), it.drawn(6, 3, 3, 3), strides=[2, 2])
    x = it.node("Mul", x, it.node("Sigmoid", x))
    x = it.node("Conv", x, it.drawn(6, 6, 3, 3), auto_pad="SAME_UPPER", strides=[2, 2])
    x = it.node("Mul", it.node("HardSigmoid", x, alpha=1 / 6, beta=0.5), x)
    x = it.node("Clip", x, it.held(0.0), it.held(6.0))
    squeezed = it.node("Conv", it.node("GlobalAveragePool", x), it.drawn(6, 6, 1, 1))
    x = it.node("Mul", x, it.node("Sigmoid", squeezed))
    x = it.node("ReduceMean", x, it.held([2, 3], np.int64), keepdims=0)
    x = it.node("Reshape", x, it.held([-1, 6], np.int64))
    x = it.node("Softmax", it.dense(x, 6, 3), axis=-1)
    return it.model(x, ["n", 3], size=18)


def test_patterns_of_exporters_are_known(tmp_path: Path) -> None:
    try:
        expand("input 3x8x8 > silu > mul(gap | identity)")
    except NotationError:
        pytest.skip("needs the words silu and mul")
    path = saved(patterns(), tmp_path / "p.onnx")
    found = read_onnx_network(path)
    text = str(found.network)
    assert "pad=1:2:0:1" in text
    assert "silu" in text
    assert "hardswish" in text
    x = images(3, 3, 18, 18)
    with torch.no_grad():
        said = Trained(expand(found.network), found.weights).module()(torch.from_numpy(x))
    assert np.abs(said.softmax(1).numpy() - answers(path, x)).max() < 1e-5


def linear(begin: Callable[[Graph], str], *end: str, outputs: int = 3) -> onnx.ModelProto:
    """Something at the image, a dense layer of its 192 numbers, something at the end."""
    it = Graph()
    x = it.node("Flatten", begin(it))
    x = it.node("Gemm", x, it.drawn(192, outputs), it.held(np.ones(outputs)))
    for kind in end:
        x = it.node(kind, x)
    return it.model(x, ["n", outputs], size=8)


def test_arithmetic_with_constants_is_a_factor_or_a_gate(tmp_path: Path) -> None:
    it = Graph()
    x = it.node("Conv", "image", it.drawn(6, 3, 3, 3))
    x = it.node("MaxPool", it.node("Pad", x, it.held([0, 0, 1, 1, 0, 0, 1, 1], np.int64)),
                kernel_shape=[2, 2])  # fmt: skip
    x = it.node("Mul", x, it.held(np.linspace(0.5, 2, 6).reshape(6, 1, 1)))
    cut = it.node("Clip", it.node("Add", x, it.held(3.0)), it.held(0.0), it.held(6.0))
    x = it.node("Mul", x, it.node("Div", cut, it.held(6.0)))
    x = it.node("Clip", it.node("GlobalAveragePool", x), it.held(0.0))
    x = it.node("Gemm", it.node("Flatten", x), it.drawn(6, 3))
    found = read_onnx_network(saved(it.model(x, ["n", 3], size=9), tmp_path / "m.onnx"))
    assert " ".join(str(found.network).replace(" >", "").split()).endswith(
        "avgpool 1 pad=1 maxpool 2 stride=1 scale 1.0 hardswish gap relu flatten fc bias=no"
    )


def test_a_last_layer_may_be_a_logarithm_or_one_logit(tmp_path: Path) -> None:
    for number, (end, outputs) in enumerate(((("LogSoftmax",), 3), ((), 1), (("Sigmoid",), 1))):
        path = saved(linear(lambda it: "image", *end, outputs=outputs), tmp_path / f"{number}.onnx")
        assert expand(read_onnx_network(path).network).output == (max(2, outputs),)
    with pytest.raises(NotationError, match="softmax of one output, which is 1 whatever it sees"):
        path = saved(linear(lambda it: "image", "Softmax", outputs=1), tmp_path / "one.onnx")
        read_onnx_network(path)


def test_a_mean_alone_is_of_the_size_of_the_images_values(tmp_path: Path) -> None:
    """Caffe's networks take the mean of values 0 to 255 off, and leave the deviation."""
    blue = np.array([103.939, 116.779, 123.68]).reshape(3, 1, 1)

    def without(mean: np.ndarray) -> onnx.ModelProto:
        return linear(lambda it: it.node("Sub", "image", it.held(mean)))

    for mean, said in ((blue, 255), (blue / 255, 1)):
        made = import_with_fit(saved(without(mean), tmp_path / "m.onnx"), classes=list("abc"))
        assert np.allclose(made.classifier.preprocess.mean, blue.ravel() / 255)
        assert np.allclose(made.classifier.preprocess.std, 1 / 255 if said == 255 else 1)
        assert any(f"values 0 to {said}," in note for note in made.notes)


def test_unusual_types_batches_and_weights_are_told(tmp_path: Path) -> None:
    fixed = linear(lambda it: "image")
    fixed.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 4
    assert read_onnx_network(saved(fixed, tmp_path / "four.onnx")).notes
    assert read_frozen(tmp_path / "four.onnx").input == (3, 8, 8)
    for kind, said in ((onnx.TensorProto.FLOAT16, "FLOAT16"), (onnx.TensorProto.DOUBLE, "DOUBLE")):
        model = linear(lambda it: "image")
        for value in (*model.graph.input, *model.graph.output):
            value.type.tensor_type.elem_type = kind
        for tensor in model.graph.initializer:
            own = onnx.helper.tensor_dtype_to_np_dtype(kind)
            values = onnx.numpy_helper.to_array(tensor).astype(own)
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
        with pytest.raises(NotationError, match=f"takes images of {said}; expected float32"):
            read_onnx_network(saved(model, tmp_path / "kind.onnx"))
    broken = linear(lambda it: it.node("Div", "image", it.held([np.nan])))
    with pytest.raises(WeightsError, match="no numbers"):
        read_onnx_network(saved(broken, tmp_path / "nan.onnx"))
    with pytest.raises(NotationError, match="dividing by it has no word"):
        path = saved(
            linear(lambda it: it.node("Div", it.held([255.0]), "image")), tmp_path / "d.onnx"
        )
        read_onnx_network(path)


def test_what_has_no_word_says_that_it_can_be_a_backbone(tmp_path: Path) -> None:
    path = saved(vision_transformer(), tmp_path / "vit.onnx")
    with pytest.raises(NotationError) as error:
        import_with_fit(path, classes=["a", "b"])
    assert "Reshape" in str(error.value) or "Transpose" in str(error.value)
    assert "striate train DATA --pretrained vit.onnx" in str(error.value)


# ---------------------------------------------------------------- a frozen backbone


def test_a_vision_transformer_is_a_backbone(tmp_path: Path) -> None:
    path = saved(vision_transformer(), tmp_path / "vit.onnx")
    told: list[str] = []
    found = open_backbone(Settings(pretrained=str(path)), say=told.append, callback=print)
    assert any("the first token of" in text for text in told)
    assert any("ImageNet's mean and std" in text for text in told)
    x = images(5, 3, 32, 32)
    tokens = answers(path, x)[:, 0]
    with torch.no_grad():
        features = found.module()(torch.from_numpy(x)).numpy()
    assert np.abs(features - tokens).max() < 1e-5
    held = sum(int(np.prod(tensor.dims)) for tensor in onnx.load(path).graph.initializer)
    table = summary(found.plan.network)
    assert table.parameters == held + 1  # and the place of the class token
    assert table.receptive_field == 32
    assert found.plan.output == (16,)


def classifier(path: Path) -> Classifier:
    """A classifier on a frozen backbone, with a head of random weights."""
    found = open_backbone(Settings(pretrained=str(path)), say=print, callback=print)
    plan = expand(add_head(found.plan.network, 2))
    module = build(plan, seed=1)
    module.load_state_dict({**module.state_dict(), **found.tensors})
    return Classifier(
        Trained.of(plan, module.state_dict()), str(plan.network), ("a", "b"), found.preprocess
    )


def test_its_classifier_needs_no_other_file(tmp_path: Path) -> None:
    path = saved(vision_transformer(), tmp_path / "vit.onnx")
    model = classifier(path)
    file = model.save(tmp_path / "c.safetensors")
    path.unlink()
    again = load(file)
    pixels = np.random.default_rng(0).integers(0, 256, (9, 3, 32, 32)).astype(np.uint8)
    assert again.engine.name == "float32 ONNX Runtime"
    assert not again.engine.note
    assert np.array_equal(again.probabilities(pixels), model.probabilities(pixels))
    with torch.no_grad():
        values = torch.from_numpy(pixels).float() / 255
        mean, std = (torch.tensor(each)[:, None, None] for each in
                     (again.preprocess.mean, again.preprocess.std))  # fmt: skip
        expected = again.module((values - mean) / std).softmax(1).numpy()
    assert np.abs(again.probabilities(pixels) - expected).max() < 1e-5


def test_its_maps_are_by_occlusion(tmp_path: Path) -> None:
    model = classifier(saved(vision_transformer(), tmp_path / "vit.onnx"))
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    found = explain(model, image)
    assert found.method == "occlusion"
    assert found.attribution.std() > 0


def test_a_file_beside_it_says_how_images_are_normalised(tmp_path: Path) -> None:
    path = saved(vision_transformer(), tmp_path / "vit.onnx")
    beside = tmp_path / "preprocessor_config.json"
    beside.write_text('{"image_mean": [0.5, 0.5, 0.5], "image_std": [0.25, 0.25, 0.25]}')
    found = open_backbone(Settings(pretrained=str(path)), say=print, callback=print)
    assert (found.preprocess.mean, found.preprocess.std) == ((0.5,) * 3, (0.25,) * 3)
    beside.write_text('{"image_mean": [0.5]}')
    with pytest.raises(SettingError, match="image_std"):
        open_backbone(Settings(pretrained=str(path)), say=print, callback=print)


def test_it_is_not_trained_on(tmp_path: Path) -> None:
    path = saved(vision_transformer(), tmp_path / "vit.onnx")
    with pytest.raises(SettingError, match="stays as it is; leave --unfreeze out"):
        open_backbone(Settings(pretrained=str(path), unfreeze=1), say=print, callback=print)


# ---------------------------------------------------------------- what is refused


def custom(model: onnx.ModelProto) -> None:
    model.graph.node[0].domain = "mine"
    model.opset_import.append(helper.make_opsetid("mine", 1))


def branching(model: onnx.ModelProto) -> None:
    empty = helper.make_graph([], "g", [], [])
    node = helper.make_node("If", ["x"], ["y"], "which", then_branch=empty, else_branch=empty)
    model.graph.node.insert(0, node)


def two_inputs(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))


def mixing(model: onnx.ModelProto) -> None:
    """Take the mean over the batch off each image."""
    last = model.graph.output[0].name
    axis = numpy_helper.from_array(np.array([0], np.int64), "batch_axis")
    model.graph.initializer.append(axis)
    model.graph.node.extend(
        [
            helper.make_node("ReduceMean", [last, "batch_axis"], ["all"]),
            helper.make_node("Sub", [last, "all"], ["apart"]),
        ]
    )
    model.graph.output[0].name = "apart"


def outside(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../secret.bin")


def swollen(model: onnx.ModelProto) -> None:
    outside(model)
    model.graph.initializer[0].external_data[0].value = "vit.onnx"
    model.graph.initializer[0].external_data.add(key="length", value=str(2**40))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (custom, "the operator mine.Conv"),
        (branching, "the operator If ('which')"),
        (two_inputs, "takes 2 inputs (image, more)"),
        (mixing, "answers otherwise when an image has others beside it"),
        (outside, "lies in '../secret.bin'; expected a file in the folder"),
        (swollen, "says it is 1,099,511,627,776 bytes"),
    ],
)
def test_what_could_do_harm_or_is_no_backbone_is_refused_by_name(
    spoil: Callable[[onnx.ModelProto], None], said: str, tmp_path: Path
) -> None:
    (tmp_path / "secret.bin").write_bytes(bytes(10**5))
    (tmp_path / "in").mkdir()
    model = vision_transformer()
    spoil(model)
    path = saved(model, tmp_path / "in" / "vit.onnx")
    with pytest.raises(WeightsError) as error:
        read_frozen(path)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_weights_in_a_file_beside_it_are_taken_in(tmp_path: Path) -> None:
    model = vision_transformer()
    whole = saved(model, tmp_path / "whole.onnx")
    onnx.save(model, tmp_path / "parts.onnx", save_as_external_data=True, size_threshold=0)
    assert len(list(tmp_path.iterdir())) > 2
    x = images(2, 3, 32, 32)
    first, second = (
        torch_features(read_frozen(path).model, x) for path in (whole, tmp_path / "parts.onnx")
    )
    assert np.array_equal(first, second)


def torch_features(content: np.ndarray, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(content.tobytes(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {session.get_inputs()[0].name: x})[0])


def test_damaged_files_are_told_in_one_line(tmp_path: Path) -> None:
    content = vision_transformer().SerializeToString()
    for number, cut in enumerate((0, 1, 100, len(content) // 2, len(content) - 9)):
        path = tmp_path / f"{number}.onnx"
        path.write_bytes(content[:cut])
        with pytest.raises(WeightsError) as error:
            read_frozen(path)
        assert "\n" not in str(error.value)


def test_a_model_of_float16_may_have_any_names(tmp_path: Path) -> None:
    """What is put before and behind it must not be called as what is there."""
    model = linear(lambda it: "image")
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.elem_type = TensorProto.FLOAT16
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor).astype(np.float16)
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    model.graph.input[0].name = model.graph.node[0].input[0] = "images/0"
    model.graph.output[0].name = model.graph.node[-1].output[0] = "features/out"
    path = saved(model, tmp_path / "half.onnx")
    x = images(2, 3, 8, 8)
    run = onnxruntime.InferenceSession(read_frozen(path).model.tobytes())
    found = run.run(None, {run.get_inputs()[0].name: x})[0]
    expected = onnxruntime.InferenceSession(path).run(None, {"images/0": x.astype(np.float16)})[0]
    assert np.abs(found - expected).max() < 4e-3 * np.abs(expected).max()


def test_images_with_the_channels_last_are_turned(tmp_path: Path) -> None:
    model = vision_transformer()
    turned = helper.make_node("Transpose", ["pixels"], ["image"], perm=[0, 3, 1, 2])
    model.graph.node.insert(0, turned)
    del model.graph.input[:]
    model.graph.input.append(
        helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 32, 32, 3])
    )
    path = saved(model, tmp_path / "last.onnx")
    found = read_frozen(path)
    assert found.input == (3, 32, 32)
    x = images(2, 3, 32, 32)
    expected = answers(path, np.ascontiguousarray(x.transpose(0, 2, 3, 1)))[:, 0]
    assert np.abs(torch_features(found.model, x) - expected).max() < 1e-5
