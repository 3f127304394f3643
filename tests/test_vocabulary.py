"""One thing has one word everywhere: what is no longer said stands in no text that users read.

Read are the messages, help texts and docstrings of the package (every string in it), the pages'
templates, README.md and docs/, but for docs/log.md, which tells how things came to be.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
INSTEAD = {
    "told right": "correct, accuracy",
    "judged": "evaluated",
    "trained body": "backbone",
    "anatomy": "summary",
    "stopwatch": "profile",
    "tempo": "progress",
    "hands": "workers",
    "partners": "workers",
    "stand-in": "baseline",
    "stand-ins": "baselines",
    "specimen": "inspection",
    "contenders": "models",
    "whiskers": "error bars",
    "trails": "log plot",
    "stations": "stages",
    "dream": "feature visualisation",
    "dreams": "feature visualisations",
    "last with positions": "last spatial layer",
    "units at rest": "dead units",
    "hold_statistics": "freeze_bn",
    "striate inside": "striate explain",
    "--size": "--image-size",
    "--from": "--pretrained",
    "--batch": "--batch-size",
    "--versions": "--n-augmented",
    "--hold-statistics": "--freeze-bn",
    "--balance": "--class-weight",
    "--zoom": "--crop-ratio",
    "--of": "--target",
    "--part": "--split",
}
BANNED = re.compile(
    r"(?<![\w-])(" + "|".join(re.escape(phrase) for phrase in INSTEAD) + r")(?![\w-])", re.I
)
PAGES = [
    ROOT / "README.md",
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if path.name != "log.md"),
    *sorted((ROOT / "striate").rglob("*.html")),
    *sorted((ROOT / "striate").rglob("*.cnn")),
]
# What older versions wrote is read under the names that it had.
AS_IT_WAS = {"training/record_of_2026_11.py", "settings/__init__.py"}


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """Give (line, text) of every string of a module."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def found_in(text: str) -> list[str]:
    """Give the banned phrases of a text, each with what to say instead."""
    flowing = re.sub(r"\s+", " ", text)
    return [f"{one}: say {INSTEAD[one.lower()]}" for one in BANNED.findall(flowing)]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_says_it_in_the_field_s_words(page: Path) -> None:
    assert found_in(page.read_text("utf-8")) == []


def test_messages_and_docstrings_say_it_in_the_field_s_words() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}, line {line}: {one}"
        for path in sorted((ROOT / "striate").rglob("*.py"))
        if path.relative_to(ROOT / "striate").as_posix() not in AS_IT_WAS
        for line, text in strings(path)
        for one in found_in(text)
    ]
    assert wrong == []


def test_the_rule_finds_what_it_is_for() -> None:
    assert found_in("80 % were told\nright by --from x") == [
        "told right: say correct, accuracy",
        "--from: say --pretrained",
    ]
    assert found_in("--part-of, misjudged, --from-scratch, freehands") == []
