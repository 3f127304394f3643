"""The repository's own files agree with each other and do what they say."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import striate

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PINS = dict(
    line.split("==")
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
)

# Notebooks whose images are the user's.
NO_IMAGES = {"hotdog.ipynb"}

# Where a distribution's import name is not its own.
IMPORTED_AS = {
    "pyopenssl": "OpenSSL",
    "mlflow-skinny": "mlflow",
    "pillow": "PIL",
    "scikit-learn": "sklearn",
    "lightning-fabric": "lightning_fabric",
    "pillow-heif": "pillow_heif",
}


def plain(requirement: str) -> str:
    """'lazy_loader>=0.4' -> 'lazy-loader'."""
    return re.split(r"[<>=!~;\[ ]", requirement)[0].lower().replace("_", "-")


def make(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    # a make of its own, whether or not make runs these tests
    outside = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=outside, capture_output=True, text=True, check=False
    )


def test_every_declared_dependency_is_pinned_exactly() -> None:
    extras = PROJECT["optional-dependencies"]
    declared = {plain(r) for r in [*PROJECT["dependencies"], *extras["test"], *extras["heic"]]}
    pinned = {plain(name) for name in PINS}
    assert declared - pinned == set()


def test_the_pins_are_versions_and_torch_is_pinned_by_its_public_one() -> None:
    assert PINS["torch"] == "2.13.0"
    assert [v for v in PINS.values() if not re.fullmatch(r"\d[\w.]*", v)] == []
    heavy = [name for name in PINS if name.startswith(("nvidia", "cuda", "triton"))]
    assert heavy == ["nvidia-ml-py"]  # which reads a card's counters, and is small


def test_the_package_imports_what_it_declares_and_nothing_else() -> None:
    declared = {plain(requirement) for requirement in PROJECT["dependencies"]}
    extras = PROJECT["optional-dependencies"]
    declared |= {plain(r) for name in extras if name != "test" for r in extras[name]}
    # timm brings the first, the second is asked for only where it is there, onnx brings protobuf
    declared |= {"huggingface-hub", "pandas", "google"}
    declared |= {"pydantic", "starlette"}  # fastapi is made of them
    declared |= {"IPython"}  # of the notebook that asks for it
    declared |= {"executorch", "litert_torch", "ai_edge_litert"}  # of environments of their own
    known = {IMPORTED_AS.get(name, name.replace("-", "_")) for name in declared}
    known |= sys.stdlib_module_names | {"striate"}
    foreign = set()
    for path in sorted((ROOT / "striate").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            foreign |= {f"{path.name}: {n}" for n in names if n.split(".")[0] not in known}
    assert foreign == set()


def test_the_version_is_written_once_and_the_changes_know_it() -> None:
    assert PROJECT["dynamic"] == ["version"]
    assert f"## {striate.__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_installed_version_is_the_one_in_the_code() -> None:
    try:
        installed = importlib.metadata.version("striate")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("Striate is not installed here, it is run from its folder")
    assert installed == striate.__version__


def test_every_name_in_the_stub_can_be_had_and_is_what_it_says() -> None:
    tree = ast.parse((ROOT / "striate" / "__init__.pyi").read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                assert alias.asname == alias.name, f"'as {alias.name}' makes it public to mypy"
                if node.module is None:
                    there = importlib.import_module(f"striate.{alias.name}")
                else:
                    there = getattr(importlib.import_module(f"striate.{node.module}"), alias.name)
                assert getattr(striate, alias.name) is there
    assert dir(striate) == sorted(striate.__all__)


@pytest.mark.parametrize("name", ["weights", "teaching", "explanation", "architecture"])
def test_a_namespace_can_be_the_first_name_that_is_used(name: str) -> None:
    program = f"import sys, striate; striate.{name}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = striate.nonsense  # type: ignore[attr-defined]


def test_the_licence_is_apache_2() -> None:
    assert PROJECT["license"] == "Apache-2.0"
    text = (ROOT / "LICENSE").read_text("utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text


def test_notebooks_are_kept_with_outputs_that_name_no_place_of_this_machine() -> None:
    notebooks = sorted((ROOT / "docs").glob("*.ipynb"))
    assert notebooks
    for path in notebooks:
        text = path.read_text("utf-8")
        assert len(text) < 2_000_000, f"{path.name} is too large to be read"
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        shown = [output for cell in cells for output in cell["outputs"]]
        if path.name in NO_IMAGES:
            assert shown == [], f"{path.name} holds images that may not be handed on"
            continue
        assert len(shown) >= len(cells) - 2, f"{path.name} lacks outputs: make notebook"
        said = re.sub(r"data:image/[a-z]+;base64,[A-Za-z0-9+/=\\n]+", "", json.dumps(shown))
        absolute = re.compile(r"(?<![\w.<])/(?:[\w.-]+/)+[\w.-]+|[A-Z]:\\\\|\bfile://")
        assert absolute.findall(said) == []


def test_the_docker_image_is_built_from_files_that_reach_it() -> None:
    ignore = (ROOT / ".dockerignore").read_text("utf-8").split()
    sources = {
        source
        for line in (ROOT / "Dockerfile").read_text("utf-8").splitlines()
        if line.startswith("COPY ")
        for source in line.split()[1:-1]
    }
    assert sources
    for source in sources:
        assert (ROOT / source).exists()
        assert f"!{Path(source)}" in ignore, f"{source} is kept from docker"


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_lists_its_targets_when_asked_for_nothing() -> None:
    done = make()
    assert done.returncode == 0
    for target in ("demo", "test", "lint", "format", "clean", "help"):
        assert re.search(rf"^  make {target} +\w", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_says_in_one_line_when_python_is_too_old(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.8.18\nexit 1\n')
    old.chmod(0o755)
    done = make("demo", f"PYTHON={old}", folder=tmp_path)
    assert done.returncode != 0
    assert "Striate needs Python 3.11 or newer and found: Python 3.8.18" in done.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_the_script_of_continuous_integration_is_sound_bash() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111, "not executable"
    subprocess.run(["bash", "-n", str(script)], check=True)
