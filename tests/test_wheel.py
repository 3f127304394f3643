"""The wheel is built, installed into a clean environment and started from another folder.

The clean environment has no packages but the wheel's own; a .pth file lets it see the dependencies
of the environment that runs the tests, so that torch is not installed a second time. That the
dependencies are declared is held by tests/test_repository.py.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

import striate

ROOT = Path(__file__).parents[1]


def run(*command: str | Path, folder: Path) -> str:
    # Nothing of the checkout may leak in by way of the environment.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by way of the source archive, so that this holds all it takes."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT, folder=out)
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment into which the wheel was installed."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", folder, folder=wheel.parent)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--python", programs / "python"]
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, folder=wheel.parent)
    query = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(run(programs / "python", "-c", query, folder=folder).strip())
    outside = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    (packages / "dependencies.pth").write_text("\n".join(outside) + "\n", "utf-8")
    return programs


def test_the_wheel_holds_the_package_with_its_data_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    sources = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "striate").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {
        "striate/py.typed",
        "striate/__init__.pyi",
        "striate/architecture/zoo/vgg16.cnn",
    } <= sources
    assert sources - names == set()
    top = {name.split("/")[0] for name in names}
    assert top == {"striate", f"striate-{striate.__version__}.dist-info"}
    assert {
        name for name in names - sources if not name.split("/")[0].endswith(".dist-info")
    } == set()
    assert f"striate-{striate.__version__}.dist-info/licenses/LICENSE" in names


def test_the_command_line_starts(installed: Path, tmp_path: Path) -> None:
    assert "train" in run(installed / "striate", "--help", folder=tmp_path)
    assert striate.__version__ in run(installed / "striate", "--version", folder=tmp_path)


def test_the_command_line_finds_its_data_files(installed: Path, tmp_path: Path) -> None:
    text = "input 1x8x8 classes=2 > flatten > fc"
    assert "130" in run(installed / "striate", "describe", text, folder=tmp_path)
    assert "138,357,544" in run(installed / "striate", "describe", "vgg16", folder=tmp_path)
    assert "lenet1989" in run(installed / "striate", "zoo", folder=tmp_path)


def test_the_package_is_imported_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    query = "import striate; print(striate.__file__); striate.StriateError"
    place = Path(run(installed / "python", "-c", query, folder=tmp_path).strip())
    assert place.is_relative_to(installed.parent)


def test_the_templates_of_the_pages_are_found_in_the_wheel(installed: Path, tmp_path: Path) -> None:
    query = "from striate.render.notebook import Text, to_html; print(to_html(Text('<b>')))"
    assert run(installed / "python", "-c", query, folder=tmp_path).strip() == "<p>&lt;b&gt;</p>"
