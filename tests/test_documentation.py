"""The documentation mentions everything there is, its links lead somewhere, its blocks run."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image

import striate
from striate.architecture import words as layers
from striate.cli import app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
PAGES += sorted((ROOT / "docs").glob("*.md"))
FOR_USERS = [page for page in PAGES if page.name not in {"design.md", "log.md", "CHANGELOG.md"}]
TEXT = "\n".join(page.read_text("utf-8") for page in FOR_USERS)

BLOCK = re.compile(r"<!-- tested: (\w+) -->\n```\w+\n(.*?)\n```", re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def missing(names: Sequence[str], text: str) -> list[str]:
    return [n for n in names if not re.search(rf"(?<![\w-]){re.escape(n)}(?![\w-])", text)]


def verbs() -> dict[str, set[str]]:
    """The verbs of the command line with the options of each."""
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    return {
        verb: {
            name
            for parameter in command.params
            for name in (*parameter.opts, *parameter.secondary_opts)
            if name.startswith("--")
        }
        for verb, command in group.commands.items()
    }


def test_every_verb_is_told() -> None:
    assert {"train", "evaluate", "predict", "describe"} <= verbs().keys()
    readme = (ROOT / "README.md").read_text("utf-8")
    assert missing([f"striate {verb}" for verb in verbs()], readme) == []


def test_every_option_of_every_verb_is_told_and_no_other() -> None:
    page = (ROOT / "docs" / "command-line.md").read_text("utf-8")
    sections = re.split(r"^## striate (\w+)$", page, flags=re.MULTILINE)[1:]
    told = {
        verb: {
            option
            for first in re.findall(r"^\| (`--[^|]+) \|", text, re.MULTILINE)
            for option in re.findall(r"`(--[\w-]+)`", first)
        }
        for verb, text in zip(sections[::2], sections[1::2], strict=True)
    }
    assert told == verbs()


def test_every_word_of_the_notation_is_told() -> None:
    notation = (ROOT / "docs" / "notation.md").read_text("utf-8")
    words = {"input", *layers.WORDS, *layers.JOINS}
    assert {"conv", "maxpool", "identity", "cat"} <= words
    assert missing([f"`{word}`" for word in sorted(words)], notation) == []


def test_every_network_that_the_pages_show_is_one() -> None:
    pages = "\n".join(page.read_text("utf-8") for page in FOR_USERS)
    shown = re.findall(r"^```cnn\n(.*?)^```", pages, re.DOTALL | re.MULTILINE)
    lines = (ROOT / "README.md").read_text("utf-8").split("in five lines")[1].split("##")[0]
    shown += re.findall(r"^- `([^`]+)`", lines, re.MULTILINE)
    assert len(shown) == 3 + 5
    for text in shown:
        whole = f"{text}\nunit(64)" if text.startswith("unit(") else text
        given = None if "input" in text else (8, 64, 64)
        assert striate.summary(whole, input=given, classes=10).layers


def test_every_public_name_is_told() -> None:
    assert missing([f"st.{name}" for name in striate.__all__], TEXT) == []


def test_the_public_names_are_those_of_the_design() -> None:
    design = (ROOT / "docs" / "design.md").read_text("utf-8")
    section = design.split("## The public names")[1].split("\n## ")[0]
    lists = "\n".join(line for line in section.splitlines() if line.startswith("- "))
    assert sorted(re.findall(r"`(\w+)`", lists)) == sorted(striate.__all__)
    assert len(striate.__all__) <= 30


def test_every_setting_is_told_with_its_default() -> None:
    table = (ROOT / "docs" / "python.md").read_text("utf-8").split("## The settings")[1]
    told = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", table, re.MULTILINE))
    assert told == {field.name: repr(field.default) for field in fields(striate.Settings)}


def test_every_module_stands_in_the_design() -> None:
    design = (ROOT / "docs" / "design.md").read_text("utf-8")
    entries = [
        path.name if path.is_file() else f"{path.name}/"
        for path in sorted((ROOT / "striate").iterdir())
        if not path.name.startswith("_") and (path.is_dir() or path.suffix == ".py")
    ]
    assert [entry for entry in entries if not re.search(rf"\s{re.escape(entry)}", design)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_project_leads_to_a_file(page: Path) -> None:
    targets = [t for t in LINK.findall(page.read_text("utf-8")) if "://" not in t]
    assert [t for t in targets if not (page.parent / t).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_speaks_of_one_machine(page: Path) -> None:
    text = page.read_text("utf-8")
    assert re.findall(r"(?:/home/|/root/|/Users/|[A-Z]:\\Users)\S*", text) == []


def draw(path: Path, *, kind: str, seed: int) -> None:
    """A bright disc on a dark ground for "cat", slanted stripes for "dog", both noisy."""
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:20, 0:24]
    if kind == "cat":
        row, column = generator.uniform(6, 14, 2)
        value = 160.0 * (np.hypot(rows - row, columns - column) < 5)
    else:
        value = 160.0 * ((rows + columns + generator.integers(6)) % 6 < 3)
    noisy = value[..., None] + generator.uniform(0, 80, (20, 24, 3))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(noisy.astype(np.uint8)).save(path)


def run_blocks(page: Path, folder: Path) -> dict[str, str]:
    """Run every marked block of a page in a folder with images, in order, as it stands."""
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    for number in range(60):
        kind = ("cat", "dog")[number % 2]
        draw(folder / "photos" / kind / f"{number}.jpg", kind=kind, seed=number)
    for number, name in enumerate(["who", "else", "third"]):
        draw(folder / "new" / f"{name}.jpg", kind="cat", seed=1000 + number)
    programs = folder / ".programs"
    programs.mkdir()
    starter = programs / "striate"
    start = "import sys; from striate.cli import main; sys.exit(main())"
    starter.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c '{start}' \"$@\"\n", "utf-8")
    starter.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "STRIATE_CACHE": str(folder / ".cache"),
    }
    said = {"shell": "", "python": ""}
    for kind, text in BLOCK.findall(page.read_text("utf-8")):
        if kind == "shell":
            command = ["bash", "-euo", "pipefail", "-c", text]
        else:
            command = [sys.executable, "-W", "error", "-c", text]
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        said[kind] += done.stdout
    return said


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every marked block of README.md has run."""
    folder = tmp_path_factory.mktemp("readme")
    blocks = BLOCK.findall((ROOT / "README.md").read_text("utf-8"))
    assert [kind for kind, _ in blocks].count("shell") >= 2
    assert [kind for kind, _ in blocks].count("python") >= 2
    for kind, text in run_blocks(ROOT / "README.md", folder).items():
        (folder / f"{kind}.txt").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.slow  # what they ask for, tests/training/test_transfer.py tries within one process
