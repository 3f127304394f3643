"""What a user names as the network: a text, a known network or a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from striate.architecture.notation import parse, source
from striate.errors import NotationError

TEXT = "conv 8 > relu > gap > flatten > fc\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "some").mkdir()
    for name in ("some/net.txt", "some/other.cnn", "bare", "a net.txt", "relu", "vgg16"):
        (tmp_path / name).write_text(TEXT, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", ["some/net.txt", " some/net.txt\n", "bare", "a net.txt", "./relu"])
def test_any_file_that_is_there_is_read(name: str) -> None:
    assert source(name) == TEXT


def test_a_path_may_begin_with_the_home_folder() -> None:
    assert source("~/some/net.txt") == source(Path("~/some/other.cnn")) == TEXT


@pytest.mark.parametrize(
    "text", ["relu", "conv 8 > relu", "conv in/2", "fc 8\nrelu", "", "x" * 999]
)
def test_a_text_is_no_file(text: str) -> None:
    assert source(text) == text


def test_the_name_of_a_known_network_is_no_file() -> None:
    assert source("vgg16").startswith("# VGG-16") and source("./vgg16") == TEXT


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("some/none.txt", "the network file 'some/none.txt' cannot be read: No such file"),
        ("none.txt", "the network file 'none.txt' cannot be read: No such file"),
        ("C:\\nets\\none.txt", "cannot be read: No such file"),
        ("some/net", "'some/net' is no known network; did you mean some/net.txt?"),
        ("some/other", "did you mean some/other.cnn?"),
        ("some", "'some' is a folder; expected a network: a text, a known network's name, or"),
    ],
)
def test_what_is_plainly_a_path_is_answered_as_one(name: str, said: str) -> None:
    with pytest.raises(NotationError) as caught:
        parse(source(name))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_classifier_is_called_one(folder: Path) -> None:
    (folder / "cats.safetensors").write_bytes(b"\x80\xff")
    with pytest.raises(NotationError, match=r"'cats.safetensors' is a classifier; expected"):
        source("cats.safetensors")
