"""striate label on the command line: bad input in a line, Ctrl-C, going on, one process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from made_unlabelled import digits

from striate.cli.label import label
from striate.data import find
from striate.errors import DataError, SettingError


def refuse(folder: Path, told: str, kind: type[Exception] = SettingError, **given: object) -> None:
    with pytest.raises(kind, match=told) as caught:
        label(folder, no_browser=True, **given)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_bad_input_is_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    digits(tmp_path / "p", 6)
    (tmp_path / "empty").mkdir()
    out = {"out": tmp_path / "a.csv"}
    refuse(tmp_path / "nowhere", "is not there", DataError, **out)
    refuse(tmp_path / "empty", "no images in", DataError, out=tmp_path / "b.csv")
    refuse(tmp_path / "p" / "000.png", "is a file", DataError, out=tmp_path / "c.csv")
    refuse(tmp_path / "p", "lies in the folder", out=tmp_path / "p" / "labels.csv")
    refuse(tmp_path / "p", "ends in .csv", out=tmp_path / "labels.txt")
    refuse(tmp_path / "p", "above 0, at most 1", guesses=2.0)
    refuse(tmp_path / "p", "expected 0 or more", seed=-1)
    refuse(tmp_path / "p", "cannot be a class", classes="a,,b")
    refuse(tmp_path / "p", "cannot be read", DataError, proposals=tmp_path / "none.csv")
    (tmp_path / "other.csv").write_text("path,label\n")
    refuse(tmp_path / "p", "is there already, and not from here", out=tmp_path / "other.csv")
    (tmp_path / "file").write_text("")
    refuse(tmp_path / "p", "'.*file' is a file", out=tmp_path / "file" / "l.csv")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["empty", "file", "other.csv", "p"]
    monkeypatch.chdir(tmp_path / "p")
    refuse(Path(), "lies in the folder")


def start(folder: Path, out: Path) -> tuple[subprocess.Popen[str], str]:
    words = [sys.executable, "-m", "striate", "label", str(folder), "--out", str(out)]
    process = subprocess.Popen(
        [*words, "--no-browser"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a signal")
def test_it_ends_by_ctrl_c_goes_on_and_is_one_process_s(tmp_path: Path) -> None:
    digits(tmp_path / "p", 30)
    out = tmp_path / "l.csv"
    process, address = start(tmp_path / "p", out)
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    host = address.partition("/?")[0]
    opener.open(address).read()
    view = json.load(opener.open(f"{host}/api/view"))
    named = 0
    for turn, name in enumerate(("x", "y"), 1):
        images = view["question"]["images"]
        body = {"turn": turn - 1, "kind": "cluster", "images": images, "label": name}
        request = urllib.request.Request(
            f"{host}/api/answer", json.dumps(body).encode(),
            {"Origin": host, "Content-Type": "application/json"},
        )  # fmt: skip
        view = json.load(opener.open(request))
        assert (view["turn"], "striate train" in view["command"]) == (turn, turn > 1)
        named += len(images)
    second, nothing = start(tmp_path / "p", out)
    _, said = second.communicate(timeout=60)
    assert nothing == "" and second.returncode == 2 and "is being labelled already" in said
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0 and "images have a label" in said and "striate train" in said
    count = len(find(out))
    assert count == named
    again, address = start(tmp_path / "p", out)
    again.send_signal(signal.SIGINT)
    assert "going on after 2 answers" in again.communicate(timeout=60)[1]
    assert len(find(out)) == count
