from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import drawn
import pytest

from striate.data import find
from striate.errors import NotationError, RunError, SettingError
from striate.events import ignore
from striate.model.run_folder import RunFolder
from striate.settings import Settings
from striate.training import preparation
from striate.training.plan import Plan
from striate.training.runs import make_request

TEXT = "conv 4 > relu > gap > flatten > fc"
SETTINGS = Settings(image_size=16, precision="float32", threads=1)


def test_a_network_is_a_text_or_the_file_that_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "own.cnn"
    path.write_text("# mine\nflatten > fc\n")
    assert preparation.read_network(path) == preparation.read_network(str(path))
    assert preparation.read_network("flatten > fc") == "flatten > fc"
    with pytest.raises(NotationError, match="cannot be read"):
        preparation.read_network(tmp_path / "none.cnn")
    with pytest.raises(NotationError):
        preparation.read_network("flaten > fc")


def test_the_plan_is_kept_when_a_run_goes_on(tmp_path: Path) -> None:
    data = drawn.folder(tmp_path / "data", n=10)
    collection, folder = find(data), RunFolder(tmp_path)
    request = make_request(data, TEXT, SETTINGS)

    def prepare(earlier: Plan | None) -> preparation.Prepared:
        with preparation.prepare(
            request, collection, folder, earlier=earlier, say=print, callback=ignore
        ) as prepared:
            return prepared

    first = prepare(None)
    second = prepare(first.plan)
    assert first.plan == second.plan == Plan.from_json(first.plan.as_json())
    assert first.loaded.split.val.tolist() == second.loaded.split.val.tolist()
    assert first.plan.preprocess.mean != (0.5,) * 3

    drawn.image("disc", 50).save(tmp_path / "data" / "disc" / "disc000.png")
    with pytest.raises(RunError, match="not what they were"):
        prepare(first.plan)


def test_large_sets_are_kept_in_a_file_or_streamed_with_the_same_result(tmp_path: Path) -> None:
    data = drawn.folder(tmp_path / "data", n=10)
    hashes = []
    for memory in (2**30, 1000):
        folder = RunFolder(tmp_path / str(memory))
        request = make_request(data, TEXT, replace(SETTINGS, memory=memory))
        folder.path.mkdir()
        with preparation.prepare(
            request, find(data), folder, say=print, callback=ignore
        ) as prepared:
            hashes.append(prepared.loaded.images.hashes.tolist())
            assert (prepared.loaded.images.mode == "memory") == (memory > 1000)
            assert folder.cache.exists() == (memory == 1000)
    assert hashes[0] == hashes[1]


def test_settings_are_refused_before_images_are_read() -> None:
    for wrong in (Settings(precision="fp3"), Settings(epochs=0)):
        with pytest.raises(SettingError):
            preparation.check(wrong)
