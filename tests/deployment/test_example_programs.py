"""The programs that are written beside an exported file, run where Striate is not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from web_engine import RUNTIME, needs_node, needs_runtime

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.deployment.example_programs import write_programs
from striate.deployment.exporting import ExportSettings, export
from striate.deployment.sealed_file import SealedFile, read_sealed
from striate.deployment.web_runtime import find_web_runtime
from striate.errors import SettingError
from striate.model.classifier import Classifier

TEXT = "input 3x16x16 classes=2 > conv 4 > relu > gap > flatten > fc"
CLASSES = ('"dark" </script>', "été \\")


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> SealedFile:
    """Shades.onnx, its two programs, and its golden images as files: golden0.png, ..."""
    path = tmp_path_factory.mktemp("programs") / "shades of 'grey'.onnx"
    model = Classifier(build(TEXT, seed=3), TEXT, CLASSES, Preprocess(3, 16, 16))
    export(model, path, settings=ExportSettings(programs=True), progress=False)
    found = read_sealed(path)
    for number, image in enumerate(found.golden):
        if image.content is not None:
            (path.parent / f"golden{number}").write_bytes(image.content)
    return found


def test_python_answers_with_numpy_pillow_and_onnxruntime_alone(sealed: SealedFile) -> None:
    numbers = [
        number
        for number, image in enumerate(sealed.golden)
        if image.content is not None and image.name != "16-bit PNG"
    ]
    program = sealed.path.with_suffix(".py")
    words = [program, *(sealed.path.with_name(f"golden{number}") for number in numbers)]
    watch = (
        "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], "
        "run_name='__main__'); sys.exit('torch' in sys.modules or 'striate' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", watch, *words], capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    said = [line.split("\t") for line in done.stdout.splitlines()]
    assert len(said) == len(numbers) == 3
    for number, (label, probability, _) in zip(numbers, said, strict=True):
        expected = sealed.expected[number]
        assert label == CLASSES[expected.label]
        assert float(probability) == pytest.approx(expected.confidence, abs=1e-4)
    deep = next(n for n, image in enumerate(sealed.golden) if image.name == "16-bit PNG")
    done = subprocess.run(
        [sys.executable, program, sealed.path.with_name(f"golden{deep}")],
        capture_output=True,
        text=True,
    )
    assert "make it one of 8 bits first" in done.stderr


@needs_runtime
@needs_node
def test_javascript_answers_with_onnxruntime_web_alone(sealed: SealedFile) -> None:
    folder = sealed.path.parent
    package = folder / "node_modules" / "onnxruntime-web"
    package.mkdir(parents=True)
    engine = find_web_runtime(RUNTIME)  # its module for browsers, which needs no other package
    (package / "engine.mjs").write_bytes(engine.program)
    (package / "engine.wasm").write_bytes(engine.machine_code)
    (package / "package.json").write_text('{"name": "onnxruntime-web", "exports": "./engine.mjs"}')
    number = next(n for n, image in enumerate(sealed.golden) if image.name == "odd sizes")
    image = sealed.golden[number]
    pixels = image.pixels(sealed.preprocess)
    (folder / "pixels").write_bytes(np.ascontiguousarray(pixels).tobytes())
    asked = {"rows": image.rows, "columns": image.columns, "orientation": image.orientation}
    (folder / "ask.mjs").write_text(
        f"""import {{ readFile }} from "node:fs/promises";
        import * as ort from "onnxruntime-web";
        import {{ classes, open, predict }} from {json.dumps("./" + sealed.path.stem + ".mjs")};
        ort.env.wasm.wasmBinary = await readFile("node_modules/onnxruntime-web/engine.wasm");
        ort.env.wasm.numThreads = 1;
        await open(await readFile({json.dumps(sealed.path.name)}));
        const pixels = new Uint8Array(await readFile("pixels"));
        const said = await predict({{ pixels, ...{json.dumps(asked)} }});
        console.log(JSON.stringify({{ classes, ...said }}));""",
        encoding="utf-8",
    )
    node = str(shutil.which("node"))
    done = subprocess.run([node, "ask.mjs"], cwd=folder, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    expected = sealed.expected[number]
    assert tuple(said["classes"]) == CLASSES
    assert said["label"] == CLASSES[expected.label]
    shares = [said["probabilities"][name] for name in CLASSES]
    assert shares == pytest.approx(expected.probabilities.tolist(), abs=1e-5)


def test_a_program_that_is_there_is_not_replaced(sealed: SealedFile, tmp_path: Path) -> None:
    model = Classifier(build(TEXT), TEXT, CLASSES, Preprocess(3, 16, 16))
    (tmp_path / "a.mjs").touch()
    with pytest.raises(SettingError, match=r"a\.mjs' exists already"):
        export(model, tmp_path / "a", settings=ExportSettings(programs=True), progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mjs"]


def test_no_name_gets_out_of_its_place_in_a_program() -> None:
    path = Path('a"""\nimport os; `${x}`.onnx')
    programs = write_programs(path, ("\n</script>`${y}`",), Preprocess())
    python, javascript = (text.decode() for text in programs.values())
    compile(python, "it", "exec")
    assert "\nimport os" not in python + javascript
    assert "\n</script>" not in javascript
