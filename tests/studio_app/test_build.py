"""What the room Build answers about a text: its table, its errors, its units, its file."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import striate as st
from striate.architecture import zoo
from striate.architecture.notation import parse
from striate.architecture.words import JOINS, WORDS
from striate.errors import SettingError
from striate.explanation.receptive_fields import field_by_nan
from striate.serving.confined_paths import ConfinedFolders
from striate.studio_app.rooms import KINDS, read_question
from striate.studio_app.studio import Studio

TEXT = "input 3x20x20 classes=4 > conv 5x5 6 stride=2 > maxpool 2 > conv 8 pad=valid > flatten > fc"

Ask = Callable[..., tuple[Any, dict[str, np.ndarray]]]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    studio = Studio.of(ConfinedFolders.of([tmp_path], names=["here"]), tmp_path, {})

    def ask(kind: str, **said: Any) -> tuple[Any, dict[str, np.ndarray]]:
        import json

        question = read_question(json.dumps({"id": 1, "kind": kind, **said}))
        found = KINDS[kind].answer(studio, question, lambda what, share: None)
        return found.said, found.arrays

    return ask


@pytest.mark.parametrize("text", [TEXT, "lenet5", "squeezenet1_1"])
def test_the_table_is_the_summary_and_counts_what_torch_counts(ask: Ask, text: str) -> None:
    said, _ = ask("check", text=text)
    table, module = st.summary(text), st.build(text)
    assert said["fault"] is None
    assert [row["name"] for row in said["rows"]] == [row.name for row in table.layers]
    for row in said["rows"]:
        own = module.get_submodule(row["name"]).parameters()
        assert row["parameters"] == sum(each.numel() for each in own)
    assert said["parameters"] == sum(each.numel() for each in module.parameters())


def test_rows_that_are_repeated_are_folded_and_add_up(ask: Ask) -> None:
    said, _ = ask("check", text="resnet50")
    covered = [(each["at"], each["at"] + each["count"]) for each in said["repeats"]]
    assert len(covered) >= 3
    assert all(end <= start for (_, end), (start, _) in zip(covered, covered[1:], strict=False))
    left = sum(
        row["macs"]
        for at, row in enumerate(said["rows"])
        if not any(start <= at < end for start, end in covered)
    )
    folded = sum(row["macs"] for start, end in covered for row in said["rows"][start:end])
    assert left + folded == said["macs"]


@pytest.mark.parametrize(
    ("text", "at", "told"),
    [
        ("input 1x8x8 > cnv 3", 14, "unknown word 'cnv'"),
        ("input 1x8x8 > conv 4 stried=2", 21, "no option 'stried'"),
        ("input 1x8x8 > conv 4 > maxpool 9", 23, "does not fit in 8x8"),
        ("input 1x8x8 > conv 4 >", 22, "a word is missing"),
        ("input 1x8x8 classes=3 > conv 4 > fc", 33, "put flatten before it"),
    ],
)
def test_an_error_comes_with_its_place(ask: Ask, text: str, at: int, told: str) -> None:
    fault = ask("check", text=text)[0]["fault"]
    assert fault["at"] == at
    assert told in fault["message"]


@pytest.mark.parametrize(
    "text",
    [
        "input 1x8x8 > cnv 3",
        "input 1x8x8 > conv 4 stried=2",
        "input 1x8x8 > BatchNorm2d",
        "input 1x8x8 classes=3 > conv 4 > fc",
        "# mine\nu(c) = conv c > relu\nu(4) > gap > flatten > fc",
        "resnet5",
    ],
)
def test_what_is_offered_instead_mends_the_text(ask: Ask, text: str) -> None:
    fixes = ask("check", text=text)[0]["fault"]["fixes"]
    assert fixes
    for fix in fixes:
        mended = text[: fix["from"]] + fix["text"] + text[fix["to"] :]
        assert ask("check", text=mended)[0]["fault"] is None, mended


def test_a_network_of_very_many_layers_is_refused_in_a_line(ask: Ask) -> None:
    with pytest.raises(SettingError, match="9,002 layers; up to 2,000"):
        ask("check", text="input 1x8x8 classes=2 > [relu]*9000 > flatten > fc")


def test_what_a_unit_sees_is_what_not_a_number_reaches(ask: Ask) -> None:
    module = st.build(TEXT)
    image = torch.zeros(1, 3, 20, 20)
    for layer, row, column in [("conv1", 0, 9), ("maxpool1", 2, 4), ("conv2", 1, 2)]:
        top, left, bottom, right = ask("seen", text=TEXT, layer=layer, row=row, column=column)[0][
            "box"
        ]
        found = field_by_nan(module, image, layer, row=row, column=column)
        assert (max(0, top), max(0, left)) == (found.top, found.left)
        assert (min(20, bottom), min(20, right)) == (found.bottom, found.right)
    assert ask("seen", text=TEXT, layer="fc1", row=-1, column=-1)[0]["box"] == [0, 0, 20, 20]


def test_a_repeat_of_the_diagram_is_unfolded(ask: Ask) -> None:
    folded = ask("diagram", text="resnet50", width=800, unfolded=[])[0]["svg"]
    keys = re.findall('data-repeat="([^"]+)"', folded)
    one = ask("diagram", text="resnet50", width=800, unfolded=keys[:1])[0]["svg"]
    assert re.findall('data-repeat="([^"]+)"', one) == keys[1:]


def test_an_image_is_fitted_to_the_input(ask: Ask) -> None:
    _, arrays = ask("fitted", image="digits/0003", channels=1, rows=16, columns=12)
    assert arrays["pixels"].shape == (16, 12, 1)


def test_a_text_is_saved_and_never_overwritten_unasked(ask: Ask, tmp_path: Path) -> None:
    assert ask("save", text=TEXT, name="mine", replace=False)[0] == {
        "saved": True,
        "name": "mine.cnn",
    }
    assert (tmp_path / "mine.cnn").read_text() == TEXT
    assert ask("save", text="relu", name="mine.cnn", replace=False)[0]["saved"] is False
    assert (tmp_path / "mine.cnn").read_text() == TEXT
    assert ask("save", text="relu", name="mine.cnn", replace=True)[0]["saved"] is True
    assert (tmp_path / "mine.cnn").read_text() == "relu"
    assert ask("vocabulary")[0]["files"] == ["here/mine.cnn"]
    assert ask("source", name="here/mine.cnn")[0]["text"] == "relu"


@pytest.mark.parametrize(
    "name", ["../out", "a/b", "", ".hidden", "x\0", "C:\\x", "<img src=x>", "a" * 200]
)
def test_a_name_that_leads_elsewhere_is_refused(ask: Ask, tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingError, match="cannot be a file's name"):
        ask("save", text=TEXT, name=name, replace=True)
    assert list(tmp_path.rglob("*.cnn")) == []


def test_a_link_is_not_written_through(ask: Ask, tmp_path: Path) -> None:
    target = tmp_path / "precious.txt"
    target.write_text("kept")
    (tmp_path / "mine.cnn").symlink_to(target)
    with pytest.raises(SettingError, match="is a link or a folder"):
        ask("save", text=TEXT, name="mine", replace=True)
    assert target.read_text() == "kept"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_told(ask: Ask, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(SettingError, match="cannot be written"):
            ask("save", text=TEXT, name="mine", replace=False)
    finally:
        tmp_path.chmod(0o700)


def test_texts_come_from_the_zoo_and_from_below_the_folder_alone(ask: Ask, tmp_path: Path) -> None:
    assert ask("source", name="vgg16")[0]["text"] == zoo.text("vgg16")
    (tmp_path / "secret.txt").write_text("no network")
    for name in ("here/secret.txt", "here/../x.cnn", "/etc/passwd", "here/none.cnn"):
        with pytest.raises(SettingError):
            ask("source", name=name)


def test_a_step_is_timed_unless_it_takes_too_much_memory(ask: Ask) -> None:
    found, _ = ask("timing", text="input 1x8x8 classes=2 > conv 2 > flatten > fc")
    assert found["seconds"] > 0 and found["batch"] == 32
    huge = "input 3x224x224 classes=10 > flatten > fc 900000 > relu > fc 900000 > relu > fc"
    with pytest.raises(SettingError, match="more than half of this machine's"):
        ask("timing", text=huge)


def test_every_word_and_option_that_is_offered_is_told_in_a_line(ask: Ask) -> None:
    page = Path(st.__file__).parent / "studio_app" / "page" / "words.js"
    block = (
        page.read_text("utf-8")
        .partition("  build: {")[2]
        .partition("    does: {")[2]
        .partition("    },")[0]
    )
    told = set(re.findall(r'(?:^|[ {])"?(\w+=?)"?: "', block))
    offered = ask("vocabulary")[0]["words"]
    assert {each["name"] for each in offered} == {*WORDS, *JOINS, "input"}
    for each in offered:
        assert each["name"] in told
        bare = [name for name in each["options"] if f"{name}=" not in told]
        assert set(bare) <= {"alpha", "beta", "k", "size", "bytes", "weights", "products"}
    for each in zoo.names():
        parse(zoo.text(each))
