from __future__ import annotations

from pathlib import Path

import drawn
import pytest

from striate.errors import NotationError, RunError, SettingError
from striate.model.run_folder import RunFolder
from striate.settings import Settings
from striate.training import preparation


def record(**settings: object) -> dict[str, object]:
    chosen = Settings(size="16", precision="float32", threads=1, **settings)  # type: ignore[arg-type]
    return {
        "data": {},
        "settings": chosen.as_json(),
        "network_given": "conv 4 > relu > gap > flatten > fc",
        "module_given": False,
        "chosen": None,
        "notes": [],
    }


def test_a_network_is_a_text_or_the_file_that_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "own.cnn"
    path.write_text("# mine\nflatten > fc\n")
    assert preparation.source_text(path) == preparation.source_text(str(path))
    assert preparation.source_text("flatten > fc") == "flatten > fc"
    with pytest.raises(NotationError, match="cannot be read"):
        preparation.source_text(tmp_path / "none.cnn")
    with pytest.raises(NotationError):
        preparation.source_text("flaten > fc")


def test_what_was_chosen_is_kept_when_a_run_goes_on(tmp_path: Path) -> None:
    collection = preparation.collect(drawn.folder(tmp_path / "data", n=10))
    folder, own = RunFolder(tmp_path), record()
    said: list[str] = []

    def prepare() -> preparation.Prepared:
        with preparation.prepare(
            folder, own, collection, say=said.append, callback=lambda event: None
        ) as prepared:
            return prepared

    first = prepare()
    chosen = dict(own["chosen"])  # type: ignore[call-overload]
    second = prepare()
    assert own["chosen"] == chosen
    assert (first.preprocess, first.recipe, first.epochs) == (
        second.preprocess,
        second.recipe,
        second.epochs,
    )
    assert first.split.val.tolist() == second.split.val.tolist()
    assert first.preprocess.mean != (0.5,) * 3

    drawn.image("disc", 50).save(tmp_path / "data" / "disc" / "disc000.png")
    with pytest.raises(RunError, match="not what they were"):
        prepare()


def test_large_sets_are_kept_in_a_file_or_streamed_with_the_same_result(tmp_path: Path) -> None:
    collection = preparation.collect(drawn.folder(tmp_path / "data", n=10))
    hashes = []
    for memory in (2**30, 1000):
        folder, own = RunFolder(tmp_path / str(memory)), record(memory=memory)
        folder.path.mkdir()
        with preparation.prepare(
            folder, own, collection, say=lambda text: None, callback=lambda event: None
        ) as prepared:
            hashes.append(prepared.images.hashes.tolist())
            assert (prepared.images.mode == "memory") == (memory > 1000)
            assert folder.cache.exists() == (memory == 1000)
    assert hashes[0] == hashes[1]


def test_settings_are_refused_before_images_are_read() -> None:
    for wrong in (Settings(precision="fp3"), Settings(epochs=0)):
        with pytest.raises(SettingError):
            preparation.check(wrong)
