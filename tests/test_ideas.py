"""Every idea has an example that runs, an image of our own drawing, and a way into the code."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import drawn
import pytest
from PIL import Image
from shell import striate

from striate.architecture import zoo
from striate.teaching.experiments import NAMES

DOCS = Path(__file__).parents[1] / "docs"
FOLDER = DOCS / "ideas"
INDEX = (DOCS / "ideas.md").read_text("utf-8")
PAGES = sorted(FOLDER.glob("*.md"))
HISTORY = (FOLDER / "history.md").read_text("utf-8")
RESULTS = (FOLDER / "experiments.md").read_text("utf-8")
SECTIONS = {
    (page.name, text.splitlines()[0]): text
    for page in PAGES
    if page.name not in ("experiments.md", "history.md")
    for text in re.split(r"^## ", page.read_text("utf-8"), flags=re.MULTILINE)[1:]
}
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)]*))?\)")
IMAGE = re.compile(
    r'<picture>\n<source media="\(prefers-color-scheme: dark\)" srcset="([\w-]+)-dark\.png">\n'
    r'<img src="\1\.png" width="(\d+)" alt="([^"]+)">\n</picture>'
)

# What has to be told, by words of its heading.
IDEAS = """
three matrices | convolution integral | one-dimensional | flip or correlation | locality and shared
three layers by hand | ten 5x5x3 | output size | padding | stride | dilation | pooling | flattening
full connection | the matrix of a convolution | from pixels to a loss
dying | leaky | vanishing | softmax and its jacobian | three losses | steep
gradient y - t | dropout | backpropagation costs | run-time | hierarchy | transfer
"""


def anchor(heading: str) -> str:
    """The address of a heading, as GitHub makes it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_every_idea_has_a_section() -> None:
    wanted = [idea.strip() for idea in re.split(r"[|\n]", IDEAS) if idea.strip()]
    headings = [heading.lower() for _, heading in SECTIONS]
    assert len(wanted) == len(headings) == 28
    assert [idea for idea in wanted if not any(idea in heading for heading in headings)] == []


@pytest.mark.parametrize(("page", "heading"), SECTIONS)
def test_a_section_has_example_image_and_place_in_the_code(page: str, heading: str) -> None:
    text = SECTIONS[page, heading]
    assert re.search(r"^```python\n>>> ", text, re.MULTILINE), "no example"
    assert "\n\n```\n" in text, "a blank line is wanted before the closing fence"
    ((name, _, description),) = IMAGE.findall(text)
    assert len(description) > 15
    assert (FOLDER / f"{name}.png").is_file()
    _, where = text.split("Where is it done:")
    targets = [target for target, _ in LINK.findall(where) if target.startswith("../../striate/")]
    assert targets, "no way into the code"
    # The names in the link's text stand in the file that it leads to.
    for words, target in re.findall(r"\[([^\]]+)\]\((\.\./\.\./striate/[^)]+)\)", where):
        code = (FOLDER / target).read_text("utf-8")
        for name in re.findall(r"`([\w.]+)`", words):
            assert re.search(rf"\b{name.split('.')[-1]}\b", code), f"no {name} in {target}"


@pytest.mark.parametrize("page", [DOCS / "ideas.md", *PAGES], ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target, place in LINK.findall(page.read_text("utf-8")):
        if "://" in target:
            continue
        found = (page.parent / target).resolve() if target else page
        assert found.exists(), target
        if place and found.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", found.read_text("utf-8"), re.MULTILINE)
            assert place in [anchor(heading) for heading in headings], f"{target}#{place}"


def own_numbers() -> list[str]:
    """The commands that the pages give for numbers of one's own."""
    told = [re.search(r"On your own numbers: (.*?)\n\n", t, re.S) for t in SECTIONS.values()]
    commands = [re.findall(r"`(striate .*?)`", found[1], re.S) for found in told if found]
    return [" ".join(each.split()) for found in commands for each in found]


def test_the_commands_for_one_s_own_numbers_run_as_they_stand(tmp_path: Path) -> None:
    commands = own_numbers()
    assert len(commands) >= 24
    drawn.image("disc", 1, (60, 40)).save(tmp_path / "photo.png")
    for name, first in (("nn1", "0.9,0.1,1,0"), ("nn2", "0.6,0.4,1,0")):
        (tmp_path / f"{name}.csv").write_text(first, "utf-8")
    ran = 0
    for command in commands:
        verb, *rest = shlex.split(command)[1:]
        if verb in ("convolve", "loss", "describe"):
            assert striate(verb, *rest, cwd=tmp_path).stdout, command
            ran += 1
    assert ran >= 24
    assert (tmp_path / "page.html").exists()


def test_the_index_names_every_section() -> None:
    named = {(Path(target).name, place) for target, place in LINK.findall(INDEX) if place}
    assert {(page, anchor(heading)) for page, heading in SECTIONS} <= named


def test_the_history_names_networks_of_the_zoo_and_all_of_the_reading_list(
    shared: Callable[[str], Path],
) -> None:
    assert LINK.findall(INDEX)[0][0] == "ideas/history.md"
    table = HISTORY.split("## From zip codes")[1].split("\n\n")[1]
    named = set(re.findall(r"`(\w+)`", table))
    assert named <= set(zoo.names())
    assert {"lenet1989", "lenet5_1998", "alexnet2012", "zfnet", "resnet152"} <= named
    rows = shared("reference/reading.md").read_text("utf-8").split("|---|---|\n")[1].splitlines()
    reading = HISTORY.split("## Reading")[1].split("\n## ")[0]
    for row in rows:
        who = re.split(r"[ ,:]", row.strip("| "))[0]
        assert f"- {who}" in reading, row
    assert len(re.findall("^- ", reading, re.MULTILINE)) == len(rows) == 20
    assert "not opened" in reading


def test_the_results_are_those_of_every_experiment_with_all_its_seeds() -> None:
    parts = re.split(r"^## (\w+)$", RESULTS, flags=re.MULTILINE)[1:]
    assert [name.lower() for name in parts[::2]] == list(NAMES)
    for name, text in zip(parts[::2], parts[1::2], strict=True):
        assert f"striate experiment {name.lower()}" in text
        assert "accuracy in %, mean of 5 seeds with its 95 % t interval" in text


def test_every_image_is_shown_in_both_forms_and_drawn_by_a_function_of_its_own() -> None:
    pages = (*SECTIONS.values(), RESULTS, HISTORY)
    found = [each for text in pages for each in IMAGE.findall(text)]
    shown = {name: int(width) for name, width, _ in found}
    assert len(shown) == len(found)
    there = {path.stem: path.stat().st_size for path in FOLDER.glob("*.png")}
    assert sorted(there) == sorted([*shown, *(f"{name}-dark" for name in shown)])
    assert max(there.values()) < 60_000
    assert sum(there.values()) < 2_000_000
    drawn = []
    for script in FOLDER.glob("draw_*.py"):
        functions = ast.parse(script.read_text("utf-8")).body
        for function in functions:
            if isinstance(function, ast.FunctionDef):
                drawn += re.findall(
                    r"write\(\s*\"([\w-]+)\"", ast.unparse(function).replace("'", '"')
                )
    assert set(drawn) == {name for name in shown if not name.startswith("experiment-")}
    for name, width in shown.items():
        assert width <= 1000
        for form in (name, f"{name}-dark"):
            with Image.open(FOLDER / f"{form}.png") as image:
                assert abs(image.width - 2 * width) <= 2  # two pixels for one of the screen
