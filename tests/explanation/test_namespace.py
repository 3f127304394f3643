"""st.explanation, as one calls it: every public name, whatever was imported before."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import striate as st
import striate.explanation

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def every_submodule() -> None:
    for found in pkgutil.walk_packages(striate.explanation.__path__, "striate.explanation."):
        importlib.import_module(found.name)


@pytest.mark.parametrize("name", striate.explanation.__all__)
def test_no_module_hides_a_public_name(name: str) -> None:
    found = getattr(st.explanation, name)
    assert not isinstance(found, ModuleType)
    assert callable(found)
    assert found.__doc__


def test_every_public_name_is_told() -> None:
    told = (ROOT / "docs" / "python.md").read_text("utf-8")
    names = set(re.findall(r"`st\.explanation\.(\w+)", told)) | set(re.findall(r"`st\.(\w+)", told))
    assert set(striate.explanation.__all__) <= names


def test_torch_is_loaded_when_something_is_explained() -> None:
    script = "import sys, striate.explanation as e; dir(e); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0
