"""A path's every number is torch's, and its sums come to the numbers beside them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

import numpy as np
import pytest
import torch

import striate as st
from striate.architecture.aspects.numpy_pass import ByName
from striate.errors import NotationError, SettingError, StriateError
from striate.teaching.worked_path import WorkedPath, work_through
from striate.teaching.worked_path.gradient_sums import (
    find_ways,
    sum_ways,
    work_parameter_gradient,
)

SMILE = "0000000/0100010/0000000/0001000/0100010/0011100/0000000"
DETECTOR = "0 0 1; 1 0 0; 0 1 1"
WAY = "maxpool 2 ceil=yes > flatten > fc 2 > softmax"

# Every word that bends or pools, branches, blocks; text, classes, shape of the image.
NETWORKS = {
    "smile": ("conv 3x3 2 pad=valid > relu > maxpool 2 ceil=yes > flatten > fc 3 > softmax", 3),
    "padded": ("conv 3x3 2 stride=2 > leakyrelu 0.1 > avgpool 2 > flatten > fc 2 > softmax", 2),
    "edge": ("conv 3x3 2 padmode=edge dilation=2 > tanh > sumpool 2 > flatten > fc 2", 2),
    "depthwise": ("conv 1x1 4 > conv 3x3 4 groups=2 > sigmoid > gap > flatten > fc 3", 3),
    "branches": ("cat(conv 1x1 2 > relu6 | identity) > add(conv in | identity) > gap > flatten", 3),
    "normalised": ("conv 2x2 2 pad=valid bias=no > bn > prelu > flatten > fc 2 > softmax", 2),
    "sigmoids": ("flatten > fc 4 > sigmoid > fc 4 > sigmoid > fc 1 > sigmoid", 2),
    "several": ("flatten > fc 3 > sigmoid", 3),
    "block": ("unit(c) = conv c > silu\nunit(2) > unit(3) > gap > flatten > fc 2 > softmax", 2),
    "normal": ("conv 2 > lrn 3 > dropout 0.5 > flatten > layernorm > fc 2 > softmax", 2),
}


def run_torch(path: WorkedPath, values: np.ndarray) -> tuple[dict[str, np.ndarray], ByName, float]:
    """Compute a path's values, gradients and loss by torch: maps and parameters by name."""
    module = st.build(path.plan).double().eval()
    state = {name: torch.from_numpy(p.values) for name, p in path.parameters.items()}
    module.load_state_dict(state, strict=False)
    kept: dict[str, torch.Tensor] = {}
    for name, part in module.named_modules():
        if name and name in {step.address for step in path.steps}:
            part.register_forward_hook(lambda _m, given, out, n=name: keep(kept, n, given[0], out))
    x = torch.from_numpy(values[None]).requires_grad_(True)
    y = module(x)
    assert path.loss is not None
    index = path.loss.classes.index(path.loss.label)
    if path.loss.ending == "softmax":
        loss = -torch.log(y[0, index])
    else:
        target = torch.from_numpy(path.loss.target)
        loss = torch.nn.functional.binary_cross_entropy(y[0], target, reduction="sum")
    torch.autograd.backward(loss)
    assert x.grad is not None
    gradients = {"image": x.grad[0].numpy()}
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None
        gradients[name] = parameter.grad.numpy()
    for name, tensor in kept.items():
        if tensor.grad is not None:
            gradients[name] = tensor.grad[0].numpy()
    return (
        {name: tensor.detach().numpy()[0] for name, tensor in kept.items()},
        gradients,
        float(loss.detach()),
    )


def keep(kept: dict[str, torch.Tensor], name: str, given: torch.Tensor, out: torch.Tensor) -> None:
    """Keep what a layer gives, unless it hands its input on: that has other ways into the loss."""
    if out is not given:
        out.retain_grad()
        kept[name] = out


@pytest.mark.parametrize("name", NETWORKS)
def test_every_value_and_gradient_is_torch_s(name: str) -> None:
    network, outputs = NETWORKS[name]
    generator = np.random.default_rng(1)
    image = generator.normal(size=(6, 6)) if name != "branches" else generator.normal(size=(5, 5))
    classes = tuple("abc"[: max(2, outputs)])
    path = work_through(image, network, classes=classes, label="b", seed=3)
    values, gradients, loss = run_torch(path, image[None])
    assert path.loss is not None
    assert path.loss.value == pytest.approx(loss, rel=1e-9)
    compared = 0
    for step in path.steps:
        if step.address in values:
            np.testing.assert_allclose(step.values, values[step.address], atol=1e-12)
            compared += 1
        if step.address in gradients and step.gradient is not None:
            np.testing.assert_allclose(step.gradient, gradients[step.address], atol=1e-9)
        for parameter in step.parameters:
            if parameter.gradient is not None:
                found = gradients[parameter.name]
                np.testing.assert_allclose(parameter.gradient, found, atol=1e-12)
                compared += 1
    assert compared >= len(path.steps) - 3


