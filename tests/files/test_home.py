from __future__ import annotations

import contextlib
from pathlib import Path

import drawn
import pytest
from quick_runs import QUICK, TINY
from shell import striate

from striate.data import find, source_of
from striate.files.home import expand_home
from striate.training.runs import start_run


def test_a_folder_whose_name_begins_with_a_tilde_is_a_folder(tmp_path: Path) -> None:
    drawn.folder(tmp_path / "~bak77", n=10)
    with contextlib.chdir(tmp_path):
        assert len(find("~bak77")) == 20
        assert source_of("~bak77") == str(tmp_path / "~bak77")
        run = start_run("~bak77", TINY, out="~runs", settings=QUICK)
        assert (tmp_path / "~runs" / "report.html").exists()
        assert run.model.data["source"] == str(tmp_path / "~bak77")
        drawn.folder(tmp_path / "~", n=1)
        assert len(find("~")) == 2  # and not the home


def test_a_home_is_followed_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert expand_home("~") == tmp_path
    assert expand_home("~/photos") == tmp_path / "photos"
    assert expand_home("a/~b") == Path("a/~b")
    assert expand_home("") == Path()
    assert (
        "there is no '~nobody-of-this-name'"
        in striate("train", "~nobody-of-this-name", code=2).stderr
    )
