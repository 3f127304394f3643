"""The page that classifies: what it holds, and what it answers in a browser, opened as a file."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from made_keys import make_key
from PIL import Image
from typer.testing import CliRunner
from web_engine import RUNTIME, needs_node, needs_runtime

from striate.backends.torch import build
from striate.cli import app
from striate.data.images import Preprocess
from striate.deployment.exporting import export
from striate.deployment.node_runtime import open_web_runtime
from striate.deployment.page_export import PageSettings, describe_for_script, export_page
from striate.deployment.sealed_file import read_sealed
from striate.deployment.signing import SigningKey
from striate.deployment.verification import verify
from striate.deployment.web_runtime import MACHINE_CODE, PROGRAM, VERSION, find_web_runtime
from striate.errors import ClassifierError, EngineError, SettingError, StriateError
from striate.model.classifier import Classifier
from striate.model.decision import Decision, RejectRule
from striate.model.json_value import JsonObject

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from striate.model.json_value import JsonObject

TEXT = "input 3x24x32 classes=3 > conv 6 > relu > maxpool 2 > conv 8 > relu > gap > flatten > fc"
NAMES = ("</script><b>été", "cat & dog", "x" * 40)


@pytest.fixture(scope="module")
def model() -> Classifier:
    metrics = {"n": 50, "accuracy": 0.9, "accuracy_low": 0.786, "accuracy_high": 0.957}
    preprocess = Preprocess(3, 24, 32, "crop")
    return Classifier(build(TEXT, seed=3), TEXT, NAMES, preprocess, metrics=metrics)


@pytest.fixture(scope="module")
def sealed(model: Classifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sealed") / "three.onnx"
    return export(model, path, progress=False).path


@pytest.fixture
def empty_runtime(tmp_path: Path) -> Path:
    """The package's folder, with nothing that runs."""
    place = tmp_path / "runtime"
    for path in (PROGRAM, MACHINE_CODE):
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(b"export {};")
    about = json.dumps({"name": "onnxruntime-web", "version": VERSION})
    (place / "package.json").write_text(about)
    return place


def test_a_page_holds_its_classifier_and_asks_nobody(
    sealed: Path, empty_runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)  # else Node.js is asked
    done = export_page(sealed, tmp_path / "a", settings=PageSettings(empty_runtime), progress=False)
    html = (tmp_path / "a.html").read_text("utf-8")
    assert (done.path, done.size) == (tmp_path / "a.html", len(html.encode()))
    about = json.loads(re.search(r'id="about">(.*?)</script>', html, re.S)[1])  # type: ignore[index]
    assert tuple(about["classes"]) == NAMES
    assert len(about["golden"]) == 16
    assert (about["least"], about["farthest"]) == ([0.0, 0.0, 0.0], None)
    assert "90 % of the 50 images" in unescape(html).replace("90.0", "90")
    assert "<b>été" not in html
    assert not re.findall(r"(?:src|href)=\"(?!data:)", html)
    assert "Copyright (c) Microsoft Corporation" in html  # the licence of the runtime inside


def test_rules_of_refusal_are_known_to_the_page(sealed: Path) -> None:
    file = read_sealed(sealed)
    reject: JsonObject = {"probability": 0.75, "distance": 1.5, "false_refusals": 0.05, "n": 100}
    promise: JsonObject = {"precision": 0.9, "confidence": 0.9, "per_class": True, "n": 100}
    rules: JsonObject = {"reject": reject, "promise": {**promise, "thresholds": [0.6, 0.8, None]}}
    document = replace(file.document, calibration={"temperature": 1.0, **rules})
    about = describe_for_script(replace(file, document=document))
    assert (about["least"], about["farthest"]) == ([0.75, 0.8, None], 1.5)


def test_wrong_use_is_told_in_a_line(
    model: Classifier, empty_runtime: Path, tmp_path: Path
) -> None:
    settings = PageSettings(empty_runtime)
    (tmp_path / "there.html").touch()
    with pytest.raises(SettingError, match="exists already"):
        export_page(model, tmp_path / "there", settings=settings, progress=False)
    with pytest.raises(ClassifierError, match="cannot be opened"):
        export_page(tmp_path / "no.onnx", tmp_path / "b", settings=settings, progress=False)
    model.save(tmp_path / "a.safetensors")
    for options, said in (
        (["--to", "pgae"], "expected onnx, page, executorch or litert"),
        (["--to", "page", "--with-programs"], "leave it out with --to page"),
        (["--to", "page", "--runtime", str(tmp_path)], "package.json is missing"),
        (["--runtime", str(tmp_path)], "--runtime does not go with --to onnx"),
        (["--tolerate", "1"], "--tolerate is for --quantize int8; add it, or leave this out"),
        (["--to", "page", "--tolerate", "0"], "--tolerate is for --quantize int8"),
        (["--full-range"], "--full-range is for --quantize int8"),
        (["--reduce-range"], "--reduce-range is for --quantize int8"),
        (["--calibrate", str(tmp_path)], "--calibrate is for --quantize int8"),
    ):
        result = CliRunner().invoke(app, ["export", str(tmp_path / "a.safetensors"), *options])
        assert isinstance(result.exception, StriateError)
        assert said in str(result.exception)
    assert {path.name for path in tmp_path.glob("*.html")} == {"there.html"}