@pytest.mark.parametrize("name", NETWORKS)
def test_every_sum_comes_to_the_number_beside_it(name: str) -> None:
    network, outputs = NETWORKS[name]
    image = np.random.default_rng(2).integers(0, 3, size=(4, 5)).astype(float)
    if name == "smile":
        image = np.random.default_rng(2).integers(0, 3, size=(6, 6)).astype(float)
    path = work_through(image, network, label="0", classes=tuple("0ab"[: max(2, outputs)]), seed=1)
    names = {"e": math.e, "max": max, "min": min, "tanh": math.tanh, "sqrt": math.sqrt}
    checked = 0
    for step in path.steps[1:]:
        for place in np.ndindex(*step.shape):
            worked = path.at(step.address, *place)
            assert worked.value == step.values[place]
            first = worked.calculation.split(" = ")[0].replace("^", "**").replace("[", "(")
            first = first.replace("]", ")")
            if any(word in first for word in (" of ", "silu", "image(", "1(", "2(")):
                continue  # what has no rule of its own, and what is only moved
            first = first.replace("max(0)", "0").replace("e**-", "1/e**")
            if first.startswith("max(") and "," not in first:
                first = first.removeprefix("max")
            value = eval(first, names)  # the text itself is arithmetic
            assert value == pytest.approx(worked.value, abs=2e-5), (step.address, worked)
            checked += 1
    assert checked >= 5


@pytest.mark.parametrize("name", NETWORKS)
def test_every_gradient_is_the_sum_of_its_ways(name: str) -> None:
    network, outputs = NETWORKS[name]
    image = np.random.default_rng(4).normal(size=(5, 5))
    path = work_through(image, network, label="1", classes=tuple("01a"[: max(2, outputs)]), seed=1)
    for step in path.steps[:-2]:
        assert step.gradient is not None
        ways = find_ways(path, step)
        for place in np.ndindex(*step.shape):
            found = sum_ways(step, place, ways)
            assert sum(t.product for t in found.terms) == pytest.approx(found.value, abs=1e-12)
    for parameter in path.parameters.values():
        if parameter.gradient is None:
            continue
        for place in list(np.ndindex(*parameter.values.shape))[::9]:
            found = work_parameter_gradient(path, parameter.name, place)
            assert sum(t.product for t in found.terms) == pytest.approx(found.value, abs=1e-12)


def test_the_smile_is_worked_through_from_its_filter_to_its_loss() -> None:
    start = st.convolve(SMILE, DETECTOR)
    parameters: Mapping[str, object] = {
        "fc1.weight": [[1, 0, 0, 1, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0, 1, 0, 0]],
        "fc1.bias": [-3, 1],
    }
    path = work_through(
        start,
        WAY,
        parameters=parameters,  # type: ignore[arg-type]
        classes=("smile", "other"),
        label="smile",
        learning_rate=0.5,
    )
    assert path.step("conv1").values[0].tolist() == start.map.tolist()
    assert path.step("conv1").values[0, 2, 2] == 0  # by hand; slides often print 1
    assert path.step("maxpool").values[0].tolist() == [[1, 1, 0], [4, 2, 1], [0, 2, 1]]
    assert path.step("flatten").values.tolist() == [1, 1, 0, 4, 2, 1, 0, 2, 1]
    # 1*1 + 4*1 - 3 = 2 and 0*1 + 0*1 + 1 = 1, by hand
    assert path.step("fc1").values.tolist() == [2, 1]
    share = 1 / (1 + math.exp(-1))
    assert path.output.tolist() == pytest.approx([share, 1 - share])
    loss = path.loss
    assert loss is not None and path.descent is not None
    assert loss.value == pytest.approx(math.log(1 + math.exp(-1)))
    assert loss.score_gradient.tolist() == pytest.approx([share - 1, 1 - share])
    off = -share * (1 - share)
    assert loss.jacobian.tolist() == [pytest.approx([-off, off]), pytest.approx([off, -off])]
    # dL/dw[0, f] = (y - t)[0] * x[f]
    weights = path.parameters["fc1.weight"]
    assert weights.gradient is not None and weights.after is not None
    assert weights.gradient[0].tolist() == pytest.approx(
        [(share - 1) * x for x in (1, 1, 0, 4, 2, 1, 0, 2, 1)]
    )
    assert weights.after == pytest.approx(weights.values - 0.5 * weights.gradient)
    assert path.descent.lowers and path.descent.before == loss.value
    filtered = path.parameters["conv1.weight"]
    assert filtered.values[0, 0].tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 1]]
    assert filtered.after is not None and not np.array_equal(filtered.after, filtered.values)


