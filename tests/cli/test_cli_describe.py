"""striate describe as a person or a program uses it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from shell import spend, striate

from striate.architecture import zoo

TEXT = "input 1x8x8 classes=2 > conv 4 > relu > flatten > fc"


@pytest.mark.parametrize("name", [name for name in zoo.names() if name != "compact"])
def test_every_known_network_is_described_in_full(name: str) -> None:
    said = striate("describe", name).stdout
    for part in ("Output size:", "Parameters:", "MACs:", "activations", "training", "at batch 32"):
        assert part in said
    result = json.loads(striate("describe", name, "--json").stdout)
    assert f"{result['parameters']:,}" in said
    assert result["training_memory"]["float32"]["batch"] == 32
    assert all({"formulas", "activation_memory"} <= layer.keys() for layer in result["layers"])
    assert [warning["layer"] for warning in result["warnings"]] == [
        line.split(", ")[1].split(" ")[0].rstrip(":")
        for line in said.splitlines()
        if line.startswith(("warning, ", "note, "))
    ]


def test_the_batch_changes_the_memory_of_training_alone() -> None:
    small = json.loads(striate("describe", TEXT, "--batch-size", 1, "--json").stdout)
    large = json.loads(striate("describe", TEXT, "--batch-size", 64, "--json").stdout)
    assert large["training_memory"]["float32"]["activations"] == (
        64 * small["training_memory"]["float32"]["activations"]
    )
    del small["training_memory"], large["training_memory"]
    assert small == large
    assert "at batch 64" in striate("describe", TEXT, "--batch-size", 64).stdout


def test_measure_times_every_layer() -> None:
    said = striate("describe", TEXT, "--profile", "--batch-size", 2).stdout
    assert "forward ms" in said
    assert "2 images each" in said
    measured = json.loads(striate("describe", TEXT, "--profile", "--json").stdout)["profile"]
    assert [layer["name"] for layer in measured["layers"]] == ["conv1", "relu1", "flatten1", "fc1"]
    assert measured["batch"] == 32


def test_code_is_a_program_and_nothing_else() -> None:
    for framework in ("torch", "keras"):
        program = striate("describe", TEXT, "--code", framework).stdout
        compile(program, "program.py", "exec")
        assert f"import {framework}" in program
        within = json.loads(striate("describe", TEXT, "--code", framework, "--json").stdout)
        assert within["code"] == program


def test_graph_writes_a_graph_for_light_and_dark_screens(tmp_path: Path) -> None:
    both = ("--svg", "a.svg", "--graph", "b.svg")
    done = striate("describe", TEXT, *both, cwd=tmp_path)
    assert done.stderr == "the drawing: a.svg\nthe drawing: b.svg\n"
    graph = (tmp_path / "b.svg").read_text("utf-8")
    assert "as a data-flow graph: " in graph and "prefers-color-scheme: dark" in graph
    assert "as an architecture diagram: " in (tmp_path / "a.svg").read_text("utf-8")
    one = striate("describe", TEXT, "--svg", "c.svg", "--graph", "c.svg", cwd=tmp_path, code=2)
    assert "give each a file of its own" in one.stderr and not (tmp_path / "c.svg").exists()
    assert "name it .svg" in striate("describe", TEXT, "--graph", "b.png", code=2).stderr


def test_svg_writes_the_drawing_and_says_where(tmp_path: Path) -> None:
    done = striate("describe", TEXT, "--svg", "drawings/network.svg", cwd=tmp_path)
    drawn = (tmp_path / "drawings" / "network.svg").read_text("utf-8")
    assert drawn.startswith("<svg")
    assert done.stderr == "made the folder drawings\nthe drawing: drawings/network.svg\n"
    again = striate("describe", TEXT, "--svg", "drawings/network.svg", cwd=tmp_path)
    assert again.stderr == "the drawing: drawings/network.svg\n"
    assert "conv1" in done.stdout
    assert "is a folder" in striate("describe", TEXT, "--svg", tmp_path, code=2).stderr
    refused = striate("describe", TEXT, "--svg", "network.png", cwd=tmp_path, code=2)
    assert "name it .svg" in refused.stderr and not (tmp_path / "network.png").exists()


MODULE = """
from torch import nn
import beside

class Small(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, beside.WIDTH, 3, padding=1), nn.ReLU(), nn.Flatten(),
            nn.Linear(beside.WIDTH * 64, 5))

class Needy(nn.Module):
    def __init__(self, width):
        super().__init__()

