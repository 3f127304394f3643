"""A sealed file in onnxruntime-web in Chromium: proved, refuted, or said not to be there."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from web_engine import RUNTIME, needs_runtime

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.deployment import verification
from striate.deployment.browser_runtime import BROWSERS, open_browser_runtime
from striate.deployment.exporting import export
from striate.deployment.page_file import read_page
from striate.deployment.sealed_answers import compare_answers
from striate.deployment.sealed_file import read_sealed
from striate.deployment.sealed_runtimes import AbsentRuntime, open_onnx_runtime
from striate.deployment.verification import judge, verify
from striate.deployment.web_page import PageContent, make_page
from striate.deployment.web_runtime import WebRuntime, find_web_runtime
from striate.errors import ClassifierError, EngineError
from striate.model.classifier import Classifier

TEXT = "input 1x12x12 classes=2 > conv 4 > relu > gap > flatten > fc"
NO_ENGINE = WebRuntime("1", b"", b"")
needs_browser = pytest.mark.skipif(
    not any(map(shutil.which, BROWSERS)), reason="Chromium is not installed"
)
posix = pytest.mark.skipif(os.name != "posix", reason="a shell script stands for the browser")


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = Classifier(build(TEXT, seed=3), TEXT, ("a", "b"), Preprocess(1, 12, 12))
    return export(model, tmp_path_factory.mktemp("sealed") / "two.onnx", progress=False).path


@needs_runtime
@needs_browser
def test_chromium_proves_a_file_and_finds_changed_weights(sealed: Path) -> None:
    file, engine = read_sealed(sealed), find_web_runtime(RUNTIME)
    numbers = [number for number, image in enumerate(file.golden) if image.name != "huge"]
    names = [file.golden[number].name for number in numbers]
    expected = [file.expected[number] for number in numbers]
    bent = onnx.load_from_string(sealed.read_bytes())
    weight = next(each for each in bent.graph.initializer if each.name == "conv1.weight")
    changed = onnx.numpy_helper.to_array(weight) + np.float32(0.5)
    weight.CopyFrom(onnx.numpy_helper.from_array(changed, weight.name))
    for content, status in (
        (sealed.read_bytes(), "proved"),
        (bent.SerializeToString(), "disagrees"),
    ):
        runtime = open_browser_runtime(content, engine)
        said = [
            runtime.answer(
                file.golden[number].pixels(file.preprocess), file.golden[number].orientation
            )
            for number in numbers
        ]
        proof = judge(runtime.name, compare_answers(names, expected, said))
        assert (proof.status, "Chromium 1" in proof.runtime) == (status, True)
        assert ("probabilities differ" in proof.why) == (status == "disagrees")
    with pytest.raises(EngineError, match="onnxruntime-web failed: ") as caught:
        open_browser_runtime(b"no model", engine)
    assert not isinstance(caught.value, AbsentRuntime)


@posix
@pytest.mark.parametrize(
    "script, said",
    [
        ("sleep 60 & sleep 60", "did not answer within 0.5 s and was ended"),
        ("echo no display >&2; exit 3", "ended with 3: no display"),
    ],
)
def test_a_browser_that_does_not_answer_is_ended_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    (tmp_path / "chromium").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "chromium").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    begun = time.monotonic()
    with pytest.raises(AbsentRuntime, match=said):
        open_browser_runtime(b"", NO_ENGINE, patience=0.5)
    assert time.monotonic() - begun < 20


def test_without_a_browser_nothing_is_proved_in_one(
    sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    found = verify(sealed, progress=False)
    assert [(each.status, each.why) for each in found.proofs[2:]] == [
        ("not proved", "Node.js is not installed"),
        ("not proved", "Chromium is not installed"),
    ]
    assert found.holds


@needs_runtime
def test_a_page_is_verified_by_what_it_carries(
    sealed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)  # runtimes have tests of their own
    made = PageContent("a or b?", [], [], sealed.read_bytes(), find_web_runtime(RUNTIME), {})
    page = tmp_path / "a.html"
    page.write_text(make_page(made), "utf-8")
    content, engine = read_page(page)
    assert (content, engine) == (sealed.read_bytes(), find_web_runtime(RUNTIME))
    given: list[WebRuntime | None] = []

    def ask_here(content: bytes, engine: WebRuntime | None) -> object:
        given.append(engine)
        return open_onnx_runtime(content)

    monkeypatch.setattr(verification, "open_browser_runtime", ask_here)
    assert verify(page, progress=False).holds
    assert given == [engine]
    (tmp_path / "b.html").write_text("<!doctype html><p>a page of somebody's", "utf-8")
    with pytest.raises(ClassifierError, match="holds no classifier .*it has no part 'model'"):
        verify(tmp_path / "b.html", progress=False)
