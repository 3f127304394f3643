"""The known networks as texts, the names that stand for them, and the verb that lists them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from shell import striate

from striate.architecture import zoo
from striate.architecture.layer_table import summary
from striate.architecture.notation import expand, parse, source
from striate.architecture.words import JOINS, WORDS
from striate.architecture.zoo import compact
from striate.backends.torch import build
from striate.cli.zoo import make_table
from striate.errors import NotationError
from striate.training import defaults, preparation

ROOT = Path(__file__).parents[2]


def test_the_compact_network_is_a_text_that_can_be_read_and_written() -> None:
    for size in (8, 28, 64, 128, 224):
        network = parse(compact((3, size, size), 5))
        assert parse(str(network)) == network
        assert network.input == (3, size, size)


@pytest.mark.parametrize("name", zoo.names())
def test_a_text_says_what_it_is_when_and_where_from(name: str) -> None:
    network = parse(zoo.text(name))
    title, *history = network.comment.split("\n")
    assert re.fullmatch(r".+ \((19|20)\d\d\), .+", title)
    assert 2 <= len(history) <= 8
    assert re.search(r"https://\S+", " ".join(history))
    assert network.input is not None
    assert network.classes is not None
    assert max(map(len, zoo.text(name).split("\n"))) <= 100
    assert parse(str(network)) == network


def test_the_oldest_comes_first_and_no_name_is_a_word() -> None:
    years = [zoo.year(name) for name in zoo.names()]
    assert years == sorted(years)
    assert years[0] == 1989
    assert not {*WORDS, *JOINS, "input"} & set(zoo.names())


@pytest.mark.parametrize("name", zoo.names())
def test_a_name_stands_for_its_text(name: str) -> None:
    text = zoo.text(name)
    assert parse(name) == parse(f" {name}\n") == parse(text)
    assert expand(name) == expand(text)
    assert source(name) == text
    assert summary(name).parameters == summary(text).parameters


def test_a_name_is_built() -> None:
    module = build("tiny_vgg", classes=3)
    assert module.plan == expand(zoo.text("tiny_vgg"), classes=3)


def test_a_name_trains(tmp_path: Path) -> None:
    done = striate(
        *("train", "digits", "--network", "lenet5", "--epochs", 1, "--threads", 1),
        *("--precision", "float32", "--json", "--out", tmp_path / "run"),
    )
    last = json.loads(done.stdout.splitlines()[-1])
    described = striate("describe", last["run"], "--json").stdout
    assert json.loads(described)["parameters"] == 61_706
    record = json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))
    assert record["request"]["network"] == zoo.text("lenet5")


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 64, 64), (3, 128, 128), (3, 48, 96)])
def test_compact_is_the_network_that_training_chooses(shape: tuple[int, int, int]) -> None:
    assert preparation.read_network("compact") is preparation.read_network(None) is None
    chosen = defaults.network_text(None, shape, 7, lambda said: None)
    assert expand("compact", input=shape, classes=7) == expand(chosen)
    by_verb = striate(
        *("describe", "compact", "--input", "x".join(map(str, shape)), "--classes", 7, "--json")
    )
    assert json.loads(by_verb.stdout) == summary(chosen).as_json()


def test_compact_alone_is_that_for_64_pixels() -> None:
    ours, chosen = parse("compact"), parse(compact((3, 64, 64), 10))
    assert (ours.flow, ours.definitions) == (chosen.flow, chosen.definitions)
    assert (ours.input, ours.classes) == (chosen.input, chosen.classes)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("vgg15", "vgg16"),
        ("ResNet-50", "resnet50"),
        ("AlexNet", "alexnet"),
        ("squeezenet1.1", "squeezenet1_1"),
        ("inception", "inception_v3"),
    ],
)
def test_a_mistyped_name_is_answered_with_the_right_one(text: str, meant: str) -> None:
    with pytest.raises(NotationError, match=f"unknown network '{text}'; did you mean '{meant}'"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "word"), [("dense", "fc"), ("flaten", "flatten"), ("cnv", "conv")]
)
def test_a_mistyped_word_alone_is_still_a_word(text: str, word: str) -> None:
    with pytest.raises(NotationError, match=f"unknown word '{text}'; did you mean '{word}'"):
        parse(text)


def test_a_name_within_a_text_is_refused() -> None:
    with pytest.raises(NotationError, match="'vgg16' is a whole network and stands alone"):
        parse("vgg16 > relu")
    assert expand("vgg16 = relu\nvgg16", input=(1, 4, 4)).output == (
        1,
        4,
        4,
    )  # a block of one's own


def test_an_error_in_a_known_network_names_it_and_points_into_its_text() -> None:
    with pytest.raises(NotationError) as caught:
        expand("tiny_vgg", input=(3, 8, 8))
    message, line, caret = str(caught.value).split("\n")
    assert message.startswith("tiny_vgg: a 3x3 window does not fit in 2x2")
    assert line[caret.index("^") :].startswith("conv 10 pad=valid")
    with pytest.raises(NotationError, match="^tiny_vgg: a 3x3 window does not fit in 2x2"):
        defaults.network_text(zoo.text("tiny_vgg"), (3, 8, 8), 10, lambda said: None)


def test_the_name_wins_over_a_file_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "vgg16").write_text("input 1x8x8 classes=2 > flatten > fc")
    (tmp_path / "lenet5.cnn").write_text("input 1x8x8 classes=2 > flatten > fc")
    by_name = striate("describe", "vgg16", "--json", cwd=tmp_path)
    assert json.loads(by_name.stdout)["parameters"] == 138_357_544
    assert "./vgg16" in by_name.stderr
    for file in ("./vgg16", tmp_path / "vgg16", "lenet5.cnn", "./lenet5.cnn"):
        done = striate("describe", file, "--json", cwd=tmp_path)
        assert json.loads(done.stdout)["parameters"] == 130
        assert done.stderr == ""
    assert striate("describe", "lenet5", cwd=tmp_path).stderr == ""


def test_a_folder_of_that_name_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "tiny_vgg").mkdir()
    done = striate("describe", "tiny_vgg", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["parameters"] == 19_920
    assert "./tiny_vgg" in done.stderr


def test_a_file_that_holds_a_name_is_that_network(tmp_path: Path) -> None:
    (tmp_path / "own.cnn").write_text("tiny_vgg\n")
    done = striate("describe", "own.cnn", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["parameters"] == 19_920
    assert preparation.read_network(tmp_path / "own.cnn") == "tiny_vgg\n"


def test_the_verb_lists_every_network_with_its_costs() -> None:
    header, *lines = striate("zoo").stdout.splitlines()
    assert header.split()[:5] == ["name", "year", "input", "parameters", "MACs"]
    assert [line.split()[0] for line in lines] == list(zoo.names())
    objects = [json.loads(line) for line in striate("zoo", "--json").stdout.splitlines()]
    for line, found in zip(lines, objects, strict=True):
        assert found["name"] == line.split()[0]
        assert f" {found['parameters']:,} " in line
        assert f" {found['macs']:,} " in line


PROBE = """
import contextlib, io, json, sys, time
from striate.cli import main
sys.argv[1:] = ["zoo"]
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main()
print(json.dumps({"seconds": time.process_time(), "torch": "torch" in sys.modules}))
"""


def test_the_list_is_there_in_a_moment_and_without_torch() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["seconds"] < 1.5
    assert not found["torch"]


def test_the_verb_prints_a_text_as_it_is() -> None:
    assert striate("zoo", "resnet50").stdout == zoo.text("resnet50")
    found = json.loads(striate("zoo", "resnet50", "--json").stdout)
    assert found["text"] == zoo.text("resnet50")
    assert (found["year"], found["macs"]) == (2015, 4_089_184_256)
    said = striate("zoo", "resnet34", code=2).stderr
    assert "no known network is called 'resnet34'; did you mean 'resnet" in said


def test_the_page_lists_the_zoo_as_it_is() -> None:
    page = (ROOT / "docs" / "zoo.md").read_text("utf-8")
    found = make_table(zoo.names())
    marks = "|".join("---:" if name in found.right else "---" for name in found.header)
    header, *rows = ("| " + " | ".join(cells) + " |" for cells in (found.header, *found.rows))
    assert "\n".join([header, f"|{marks}|", *rows]) in page