ready = Small()
number = 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "mine.py").write_text(MODULE, "utf-8")
    (tmp_path / "beside.py").write_text("WIDTH = 4\n", "utf-8")
    yield tmp_path
    for name in ("mine", "beside"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("named", ["mine.py:Small", "mine.py:ready", "mine:Small"])
def test_a_torch_module_of_one_s_own_is_described(folder: Path, named: str) -> None:
    done = striate("describe", named, "--input", "3x8x8", "--json", cwd=folder)
    result = json.loads(done.stdout)
    assert result["parameters"] == 3 * 3 * 3 * 4 + 4 + 256 * 5 + 5
    assert [layer["kind"] for layer in result["layers"]] == ["conv", "relu", "flatten", "fc"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["conv", "8"], "the network came in 2 pieces (conv 8); put it in quotes"),
        (["conv", "5x5", "8", "stride=2"], "put it in quotes, as the shell takes it apart"),
        ([TEXT, "--batch-size", "0"], "a batch of 0 has no image"),
        ([TEXT, "--code", "jax"], "--code is 'jax'; choose torch or keras"),
        (["mine.py:Small"], "does not say what goes in; give --input"),
        (["mine.py:Smal", "--input", "3x8x8"], "'mine.py' has no 'Smal'"),
        (["mine.py:Needy", "--input", "3x8x8"], "cannot be called without arguments"),
        (["mine.py:number", "--input", "3x8x8"], "is int; expected a torch.nn.Module"),
        (["other.py:Small", "--input", "3x8x8"], "there is no file 'other.py'"),
        (["other.py:Small"], "there is no file 'other.py'"),
        (["no_such.module:Small", "--input", "3x8x8"], "cannot be imported"),
        (["./no/such:Small", "--input", "3x8x8"], "cannot be imported"),
    ],
)
def test_a_mistake_is_told_in_one_line(folder: Path, arguments: list[str], said: str) -> None:
    done = striate("describe", *arguments, cwd=folder, code=2)
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_file_named_without_its_ending_is_suggested(tmp_path: Path) -> None:
    (tmp_path / "own.cnn").write_text(TEXT, "utf-8")
    assert "did you mean own.cnn?" in striate("describe", "own", cwd=tmp_path, code=2).stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("x = 1\ndef broken(:\n", "own.py, line 2: SyntaxError: "),
        ("\nimport no_such_thing\n", "own.py, line 2: ModuleNotFoundError: No module named"),
        ("x = 1\n\n1 / 0\n", "own.py, line 3: ZeroDivisionError: division by zero"),
        ("def Net():\n    raise RuntimeError('a\\nb')\n", "own.py, line 2: RuntimeError: a b"),
        (
            "from torch import nn\nclass Net(nn.Module):\n    def __init__(self):\n"
            "        super().__init__()\n        nn.Conv2d(1, 2, kernel=3)\n",
            "own.py, line 5: TypeError: ",
        ),
        ("import sys\nsys.exit(3)\n", "own.py, line 2: SystemExit: 3"),
    ],
)
@pytest.mark.parametrize("named", ["own.py:Net", "own:Net"])
def test_a_failing_file_of_one_s_own_is_told_with_its_line(
    tmp_path: Path, named: str, content: str, said: str
) -> None:
    (tmp_path / "own.py").write_text(content, "utf-8")
    sys.modules.pop("own", None)
    done = striate("describe", named, "--input", "1x8x8", cwd=tmp_path, code=2)
    sys.modules.pop("own", None)
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_describing_loads_neither_torch_nor_numpy() -> None:
    script = (
        "import sys\nfrom striate.cli import app\n"
        "try:\n    app(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "assert not {'torch', 'numpy', 'PIL', 'matplotlib', 'sklearn', 'pydantic', 'rich'} "
        "& set(sys.modules)"
    )
    for arguments in (["inception_v3"], ["resnet50", "--json"], ["lenet5", "--code", "torch"]):
        subprocess.run(
            [sys.executable, "-c", script, "describe", *arguments], check=True, capture_output=True
        )


def test_describing_a_deep_network_takes_little_longer_than_help() -> None:
    """The shortest of several runs in turns, since other work only ever makes one longer."""
    start = "import sys\nfrom striate.cli import main\nmain()"
    shortest = {"--help": float("inf"), "densenet121": float("inf")}
    for _ in range(20):
        for argument in shortest:
            taken = spend(sys.executable, "-c", start, "describe", argument)
            shortest[argument] = min(shortest[argument], taken)
        if shortest["densenet121"] <= 3.5 * shortest["--help"]:
            return
    pytest.fail(f"the shortest of 20 runs each: {shortest}")
