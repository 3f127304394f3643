"""Files for ExecuTorch and LiteRT: what goes to their environments, comes back and is kept."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from phone_environment import build_in_fault, make_python, make_stand_in
from torch import nn
from typer.testing import CliRunner

from striate.backends.torch import build
from striate.cli import app
from striate.data.images import Preprocess
from striate.deployment.golden_images import draw, draw_golden_images, fingerprint
from striate.deployment.phone import environment as environments
from striate.deployment.phone import worker
from striate.deployment.phone.answer_rule import AnswerRule
from striate.deployment.phone.environment import FORMATS, find_python, main
from striate.deployment.phone.phone_document import place_beside, write_document
from striate.deployment.phone.phone_export import (
    PhoneSettings,
    answer_by_classifier,
    export_phone,
    make_inputs,
    verify_phone,
)
from striate.deployment.phone.worker_process import Spoken
from striate.deployment.sealed_file import GoldenProof
from striate.errors import ClassifierError, EngineError, ProofError, SettingError
from striate.model.classifier import Classifier
from striate.model.decision import Decision, FeatureDistance, Promise, RejectRule, Taxonomy

TEXT = "input 3x12x16 classes=3 > conv 4 > relu > maxpool 2 > conv 6 > relu > gap > flatten > fc"
NAMES = ("bird", "dog/beagle", "dog/pug")
LITERT = FORMATS["litert"]
PAGE = Path(__file__).parents[2] / "docs" / "phone.md"


@pytest.fixture(scope="module")
def model() -> Classifier:
    """Of three classes with a taxonomy, a promise, a rule with a distance, both ways round."""
    rng = np.random.default_rng(3)
    axes = np.linalg.qr(rng.normal(size=(6, 2)))[0]
    distance = FeatureDistance(
        center=rng.normal(size=6).astype(np.float32) / 8,
        axes=axes.astype(np.float32),
        whitening=np.diag([2.0, 3.0]).astype(np.float32),
        means=rng.normal(size=(3, 2)).astype(np.float32),
        residual_scale=0.7,
        usual_activity=0.6,
        activity_scale=9.0,
    )
    decision = Decision(
        0.3,
        mirrored=True,
        distance=distance,
        reject=RejectRule(0.5, 1.9, 0.02, 100),
        promise=Promise(0.9, 0.9, False, (0.6, None, 0.7), 100, ((0.55, 0.6),)),
        taxonomy=Taxonomy.from_names(NAMES),
    )
    preprocess = Preprocess(
        3, 12, 16, "crop", crop_ratio=1.25, mean=(0.4, 0.5, 0.6), std=(0.2,) * 3
    )
    network = build(TEXT, seed=3)
    return Classifier(network, TEXT, NAMES, preprocess, decision=decision)


@pytest.fixture(scope="module")
def plain(model: Classifier) -> Classifier:
    """The same without a rule, so that no golden image has to be made for it."""
    return replace(model, decision=Decision(0.3))


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_stand_in(tmp_path_factory.mktemp("environment"), (12, 16, 3))


needs_a_shell = pytest.mark.skipif(os.name == "nt", reason="the stand-in is started by sh")


@needs_a_shell
def test_a_file_is_kept_with_its_document_and_proved_again(
    model: Classifier, stand_in: Path, tmp_path: Path
) -> None:
    settings = PhoneSettings(stand_in)
    done = export_phone(model, tmp_path / "a", LITERT, settings=settings, progress=False)
    assert (done.path, done.size) == (tmp_path / "a.tflite", done.path.stat().st_size)
    proof = done.verification.proofs[0]
    assert (proof.runtime, proof.status) == ("ai-edge-litert 0.2", "proved")
    # torch there, ONNX Runtime here
    assert proof.difference is not None
    assert (proof.difference.images, proof.difference.classes) == (16, 0)
    assert proof.difference.probability < 1e-5
    assert proof.difference.distance < 1e-5
    document = json.loads(place_beside(done.path).read_text("utf-8"))
    assert document["file"]["input"]["shape"] == [1, 12, 16, 3]
    assert document["made_with"]["litert-torch"] == "0.1"
    answered = {each["answer"]["node"] for each in document["golden"]["images"]}
    assert answered == {-1, 4}  # too far off, and the node above what is never answered
    with pytest.raises(SettingError, match="exists already"):
        export_phone(model, tmp_path / "a", LITERT, settings=settings, progress=False)

    assert verify_phone(done.path, LITERT, environment=stand_in, progress=False).holds
    damaged = bytearray(done.path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    done.path.write_bytes(damaged)
    found = verify_phone(done.path, LITERT, environment=stand_in, progress=False)
    assert "SHA-256" in found.failures


@needs_a_shell
def test_where_runtime_and_classifier_part_the_layer_is_named_and_no_file_kept(
    plain: Classifier, tmp_path: Path
) -> None:
    folder = make_stand_in(tmp_path / "environment", (12, 16, 3))
    build_in_fault(folder, "net.conv2.weight")
    with pytest.raises(ProofError, match=r"\.tflite file does not hold.*at the layer 'conv2', by"):
        export_phone(plain, tmp_path / "a", LITERT, settings=PhoneSettings(folder), progress=False)
    assert not list(tmp_path.glob("a*"))


def test_a_layer_whose_output_has_another_shape_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Pooled(nn.Module):
        net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2, ceil_mode=True))

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor]:
            return (self.net(x).flatten(1),)

    watched: list[nn.Module] = []

    def run(image: np.ndarray) -> list[np.ndarray]:
        with torch.inference_mode():
            ours = [each.numpy() for each in watched[0](torch.from_numpy(image))]
        return [ours[0], ours[1][..., :-1]]  # a column fewer

    def convert(network: nn.Module, _image: np.ndarray, _place: Path) -> None:
        watched.append(network)

    fake = worker.Toolchain((), (), convert, lambda _place: run)
    monkeypatch.setitem(worker.TOOLCHAINS, "litert", fake)
    images = np.ones((1, 1, 7, 9), np.float32)
    request = worker.Request("litert", "a.tflite", True, ("probabilities",))
    said = worker.find_parting(Pooled(), images, [[np.full((1, 24), 9.0)]], request, tmp_path)
    assert said == "the layer '1' gives (1, 2, 3, 3), in torch (1, 2, 3, 4)"


def test_without_an_environment_the_command_that_makes_it_is_named(
    plain: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIATE_CACHE", str(tmp_path))
    made = "`python -m striate.deployment.phone.environment executorch` .*GB.*--environment"
    with pytest.raises(EngineError, match=f"executorch' is not there.*{made}"):
        export_phone(plain, tmp_path / "a", FORMATS["executorch"], progress=False)
    with pytest.raises(EngineError, match=f"is no Python environment.*{made}"):
        find_python(FORMATS["executorch"], tmp_path)


@needs_a_shell
@pytest.mark.parametrize(
    ("script", "said"),
    [
        (f'exec "{sys.executable}" "$@"', r"litert_torch is not installed; make one by `python -m"),
        ("echo it is broken >&2; exit 3", r"litert ended with 3 and gave no answer: it is broken"),
        ('echo \'{"failed": "Odd: no"}\'', r"litert failed: Odd: no$"),
        (
            'echo \'{"versions": {}, "milliseconds": 1}\'',
            r"litert failed: its answers cannot be read",
        ),
        (
            "echo '[m.cpp:1] Missing operator: aten::x' >&2; echo '{\"failed\": \"Odd: no\"}'",
            r"litert failed: Odd: no \(Missing operator: aten::x\)$",
        ),
        ("echo no JSON; echo 5; exit 0", r"litert ended with 0 and gave no answer"),
    ],
)
def test_what_goes_wrong_there_is_one_line(
    script: str, said: str, plain: Classifier, tmp_path: Path
) -> None:
    folder = make_python(tmp_path / "environment", script)
    with pytest.raises(EngineError, match=said) as caught:
        export_phone(plain, tmp_path / "a", LITERT, settings=PhoneSettings(folder), progress=False)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("a*"))


def program_of_an_app() -> dict[str, Callable[..., Any]]:
    """What the page has an app do, run as it stands."""
    marked = re.search(
        r"<!-- tested: the program of an app -->\n```python\n(.*?)```",
        PAGE.read_text("utf-8"),
        re.S,
    )
    assert marked is not None
    found: dict[str, Any] = {}
    exec(marked[1], found)
    return found


FITTED = {
    "cropped out of larger": Preprocess(3, 12, 16, "crop", crop_ratio=1.25),
    "cropped": Preprocess(3, 16, 12, "crop"),
    "padded": Preprocess(3, 13, 16, "pad", border=(9, 60, 200)),
    "grey and padded": Preprocess(1, 12, 17, "pad", border=(9, 60, 200)),
    "squashed": Preprocess(3, 12, 16, "squash"),
}
SIZES = [(40, 61), (97, 31), (7, 5), (1, 90), (90, 1), (12, 16), (33, 44), (300, 401)]


@pytest.mark.parametrize("kind", FITTED)
def test_the_program_of_the_page_makes_the_pixels_of_training(kind: str) -> None:
    prepare = program_of_an_app()["prepare"]
    other = total = 0
    for number, (rows, columns) in enumerate(SIZES):
        image = draw(number, rows, columns)
        found = prepare({"preprocess": FITTED[kind].as_json()}, image)
        ours = FITTED[kind].pixels(image).transpose(1, 2, 0)[None]
        assert found.shape == ours.shape
        assert found.dtype == np.float32
        apart = np.abs(found - ours)
        assert apart.max() <= 1
        other, total = other + int((apart > 0).sum()), total + apart.size
    assert other / total < 0.05  # halves, many where a side is made another by a simple ratio


def test_a_program_that_reads_the_document_gives_the_classifiers_answers(model: Classifier) -> None:
    golden = draw_golden_images()
    pixels = [image.pixels(model.preprocess) for image in golden]
    inputs = make_inputs(model.preprocess, golden, pixels)
    expected = answer_by_classifier(model, inputs)
    rows = np.stack([each.probabilities for each in expected])
    far = np.array([each.distance for each in expected], np.float32)
    marks = [("", fingerprint(seen.astype(np.uint8))) for seen in inputs]
    proof = GoldenProof(tuple(golden), tuple(expected))
    spoken = Spoken(b"", rows, far, {"ai-edge-litert": "0.2"}, 1.0)
    document = json.loads(write_document(model, LITERT, spoken, proof, marks))
    app_answer = program_of_an_app()["answer"]
    # near the limits, and far from them
    rng = np.random.default_rng(0)
    rows = np.concatenate([rows, rng.dirichlet((0.7,) * 3, 400).astype(np.float32)])
    far = np.concatenate([far, rng.uniform(0, 12, 400).astype(np.float32)])
    said = model.decision.choose(rows, far)
    tree = model.decision.taxonomy
    assert tree is not None
    names = tree.name_nodes(NAMES)
    rule = AnswerRule.from_json(document["rule"])
    assert rule == AnswerRule.of(model.decision, 3)
    for number, own in enumerate(rule.apply(rows, far)):
        node, sure = int(said.node[number]), float(said.node_probability[number])
        assert (own.node, own.label) == (node, int(said.classes[number]))
        assert own.node_probability == pytest.approx(sure, abs=1e-6)
        theirs = app_answer(document, rows[number], far[number])
        assert theirs == (None if node < 0 else names[node], pytest.approx(sure, abs=1e-6))
    assert {-1, 0, 2, 4} <= set(said.node.tolist())


def test_the_document_names_no_file_and_holds_what_an_app_needs(model: Classifier) -> None:
    backbone = "squeezenet1_1 with the weights of secret.pth"
    secret = replace(
        model,
        data={"source": "/home/secret/photos", "images": 10},
        training={"backbone": backbone},
    )
    spoken = Spoken(b"abc", np.zeros((0, 3)), np.zeros(0), {"ai-edge-litert": "0.2"}, 1.0)
    written = write_document(secret, LITERT, spoken, GoldenProof((), ()), [])
    assert b"secret" not in written
    document = json.loads(written)
    assert document["classes"] == list(NAMES)
    assert document["nodes"] == [*NAMES, "bird", "dog"]
    assert document["rule"]["least_probability"] == [pytest.approx(0.6), None, pytest.approx(0.7)]
    assert document["calibration"]["temperature"] == 0.3
    assert Fraction(document["preprocess"]["crop_ratio"]) == Fraction(5, 4)
    assert document["file"]["sha256"].startswith(
        "ba7816bf"
    )  # of the letters abc, as FIPS 180 has it
    assert [each["name"] for each in document["file"]["outputs"]] == ["probabilities", "distance"]


def test_a_document_that_is_missing_or_damaged_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.pte"
    with pytest.raises(ClassifierError, match=r"a\.pte' is not there; expected an exported file"):
        verify_phone(file, FORMATS["executorch"], progress=False)
    file.write_bytes(b"")
    for content, said in (
        (None, r"a\.pte\.json' cannot be opened: No such file"),
        ("{}", r"a\.pte\.json' is damaged \(KeyError"),
        ('{"format": "striate-phone", "format_version": 9}', "has format version 9"),
        ('{"format": "other"}', "not of the format 'striate-phone'"),
    ):
        if content is not None:
            place_beside(file).write_text(content)
        with pytest.raises(ClassifierError, match=said):
            verify_phone(file, FORMATS["executorch"], progress=False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--to", "litert", "--quantize", "int8", "--calibrate", "x"], "--quantize does not go"),
        (["--to", "executorch", "--with-batch"], "--with-batch does not go with --to executorch"),
        (["--environment", "x"], "--environment does not go with --to onnx"),
        (["--to", "tflite"], "expected onnx, page, executorch or litert"),
        (["--to", "litert", "--environment", "elsewhere"], "'elsewhere' is not there"),
    ],
)
def test_words_that_do_not_go_together(words: list[str], said: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["export", str(tmp_path / "none.safetensors"), *words])
    assert said in str(done.exception)


def test_an_environment_is_made_of_exact_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its Python is the shell's echo, which says what it was asked for."""
    monkeypatch.setenv("STRIATE_CACHE", str(tmp_path))
    make_python(tmp_path / "environments" / "executorch", 'echo "$@"')
    if os.name == "nt":
        pytest.skip("the stand-in is started by sh")
    assert main(["executorch", "--torch-index", "https://example.org/cpu"]) == 0
    first, second, last = capfd.readouterr().out.splitlines()
    assert "torch==2.13.0 --index-url https://example.org/cpu" in first
    assert re.search(r"-c \S+executorch\.txt torch==2\.13\.0 executorch==1\.5\.1$", second)
    assert last == "striate export MODEL --to executorch"
    make_python(tmp_path / "mine", "exit 7")
    assert main(["litert", str(tmp_path / "mine"), "--torch-index", "pip"]) == 2
    assert "failed; what it said stands above" in capfd.readouterr().err


@pytest.mark.parametrize("kind", FORMATS.values(), ids=list(FORMATS))
def test_the_versions_of_an_environment_are_exact(kind: environments.PhoneFormat) -> None:
    text = Path(environments.__file__).with_name(f"{kind.name}.txt").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert {environments.TORCH, kind.requirement} <= set(lines)
    assert any(line.startswith(f"{kind.runtime}==") for line in lines)
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS.values(), ids=list(FORMATS))
def test_a_real_conversion_is_proved(
    kind: environments.PhoneFormat, model: Classifier, tmp_path: Path
) -> None:
    named = os.environ.get(f"STRIATE_{kind.name.upper()}")
    try:
        find_python(kind, Path(named) if named else None)
    except EngineError as error:
        pytest.skip(str(error))
    settings = PhoneSettings(Path(named) if named else None)
    done = export_phone(model, tmp_path / "a", kind, settings=settings, progress=False)
    difference = done.verification.proofs[0].difference
    assert difference is not None
    assert (difference.images, difference.classes) == (16, 0)
    assert difference.probability < 1e-5
    assert str(Path.home()).encode() not in done.path.read_bytes()
    assert verify_phone(done.path, kind, environment=settings.environment, progress=False).holds
