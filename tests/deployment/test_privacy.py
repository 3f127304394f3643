"""What leaves with an exported file: figures of the run, and nothing of its images."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from pathlib import Path

import drawn
import numpy as np
import onnx
import pytest
from PIL import Image
from quick_runs import QUICK, TINY
from typer.testing import CliRunner

from striate.cli import app
from striate.deployment.exporting import ExportSettings, export
from striate.deployment.sealed_file import DOCUMENT, read_sealed
from striate.errors import SettingError
from striate.events import ignore
from striate.model.loading import load
from striate.model.run_folder import RunFolder
from striate.training.runs import start_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of images in folders with telling names, with energy, slices and findings."""
    place = tmp_path_factory.mktemp("secretplace")
    shapes = drawn.folder(place / "secretphotos", n=24, size=(30, 20))
    for number, path in enumerate(sorted(shapes.rglob("*.png"))):
        path.rename(path.with_name(f"secretname{number}.png"))
    text = f"# secretcomment\n{TINY}"
    out = place / "secretrun"
    start_run(shapes, text, out=out, settings=replace(QUICK, epochs=1), callback=ignore)
    folder = RunFolder(out)
    record = folder.read_record()
    record["energy"] = {"kwh": 0.0123, "kg_co2e": 0.004, "known_by": ["processor estimated"]}
    one = {"attribute": "camera", "value": "old", "n": 9, "accuracy": 0.5, "accuracy_low": 0.2,
           "accuracy_high": 0.8, "rest": 0.9, "p": 0.001, "p_holm": 0.002, "surely_worse": True,
           "examples": ["secretname3.png"]}  # fmt: skip
    record["outcome"]["evaluation"]["slices"] = [
        one,
        {**one, "attribute": "folder", "value": "secretphotos/disc"},
    ]
    (out / "run.json").write_text(json.dumps(record))
    folder.findings.write_text(
        "finding,kind,reason,name,class,split,answer,probability\n"
        "1,label,labelled wrongly,secretname1.png,disc,train,square,0.9\n"
        "2,label,labelled wrongly,secretname2.png,disc,train,square,0.9\n"
        "3,shortcut,the brightness alone tells the class of 90 %,secretname4.png,disc,train,,\n"
    )
    return out


def test_figures_of_the_run_leave_and_nothing_of_its_images(run: Path, tmp_path: Path) -> None:
    done = export(run, tmp_path / "a.onnx", settings=ExportSettings(batch=True), progress=False)
    seen = load(run).seen
    assert sum(map(len, seen.values())) == 48
    for path in (done.path, done.batch):
        content = path.read_bytes()  # type: ignore[union-attr]
        assert b"secret" not in content
        assert str(Path.home()).encode() not in content
        for hashes in seen.values():
            packed = base64.b64encode(np.sort(hashes).astype("<u8").tobytes())
            assert packed[:40] not in content
            for one in hashes:
                assert one.tobytes() not in content
                assert str(int(one)).encode() not in content
                assert f"{int(one):x}".encode() not in content
    held = {each.key: each.value for each in onnx.load(done.path).metadata_props}
    document = json.loads(held[DOCUMENT])
    assert document["run"]["energy"] == "12.3 Wh, 4 g of CO2e (processor estimated)"
    assert [one["attribute"] for one in document["run"]["slices"]] == ["camera"]
    assert "examples" not in document["run"]["slices"][0]
    card = read_sealed(done.path).card
    told = dict(re.findall(r"<tr><th scope=row>(.*?)</th><td[^>]*>(.*?)</td>", card))
    assert told["Energy of training"] == "12.3 Wh, 4 g of CO2e (processor estimated)"
    assert told["Findings among the images"] == "2 labels that the classifier contradicts"
    assert told["Shortcuts"] == "the brightness alone tells the class of 90 %"
    assert told["Slices"].startswith("1 of 1 by size")
    assert "camera: old, surely worse" in card


def test_what_was_not_measured_is_said(run: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.safetensors"
    alone.write_bytes((run / "classifier.safetensors").read_bytes())
    export(alone, tmp_path / "a.onnx", progress=False)
    card = read_sealed(tmp_path / "a.onnx").card
    for name in ("Energy of training", "Slices", "Shortcuts"):
        assert f"<th scope=row>{name}</th><td>not measured</td>" in card


def test_golden_images_of_the_user_leave_their_names_and_cameras_behind(
    run: Path, tmp_path: Path
) -> None:
    own = tmp_path / "secretfolder"
    own.mkdir()
    exif = Image.Exif()
    exif[0x010F] = "secretcamera"
    exif[0x0112] = 6
    drawn.image("disc", 90, (400, 300)).save(own / "secret1.jpg", exif=exif)
    drawn.image("square", 91, (20, 30)).save(own / "secret2.png")
    (own / "secret3.png").write_bytes(b"no image")
    words = ["export", str(run), "--out", str(tmp_path / "a.onnx"), "--golden", str(own)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "secret3.png' becomes no golden image" in result.output
    assert b"secret" not in (tmp_path / "a.onnx").read_bytes()
    golden = read_sealed(tmp_path / "a.onnx").golden
    assert [(each.name, each.made) for each in golden[16:]] == [
        ("given 1", "given"),
        ("given 2", "given"),
    ]
    assert [(each.rows, each.columns) for each in golden[16:]] == [(256, 192), (30, 20)]
    (tmp_path / "empty").mkdir()
    with pytest.raises(SettingError, match="no image that can be read"):
        export(
            run,
            tmp_path / "b.onnx",
            settings=ExportSettings(golden=tmp_path / "empty"),
            progress=False,
        )
    assert not (tmp_path / "b.onnx").exists()
