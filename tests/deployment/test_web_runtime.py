"""ONNX Runtime for browsers: fetched once from a server on this machine, or given, and checked."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest
from file_server import Served, serving

from striate.deployment import web_runtime
from striate.deployment.web_runtime import MACHINE_CODE, PROGRAM, VERSION, find_web_runtime
from striate.errors import EngineError, WeightsError
from striate.events import Event, Note

FILES = {PROGRAM: b"export const one = 1;", MACHINE_CODE: b"\0asm"}


def packed(version: str = VERSION, name: str = "onnxruntime-web", leave_out: str = "") -> bytes:
    """What `npm pack` gives, with three small files."""
    about = json.dumps({"name": name, "version": version}).encode()
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for path, content in {"package.json": about, **FILES}.items():
            if path != leave_out:
                member = tarfile.TarInfo(f"package/{path}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STRIATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_it_is_fetched_once_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    content = packed()
    monkeypatch.setitem(web_runtime.SHA256, VERSION, hashlib.sha256(content).hexdigest())
    with serving(Served(content)) as served:
        found = find_web_runtime(registry=served.url)
        assert (found.version, found.program) == (VERSION, FILES[PROGRAM])
        assert found.machine_code == FILES[MACHINE_CODE]
        assert find_web_runtime(registry=served.url, offline=True) == found
        assert served.asked == [""]


def test_another_file_than_expected_is_not_used() -> None:
    with serving(Served(packed())) as served, pytest.raises(WeightsError) as caught:
        find_web_runtime(registry=served.url)
    assert f"npm pack onnxruntime-web@{VERSION}" in str(caught.value)
    assert web_runtime.SHA256[VERSION] in str(caught.value)


def test_offline_names_the_command_that_brings_it() -> None:
    with pytest.raises(WeightsError, match=f"npm pack onnxruntime-web@{VERSION}"):
        find_web_runtime(offline=True)


@pytest.mark.parametrize("inner", ["", "package", "node_modules/onnxruntime-web"])
def test_a_folder_is_taken_packed_or_installed(tmp_path: Path, inner: str) -> None:
    place = tmp_path / "given" / inner
    for path, content in {**FILES, "package.json": b""}.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(content)
    (place / "package.json").write_text(json.dumps({"name": "onnxruntime-web", "version": VERSION}))
    assert find_web_runtime(tmp_path / "given").program == FILES[PROGRAM]


def test_a_version_that_was_not_tried_is_told(tmp_path: Path) -> None:
    (tmp_path / "newer.tgz").write_bytes(packed("9.9.9"))
    events: list[Event] = []
    assert find_web_runtime(tmp_path / "newer.tgz", callback=events.append).version == "9.9.9"
    assert [isinstance(event, Note) and "9.9.9" in event.text for event in events] == [True]


@pytest.mark.parametrize(
    "content, said",
    [
        (b"no archive", "not a gzip file"),
        (packed(name="left-pad"), "it is the package 'left-pad'"),
        (packed(leave_out=MACHINE_CODE), f"{MACHINE_CODE} is missing"),
        (packed()[:150], "end-of-stream"),
    ],
)
def test_what_is_no_such_package_is_refused_in_a_line(
    tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "given.tgz").write_bytes(content)
    with pytest.raises(EngineError) as caught:
        find_web_runtime(tmp_path / "given.tgz")
    assert said in str(caught.value)
    assert "npm pack" in str(caught.value)
    assert "\n" not in str(caught.value)