def test_the_loss_after_the_step_is_that_of_the_changed_parameters() -> None:
    for name, (network, outputs) in NETWORKS.items():
        image = np.random.default_rng(5).normal(size=(6, 6))
        classes = tuple("abc"[: max(2, outputs)])
        path = work_through(image, network, classes=classes, label="b", seed=2)
        assert path.descent is not None and path.loss is not None
        moved = {n: (p.values if p.after is None else p.after) for n, p in path.parameters.items()}
        again = work_through(image, network, classes=classes, label="b", parameters=moved)
        assert again.loss is not None, name
        assert again.loss.value == pytest.approx(path.descent.after, rel=1e-12)
        assert path.descent.lowers, name
        for step, later in zip(path.steps[1:], again.steps[1:], strict=True):
            assert step.after is not None
            np.testing.assert_allclose(step.after, later.values)


def test_a_rate_is_taken_as_given_and_a_loss_that_rises_is_said() -> None:
    path = work_through(
        "1 0 2", "flatten > fc 4 > relu > fc 2", label="0", learning_rate=40, seed=5
    )
    assert path.descent is not None and path.descent.learning_rate == 40
    if not path.descent.lowers:
        assert "higher, the step is too long" in path.as_text()
    chosen = work_through("9 9 9", "flatten > fc 8 > relu > fc 2", label="0", seed=1)
    assert chosen.descent is not None and chosen.descent.chosen
    assert chosen.descent.lowers


def test_a_saturated_softmax_has_a_finite_way_back() -> None:
    path = work_through(
        "1",
        "flatten > fc 2 > softmax",
        parameters={"fc1.weight": [[0], [5000]], "fc1.bias": [0, 0]},
        label="0",
    )
    assert path.loss is not None
    assert path.loss.value == 5000
    assert path.loss.score_gradient.tolist() == [-1, 1]
    assert "L = 5000 - 0 + ln(1) = 5000" in path.as_text() and "nan" not in path.as_text()
    for label, said in (("1", "ln(1 + e^800)"), ("0", "-ln(1 - 0)")):
        path = work_through(
            "1",
            "flatten > fc 1 > sigmoid",
            parameters={"fc1.weight": [[-800]], "fc1.bias": [0]},
            label=label,
        )
        assert path.loss is not None and path.loss.calculation == said
        assert path.loss.value == (800 if label == "1" else 0)
        json.dumps(path.as_json(), allow_nan=False)


def test_a_loss_of_several_sigmoids_is_their_sum() -> None:
    path = work_through(
        "1",
        "flatten > fc 2 > sigmoid",
        parameters={"fc1.weight": [[0], [1]], "fc1.bias": [0, 0]},
        label="0",
    )
    assert path.loss is not None
    assert path.loss.calculation == "-ln(0.5) - ln(1 - 0.731059)"
    assert path.loss.value == pytest.approx(-math.log(0.5) - math.log(1 - 0.731059), abs=1e-5)


def test_filters_of_every_kind_are_the_first_convolution() -> None:
    color = np.random.default_rng(0).integers(0, 9, size=(6, 5, 3))
    for kernel, channels in (
        ("blur", "each"),
        ("1 2; 3 4 | 0 1; 1 0 | 1 1; 1 1", "sum"),
        ("1 2; 3 4 | 0 1; 1 0 | 1 1; 1 1", "each"),
        ("sobel-x", "sum"),
        ("sobel-x", "gray"),
    ):
        start = st.convolve(
            color,
            st.teaching.Filter.of(kernel, bias=0.5),
            stride=2,
            pad=1,
            channels=channels,  # type: ignore[arg-type]
        ).relu(0.1)
        path = work_through(start, "flatten > fc 2", label="1")
        found = path.step("leakyrelu").values
        wanted = start.map if start.map.ndim == 3 else start.map[:, :, None]
        np.testing.assert_allclose(np.moveaxis(found, 0, 2), wanted, atol=1e-12)


