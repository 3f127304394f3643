"""A run of images in memory: the same as of the folder, told honestly, gone on with when given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from striate.data import find
from striate.errors import DataError, RunError, SettingError
from striate.evaluation.classifier_evaluation import evaluate
from striate.training.runs import resume, train

NETWORK = "conv 4 > bn > relu > maxpool 2 > flatten > fc"


def arrays() -> tuple[np.ndarray, np.ndarray]:
    digits = find("digits").only(np.arange(200))
    assert isinstance(digits.content, np.ndarray)
    return digits.content, np.array([f"digit {label}" for label in digits.labels])


def test_it_is_learnt_from_evaluated_and_gone_on_with(tmp_path: Path) -> None:
    data = arrays()
    out = tmp_path / "run"
    result = train(data, NETWORK, epochs=1, seed=1, threads=1, precision="float32", out=out)
    assert result.model.classes == tuple(f"digit {label}" for label in range(10))
    assert result.model.data["source"] == "arrays in memory"
    held = evaluate(result.model, data)
    assert (held.n, held.accuracy) == (result.evaluation.n, result.evaluation.accuracy)
    with pytest.raises(DataError, match="given as arrays in memory, which is in no file"):
        resume(out, epochs=2)
    other = (data[0][::-1].copy(), data[1])
    with pytest.raises(RunError, match="are not what they were when the run began"):
        resume(out, data=other, epochs=2)
    assert resume(out, data=data, epochs=2).evaluation.n == held.n


def test_several_processes_cannot_share_it(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="arrays in memory, which other processes do not have"):
        train(arrays(), NETWORK, epochs=1, devices=2, device="cpu", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
