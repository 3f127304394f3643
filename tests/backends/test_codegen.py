from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from programs import BLOCKS, TEXTS, counted, image, lively, random_texts, run
from safetensors.torch import save_file
from thoroughness import slow_if

from striate.architecture import zoo
from striate.architecture.layer_table import summary
from striate.architecture.notation import expand, parse
from striate.backends.codegen import Framework, to_code
from striate.errors import NotationError, SettingError

FRAMEWORKS: tuple[Framework, ...] = ("torch", "keras")
SIDES = {"alexnet": 63, "alexnet2012": 67, "inception_v3": 75}  # as small as they take them
LARGE = {"vgg11", "vgg16"}  # their 130 million weights are compared by name and shape alone


def same(text: str, **sizes: object) -> None:
    """The PyTorch program of a network computes what the network does, to the last bit."""
    ours = lively(text, **sizes)
    with torch.device("meta"):
        net = run(to_code(ours.plan, "torch"))["Net"]()
    assert list(net.state_dict()) == list(ours.state_dict())
    net.load_state_dict(ours.state_dict(), assign=True)
    x = image(ours)
    with torch.no_grad():
        torch.testing.assert_close(net.eval()(x), ours(x), rtol=0, atol=0, equal_nan=True)
    assert counted(net) == summary(ours.plan).parameters


@pytest.mark.parametrize("text", TEXTS)
def test_every_word_and_option_computes_the_same_in_torch(text: str) -> None:
    same(text)


def test_random_networks_compute_the_same_in_torch() -> None:
    for text in random_texts():
        same(text)


@pytest.mark.parametrize("name", slow_if(sorted(set(zoo.names()) - LARGE)))
def test_known_networks_compute_the_same_in_torch(name: str) -> None:
    native = expand(name).input
    side = SIDES.get(name, min(64, native[1]))
    same(name, input=native if name.startswith("lenet") else (3, side, side))


@pytest.mark.parametrize("name", sorted(LARGE))
def test_large_networks_have_the_same_weights_in_torch(name: str) -> None:
    plan = expand(name)
    with torch.device("meta"):
        net = run(to_code(plan, "torch"))["Net"]()
    assert counted(net) == summary(plan).parameters
    learnt = {key.rpartition(".")[0] for key in net.state_dict()}
    assert learnt <= plan.addresses().keys()


def test_training_mode_is_the_same_in_torch() -> None:
    ours = lively("input 3x6x6 classes=3 > conv 4 > bn > relu > dropout 0.5 > flatten > fc").train()
    net = run(to_code(ours.plan, "torch"))["Net"]().train()
    net.load_state_dict(ours.state_dict())
    results = []
    for module in (ours, net):
        torch.manual_seed(3)
        module(image(ours)).square().sum().backward()
        results.append([parameter.grad for parameter in module.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))
    assert torch.equal(ours.state_dict()["bn1.running_var"], net.state_dict()["bn1.running_var"])


def test_the_weights_of_a_classifier_s_file_are_read(tmp_path: Path) -> None:
    ours = lively(BLOCKS)
    beside = {"data.seen_train": torch.arange(3)}  # what a classifier's file holds besides
    save_file({**ours.state_dict(), **beside}, tmp_path / "m.safetensors")
    net = run(to_code(BLOCKS, "torch"))["load"](str(tmp_path / "m.safetensors"))
    assert not net.training
    with torch.no_grad():
        assert torch.equal(net(image(ours)), ours(image(ours)))


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_program_imports_its_framework_alone(framework: Framework) -> None:
    for text in [*TEXTS, *zoo.names()]:
        tree = ast.parse(to_code(text, framework))
        found = {
            alias.name.split(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        } | {
            (node.module or "").split(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
        }
        assert found == {framework, "safetensors"}  # the last where weights are loaded


def test_programs_are_formatted_and_linted(tmp_path: Path) -> None:
    texts = [*TEXTS, *zoo.names()]
    for number, text in enumerate(texts):
        for framework in FRAMEWORKS:
            path = tmp_path / f"{framework}_{number}.py"
            path.write_text(to_code(text, framework), encoding="utf-8")
    rules = "E4,E7,E9,F,W,I,UP,SIM,RET,C4"
    for command in (["format", "--check"], ["check", "--select", rules]):
        words = [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", str(tmp_path)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_blocks_become_classes_with_their_own_parameters() -> None:
    program = to_code("resnet50", "torch")
    assert "def __init__(self, in_channels: int, c: int, stride: int) -> None:" in program
    assert "self.conv1 = nn.Conv2d(in_channels, in_channels // 4, kernel_size=1" in program
    assert "self.first2 = First(256, c=128, stride=2)" in program
    assert "x = self.next12(x)  # (2048, 7, 7)" in program
    assert program.count("class ") == 4


def test_the_program_shows_the_network_it_was_written_from() -> None:
    text = "# Small\ninput 1x8x8 classes=2\nconv 4 > relu > gap > flatten > fc"
    program = to_code(text, "keras")
    for line in str(parse(text)).split("\n"):
        assert f"#     {line}" in program
    assert program.startswith('"""Small\n\n50 parameters. Written by Striate.\n')


def test_text_tree_and_plan_give_the_same_program() -> None:
    text = "input 3x8x8 classes=3 > conv 4 > relu > gap > flatten > fc"
    programs = {to_code(form, "torch") for form in (text, parse(text), expand(text))}
    assert len(programs) == 1
    assert "nn.Linear(4, 7)" in to_code(expand(text), "torch", classes=7)
    assert "keras.Input((9, 9, 3))" in to_code(text, "keras", input=(3, 9, 9))


def test_what_cannot_be_written_is_said() -> None:
    with pytest.raises(SettingError, match=r"framework is 'jax'; expected torch or keras"):
        to_code("input 1x8x8 > relu", "jax")  # type: ignore[arg-type]
    with pytest.raises(NotationError, match="does not say what goes in"):
        to_code("conv 8 > relu", "torch")