@pytest.mark.parametrize(
    ("network", "options", "said"),
    [
        ("flatten > fc 2", {"label": "c", "classes": ("a", "b")}, "expected one of the classes a,"),
        ("flatten > fc 2", {"label": "2"}, "the label is '2'; expected one of the classes 0, 1"),
        ("flatten > fc 3", {"classes": ("a", "b")}, "but there are 2 classes, a, b"),
        ("flatten > fc 2", {"classes": ("a", "a")}, "expected names that all differ"),
        ("relu", {"label": "0"}, "needs one number a class; end it with 'flatten"),
        ("flatten > fc 1", {"label": "0"}, "of which softmax always makes 1"),
        ("flatten > fc 2", {"learning_rate": 1.0}, "no label; name the true class"),
        ("flatten > fc 2", {"label": "0", "learning_rate": 0.0}, "the learning rate is 0.0"),
        ("flatten > fc 2", {"seed": -1}, "the seed is -1"),
        ("flatten > fc", {}, "the number of classes is not known"),
        ("input 1x2x2 > flatten > fc 2", {}, "but the image is 1x1x3; leave the input out"),
        ("flatten > fcc 2", {}, "unknown word 'fcc'"),
        ("conv 3x3 1 pad=valid > flatten > fc 2", {}, "does not fit in 1x3"),
        ("flatten > fc 2", {"parameters": {}}, "the parameters lack fc1.weight (2x3), fc1.bias (2"),
        (
            "flatten > fc 2",
            {"parameters": {"fc1.weight": [[1]], "fc1.bias": [0, 0], "fc2.bias": [1]}},
            "the network has no 'fc2.bias'; 'fc1.weight' is 1x1, expected 2x3; the network takes",
        ),
        (
            "flatten > fc 1",
            {"parameters": {"fc1.weight": [[1, 2, math.nan]], "fc1.bias": [0]}},
            "'fc1.weight' holds numbers that are not finite",
        ),
        ("b = fc 2 > softmax\nflatten > b", {"label": "0"}, "put the softmax behind it"),
        (
            "flatten > fc 1",
            {"parameters": {"fc1.weight": [[1e308, 1, 1e308]], "fc1.bias": [1e308]}},
            "'fc1' grows beyond the largest number",
        ),
    ],
)
def test_a_mistake_is_one_clear_line(
    network: str, options: Mapping[str, object], said: str
) -> None:
    with pytest.raises(StriateError) as error:
        work_through("1 0 2", network, **options)  # type: ignore[arg-type]
    assert said in str(error.value)
    if not isinstance(error.value, NotationError):
        assert "\n" not in str(error.value)


def test_places_that_are_not_there_are_named() -> None:
    path = work_through(SMILE, "conv 2 > relu > flatten > fc 2", label="0")
    assert path.at("conv1", 1, 2, 3).value == path.step("conv1").values[1, 2, 3]
    with pytest.raises(SettingError, match="'fc1' has no value at 2; expected feature 0 to 1"):
        path.at("fc1", 2)
    with pytest.raises(SettingError, match="channel 0 to 1, row 0 to 6, column 0 to 6"):
        path.at("conv1", 0, 9, 0)
    with pytest.raises(NotationError, match="no layer 'fc9'; it has fc1"):
        path.at("fc9", 0)
    with pytest.raises(SettingError, match="no parameter 'fc1.w'; it has conv1.weight"):
        work_parameter_gradient(path, "fc1.w", (0,))
    with pytest.raises(SettingError, match="'fc1.bias' has no number at 7; it is 2"):
        work_parameter_gradient(path, "fc1.bias", (7,))


def test_drawn_parameters_are_small_whole_numbers_for_small_images_alone() -> None:
    small = work_through(SMILE, "conv 2 > relu > flatten > fc 2", seed=4)
    numbers = np.concatenate([p.values.ravel() for p in small.parameters.values()])
    assert set(numbers.tolist()) <= {-1.0, 0.0, 1.0}
    assert "small whole numbers, drawn with seed 4" in small.origin
    same = work_through(SMILE, "conv 2 > relu > flatten > fc 2", seed=4)
    assert np.array_equal(
        same.parameters["fc1.weight"].values, small.parameters["fc1.weight"].values
    )
    large = work_through(np.ones((13, 4)), "flatten > fc 2")
    assert not set(large.parameters["fc1.weight"].values.ravel().tolist()) <= {-1.0, 0.0, 1.0}


def test_large_layers_are_told_by_shape_and_range() -> None:
    path = work_through(np.ones((40, 30)), "conv 4 > relu > gap > flatten > fc 2", label="1")
    text = path.as_text(width=80)
    assert "from image (1x40x30) to 4x40x30" in text and "for example conv1[" in text
    assert max(map(len, text.split("\n"))) <= 80
    assert path.as_json()["steps"][1]["sums"] is None  # type: ignore[index]