def test_the_blocks_on_transfer_run_as_they_stand(tmp_path: Path) -> None:
    said = run_blocks(ROOT / "docs" / "transfer.md", tmp_path)
    assert (tmp_path / "runs" / "tuned" / "moved.json").is_file()
    assert said["python"].rstrip().endswith("fc")


@pytest.mark.slow
def test_the_blocks_on_hot_dogs_run_as_they_stand(tmp_path: Path) -> None:
    for number in range(60):
        kind = ("cat", "dog")[number % 2]
        draw(tmp_path / "zipped" / kind / f"{number}.jpg", kind=kind, seed=number)
    shutil.make_archive(str(tmp_path / "hotdog"), "zip", tmp_path / "zipped")
    draw(tmp_path / "lunch.jpg", kind="cat", seed=500)
    said = run_blocks(ROOT / "docs" / "hotdog.md", tmp_path)
    assert "lunch.jpg" in said["shell"]
    assert (tmp_path / "explanations" / "lunch.html").is_file()


def test_the_shell_path_leaves_what_the_text_promises(folder: Path) -> None:
    run = folder / "runs" / "photos"
    promised = re.findall(r"^\| `([\w.]+/?)` \|", (ROOT / "README.md").read_text("utf-8"), re.M)
    assert "report.html" in promised
    assert [name for name in promised if not (run / name).exists()] == []


def test_the_shell_path_tells_the_new_images_apart(folder: Path) -> None:
    with (folder / "answers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(Path(row["file"]).name for row in rows) == ["else.jpg", "third.jpg", "who.jpg"]
    copies = sorted(path.name for path in (folder / "sorted").rglob("*.jpg"))
    assert copies == ["else.jpg", "third.jpg", "who.jpg"]


def test_the_python_path_prints_an_answer_an_interval_and_the_classes(folder: Path) -> None:
    answer, interval, classes = (folder / "python.txt").read_text("utf-8").splitlines()[-3:]
    assert answer.split()[0] in {"cat", "dog"}
    assert re.fullmatch(r"[01]\.\d{3} of \d+, .* between [01]\.\d{3} and [01]\.\d{3}", interval)
    assert classes == "['cat', 'dog']"


def test_the_user_s_folder_is_only_read(folder: Path) -> None:
    found = sorted(path.name for path in (folder / "photos").rglob("*") if path.is_file())
    assert found == sorted(f"{number}.jpg" for number in range(60))
