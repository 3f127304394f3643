"""A classifier in int8: what is quantized, what is measured, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from PIL import Image

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.deployment.exporting import Exported, ExportSettings, export
from striate.deployment.page_export import PageSettings, export_page
from striate.deployment.quantization.activation_ranges import collect_ranges
from striate.deployment.quantization.choice import choose
from striate.deployment.quantization.int8_form import Int8Settings, open_form
from striate.deployment.quantization.quantized_network import fold
from striate.deployment.sealed_file import read_sealed
from striate.deployment.sealed_graph import find_network, write_network
from striate.deployment.sealed_opening import open_sealed
from striate.deployment.verification import describe_machine, verify
from striate.errors import ClassifierError, DataError, ProofError, SettingError, StriateError
from striate.events import Event, Note, Progress
from striate.model.classifier import Classifier

TEXT = (
    "input 1x12x12 classes=2 > conv 8 > bn > relu > maxpool 2 > conv 8 > relu > gap > flatten > fc"
)
LINEAR = "input 1x12x12 classes=2 > flatten > fc"
N = 20  # images of each class


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images of a dark and a light class, with noise."""
    root = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for label, level in (("dark", 90), ("light", 160)):
        (root / label).mkdir()
        for number in range(N):
            pixels = np.clip(rng.normal(level, 30, (12, 12)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(root / label / f"{number}.png")
    return root


def make_classifier(text: str) -> Classifier:
    return Classifier(build(text, seed=1), text, ("dark", "light"), Preprocess(1, 12, 12))


@pytest.fixture(scope="module")
def model() -> Classifier:
    """A classifier that knows the two apart by the mean of what its convolutions find."""
    classifier = make_classifier(TEXT)
    module = classifier.to_torch()
    with torch.no_grad():
        levels = torch.linspace(0.2, 0.8, 64)
        pixels = levels[:, None, None, None] + 0.1 * torch.randn(64, 1, 12, 12)
        labels = (levels > 0.49).long()
    module.train()
    optimiser = torch.optim.Adam(module.parameters(), lr=0.02)
    for _ in range(30):
        optimiser.zero_grad()
        torch.autograd.backward(torch.nn.functional.cross_entropy(module(pixels), labels))
        optimiser.step()
    return replace(classifier, network=module.eval())


@pytest.fixture(scope="module")
def exported(model: Classifier, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    path = tmp_path_factory.mktemp("int8") / "light.onnx"
    settings = ExportSettings(batch=True, int8=Int8Settings(folder, tolerate=0.05))
    return export(model, path, settings=settings, progress=False)


def test_a_file_in_int8_says_what_it_is_and_proves_itself(exported: Exported) -> None:
    sealed = read_sealed(exported.path)
    found = sealed.quantization
    assert found is not None
    assert (found["format"], found["n"], found["calibration_images"]) == ("int8", N, N)
    assert [form.name for form in exported.forms] == ["float32", "int8"]
    assert len(sealed.proof.float32) == len(sealed.expected) == 16
    assert "Its forms" in sealed.card
    again = verify(exported.path, progress=False)
    assert again.holds
    for proof in again.proofs:
        assert proof.status == "not proved" or proof.float32 is not None


def test_only_the_network_is_quantized(exported: Exported) -> None:
    graph = onnx.load(exported.path).graph
    made_by = {name: node for node in graph.node for name in node.output}
    held = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    quantized = [node for node in graph.node if node.op_type == "QuantizeLinear"]
    assert quantized
    for node in quantized:  # activations: unsigned, one scale; and of the network alone
        assert held[node.input[2]].dtype == np.uint8
        assert held[node.input[1]].size == 1
        assert not node.input[0].startswith(("image/", "answer/"))
    for node in graph.node:
        if node.op_type == "Conv" and not node.input[1].startswith("image/"):
            weight = made_by[node.input[1]]
            assert weight.op_type == "DequantizeLinear"
            assert held[weight.input[0]].dtype == np.int8
            assert held[weight.input[1]].shape == (8,)  # a scale for each output channel
    onnx.checker.check_model(onnx.load(exported.path), full_check=True)


def test_its_answers_are_near_those_in_float32(
    exported: Exported, model: Classifier, folder: Path
) -> None:
    assert exported.int8 is not None
    opened = open_sealed(exported.path)
    files = sorted(folder.rglob("*.png"))
    ours = np.array([list(opened.predict(file).probabilities.values()) for file in files])
    theirs = np.array([list(model.predict(file).probabilities.values()) for file in files])
    assert np.abs(ours - theirs).max() < 0.1
    assert np.abs(ours - theirs).max() > 0  # it is another network
    correct = (theirs.argmax(1) == np.repeat([0, 1], N)).mean()
    assert correct > 0.8


@pytest.mark.slow
def test_weights_of_seven_bits_fit_into_sixteen_bit_sums(
    model: Classifier, folder: Path, tmp_path: Path
) -> None:
    settings = ExportSettings(int8=Int8Settings(folder, tolerate=0.5, reduce_range=True))
    done = export(model, tmp_path / "seven.onnx", settings=settings, progress=False)
    assert done.int8 is not None
    assert "7 bits" in done.int8.proved_on
    weights = [
        numpy_helper.to_array(each).astype(int)
        for each in onnx.load(done.path).graph.initializer
        if each.data_type == onnx.TensorProto.INT8 and each.dims
    ]
    assert weights
    assert max(2 * 255 * np.abs(each).max() for each in weights) <= 2**15 - 1


def make_coarse() -> Classifier:
    """A classifier whose every channel has one huge weight, beside which the others vanish."""
    classifier = make_classifier(LINEAR)
    module = classifier.to_torch()
    with torch.no_grad():
        weight = module.get_parameter("fc1.weight")
        weight[:] = torch.tensor([[-1.0], [1.0]])
        weight[:, 0] = 5000.0
        module.get_parameter("fc1.bias")[:] = torch.tensor([70.0, -70.0])
    return replace(classifier, network=module)


def test_what_loses_too_much_is_refused_and_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    settings = ExportSettings(int8=Int8Settings(folder))
    with pytest.raises(ProofError, match="int8 loses .* points of accuracy .* --tolerate allows 1"):
        export(make_coarse(), tmp_path / "coarse.onnx", settings=settings, progress=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_layer_that_spoils_the_answers_stays_in_float32(folder: Path) -> None:
    text = "input 1x12x12 classes=2 > conv 1x1 2 > conv 1x1 2 > gap > flatten > fc"
    classifier = make_classifier(text)
    module = classifier.to_torch()
    with torch.no_grad():
        first, second, last = (
            module.get_parameter(f"{name}.weight") for name in ("conv1", "conv2", "fc1")
        )
        first[:] = torch.tensor([1.0, 0.0])[:, None, None, None]
        second[:] = torch.tensor([[1.0, 5000.0], [0.0, 5000.0]])[..., None, None]
        for name in ("conv1.bias", "conv2.bias"):
            module.get_parameter(name)[:] = 0.0
        last[:] = torch.tensor([[-20.0, 0.0], [20.0, 0.0]])
        module.get_parameter("fc1.bias")[:] = torch.tensor([10.0, -10.0])
    classifier = replace(classifier, network=module)
    pixels = np.stack([classifier.preprocess.pixels(file) for file in folder.rglob("*.png")])
    network = fold(write_network(classifier, find_network(classifier)))
    assert network.layers == ("conv1", "conv2", "fc1")
    ranges = collect_ranges(network, pixels.astype(np.float32), len(pixels), lambda event: None)
    assert set(ranges) == {
        "min-max", "percentile 99.999", "percentile 99.99", "percentile 99.9", "entropy"
    }  # fmt: skip
    chosen = choose(
        network,
        ranges,
        lambda inner, first: open_form(classifier, inner)(pixels[:first]).probabilities,
        wanted=classifier.decide(pixels).probabilities,
        reduce_range=False,
        tolerate=0.05,
        callback=lambda event: None,
    )
    assert "conv2" in chosen.left_out
    assert chosen.changed <= 0.05


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ([], "no image"),
        ([("dark", 40)], "all 40 images of .* are of the class 'dark'"),
        ([("dark", 10), ("light", 10)], "has 20 images to calibrate by; at least 32 are needed"),
    ],
)
def test_a_folder_that_will_not_do_is_refused_in_a_line(
    model: Classifier, folder: Path, tmp_path: Path, kept: list[tuple[str, int]], said: str
) -> None:
    for label, count in kept:
        (tmp_path / "some" / label).mkdir(parents=True)
        for number in range(count):
            content = (folder / label / f"{number % N}.png").read_bytes()
            (tmp_path / "some" / label / f"{number}.png").write_bytes(content)
    (tmp_path / "some").mkdir(exist_ok=True)
    settings = ExportSettings(int8=Int8Settings(tmp_path / "some"))
    with pytest.raises(StriateError, match=said) as raised:
        export(model, tmp_path / "a.onnx", settings=settings, progress=False)
    assert isinstance(raised.value, DataError)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "a.onnx").exists()


@pytest.mark.slow
def test_images_that_cannot_be_read_are_named(
    model: Classifier, folder: Path, tmp_path: Path
) -> None:
    for file in folder.rglob("*.png"):
        copy = tmp_path / "more" / file.parent.name / file.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    (tmp_path / "more" / "dark" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n torn")
    told: list[Event] = []
    settings = ExportSettings(int8=Int8Settings(tmp_path / "more", tolerate=0.5))
    export(model, tmp_path / "a.onnx", settings=settings, progress=False, callback=told.append)
    notes = [event.text for event in told if isinstance(event, Note)]
    assert any("1 of 41 files cannot be read" in note and "torn.png" in note for note in notes)


def test_a_network_without_weights_is_refused() -> None:
    classifier = make_classifier("input 1x12x12 classes=2 > conv 2 > gap > flatten")
    with pytest.raises(ClassifierError, match="neither a convolution nor a linear layer"):
        fold(
            write_network(
                classifier, find_network(make_classifier("input 2x12x12 > gap > flatten"))
            )
        )


def test_ctrl_c_while_it_is_calibrated_leaves_nothing(
    model: Classifier, folder: Path, tmp_path: Path
) -> None:
    def stop(event: Event) -> None:
        if isinstance(event, Progress) and event.stage == "calibrating":
            raise KeyboardInterrupt

    settings = ExportSettings(int8=Int8Settings(folder))
    with pytest.raises(KeyboardInterrupt):
        export(model, tmp_path / "a.onnx", settings=settings, progress=False, callback=stop)
    assert not list(tmp_path.iterdir())


def test_a_machine_that_cuts_off_sums_is_told(exported: Exported) -> None:
    found = json.loads(json.dumps(read_sealed(exported.path).quantization))
    assert describe_machine(found).startswith("its int8 was proved on ")


def test_what_is_exported_already_is_not_changed(exported: Exported, tmp_path: Path) -> None:
    about = '{"name": "onnxruntime-web", "version": "1.30.0"}'
    for name, content in (
        ("package.json", about),
        ("dist/ort.wasm.bundle.min.mjs", ""),
        ("dist/ort-wasm-simd-threaded.wasm", ""),
    ):
        (tmp_path / "web" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "web" / name).write_text(content, encoding="utf-8")
    for option, sealed in (
        ("quantize", ExportSettings(int8=Int8Settings(tmp_path))),
        ("golden", ExportSettings(golden=tmp_path)),
        ("with-hashes", ExportSettings(with_hashes=True)),
    ):
        settings = PageSettings(runtime=tmp_path / "web", sealed=sealed)
        with pytest.raises(SettingError, match=f"is exported already .* leave --{option} out"):
            export_page(exported.path, tmp_path / "a.html", settings=settings, progress=False)