def test_a_page_is_signed_and_run_only_where_the_signature_holds(
    sealed: Path, empty_runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("model_signing", reason="signing needs the extra sign")
    monkeypatch.setattr(shutil, "which", lambda name: None)  # else Node.js is asked
    make_key(tmp_path / "key")
    settings = PageSettings(empty_runtime, sign=SigningKey(tmp_path / "key.pem"))
    done = export_page(sealed, tmp_path / "a.html", settings=settings, progress=False)
    assert done.as_json()["signature"]["files"] == ["a.html"]
    words = ["verify", str(done.path), "--signed-by", str(tmp_path / "key.pub")]
    said = CliRunner().invoke(app, words)
    assert (said.exit_code, said.stdout.splitlines()[-1]) == (0, "the proof holds")
    assert said.stdout.startswith("the signature holds")
    with done.path.open("a") as file:
        file.write("<script>")
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 1
    assert said.stdout == "the signature does not hold: 'a.html' was changed\n"


@needs_runtime
@needs_node
def test_node_gives_the_answers_that_the_file_carries(sealed: Path) -> None:
    proofs = {
        proof.runtime: proof for proof in verify(sealed, web_runtime=RUNTIME, browser=False).proofs
    }
    name = next(each for each in proofs if "Node.js" in each)
    found = proofs[name]
    assert (found.status, VERSION in name) == ("proved", True)
    assert found.difference is not None
    assert found.difference.images == 16
    engine = find_web_runtime(RUNTIME)
    with pytest.raises(EngineError, match="onnxruntime-web failed: "):
        open_web_runtime(b"no model", engine)


def test_an_engine_that_is_not_there_proves_nothing(
    sealed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STRIATE_CACHE", str(tmp_path))
    found = verify(sealed)
    assert {each.runtime: each.status for each in found.proofs[2:]} == {
        "onnxruntime-web in Node.js": "not proved",
        "onnxruntime-web in Chromium": "not proved",
    }
    assert found.holds
    with pytest.raises(EngineError, match="is not there"):
        verify(sealed, web_runtime=tmp_path / "nothing")


def opened(browser: Browser, path: Path, **context: object) -> tuple[Page, list[str]]:
    """Open a page of a file and wait until it has compared its golden images."""
    page = browser.new_context(**context).new_page()  # type: ignore[arg-type]
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.partition(":")[0]))
    page.on("pageerror", lambda error: asked.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-proof]", state="attached", timeout=120_000)
    return page, asked


@needs_runtime
def test_a_browser_answers_as_the_classifier_does(
    browser: Browser, model: Classifier, sealed: Path, tmp_path: Path
) -> None:
    path = export_page(
        sealed, tmp_path / "a.html", settings=PageSettings(RUNTIME), progress=False
    ).path
    page, asked = opened(browser, path)
    assert page.get_attribute("html", "data-proof") == "agrees"
    assert page.inner_text("#proof-said").startswith("16 of 16")
    pixels = np.random.default_rng(1).integers(0, 256, (90, 140, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "noise <b>.png")
    (tmp_path / "broken.png").write_bytes(b"no image")
    page.set_input_files("#files", [tmp_path / "noise <b>.png", tmp_path / "broken.png"])
    page.wait_for_selector(".card:nth-child(2) .bars")
    said = model.predict(tmp_path / "noise <b>.png")
    shown = page.locator(".card:nth-child(2)")
    assert shown.locator("h3 bdi").inner_text() == said.label
    shares = [100 * said.probabilities[name] for name in shown.locator(".name").all_inner_texts()]
    told = [float(text.removesuffix(" %")) for text in shown.locator(".number").all_inner_texts()]
    assert told == pytest.approx(shares, abs=0.06)
    assert "broken.png cannot be read" in page.inner_text(".card:nth-child(1)")
    shown.get_by_role("button").click()
    assert "Bright is what spoke for" in shown.locator(".legend").inner_text()
    assert set(asked) <= {"file", "blob", "data"}


@needs_runtime
@pytest.mark.slow
def test_camera_refusal_and_occlusion(browser: Browser, model: Classifier, tmp_path: Path) -> None:
    text = TEXT.replace("gap > ", "")  # no map: parts are covered instead
    careful = Classifier(
        build(text, seed=3),
        text,
        NAMES,
        model.preprocess,
        decision=Decision(reject=RejectRule(0.999, None, 0.05, 100)),
    )
    settings = PageSettings(RUNTIME)
    path = export_page(careful, tmp_path / "a.html", settings=settings, progress=False).path
    page, _ = opened(browser, path, viewport={"width": 390, "height": 844}, color_scheme="dark")
    assert page.get_attribute("html", "data-proof") == "agrees"
    page.click("#camera")
    page.wait_for_selector("#live .bars")
    assert page.inner_text("#seen") == "I don't know"
    page.click("#camera")
    Image.new("RGB", (60, 40), (200, 30, 30)).save(tmp_path / "red.png")
    page.set_input_files("#files", [tmp_path / "red.png"])
    page.wait_for_selector(".card .bars")
    assert page.inner_text(".card h3") == "I don't know"
    assert "99.9 %" in page.inner_text(".card .said")
    page.click(".card button")
    page.wait_for_selector(".legend:not([hidden])", timeout=60_000)
    assert "covered with grey" in page.inner_text(".legend")
    width = page.evaluate_handle("document.documentElement").get_property("scrollWidth")
    assert width.json_value() <= 390
