"""Keras programs compute the same numbers: all of them in one process of Keras's own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from programs import TEXTS, image, lively, random_texts
from safetensors.torch import save_file
from thoroughness import LARGE, THOROUGH

from striate.architecture import zoo
from striate.architecture.layer_table import summary
from striate.architecture.notation import expand
from striate.backends.codegen import to_code
from striate.backends.torch import Net

SCRIPT = Path(__file__).parents[1] / "keras_programs.py"
DEEP = {"densenet121", "googlenet2014", "inception_v3"}  # nor in these, but longer


def cases() -> list[tuple[str, tuple[int, int, int] | None]]:
    """Texts with the input that they are given here."""
    found: list[tuple[str, tuple[int, int, int] | None]] = []
    found += [(text, None) for text in [*TEXTS, *random_texts()[::5]]]
    for name in sorted({*zoo.names()} - LARGE - (set() if THOROUGH else DEEP)):
        side = 75 if name == "inception_v3" else min(64, expand(name).input[1])
        found.append((name, None if name.startswith("lenet") else (3, side, side)))
    return found


def prepared(folder: Path, module: Net) -> None:
    folder.mkdir()
    (folder / "program.py").write_text(to_code(module.plan, "keras"), encoding="utf-8")
    save_file(module.state_dict(), folder / "weights.safetensors")
    np.save(folder / "x.npy", image(module).numpy())


def test_every_word_random_and_known_networks_compute_the_same_in_keras(tmp_path: Path) -> None:
    if importlib.util.find_spec("keras") is None:
        pytest.skip("needs Keras, an oracle of the tests: pip install '.[test]'")
    modules = {}
    for number, (text, shape) in enumerate(cases()):
        modules[f"{number}"] = lively(text, **({} if shape is None else {"input": shape}))
        prepared(tmp_path / f"{number}", modules[f"{number}"])
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *(str(tmp_path / name) for name in modules)],
        env={**os.environ, "KERAS_BACKEND": "torch", "KERAS_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = {line["folder"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert told.keys() == modules.keys()
    assert len(modules) > (60 if THOROUGH else 40)
    for name, module in modules.items():
        text = str(module.plan.network)
        with torch.no_grad():
            ours = module(image(module)).numpy()
        theirs = np.load(tmp_path / name / "y.npy")
        assert theirs.shape == ours.shape, text
        finite = np.isfinite(ours)
        assert (np.isfinite(theirs) == finite).all(), text
        size = np.abs(ours[finite]).max(initial=1e-3)
        assert np.abs((theirs - ours)[finite]).max(initial=0) < 1e-5 * size, text
        assert told[name]["parameters"] == summary(module.plan).parameters, text
