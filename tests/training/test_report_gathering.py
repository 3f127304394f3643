"""The page shows what the run did; how the page looks is tested with the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import drawn

from striate.evaluation.image_selection import select_held_out
from striate.events import ignore
from striate.model.run_folder import RunFolder
from striate.settings import Settings
from striate.training import preparation
from striate.training.report import gathering
from striate.training.runs import start

QUICK = Settings(epochs=1, size="16", precision="float32", threads=1)
TINY = "conv 4 > relu > gap > flatten > fc"


def test_the_command_repeats_the_run() -> None:
    record = {
        "data": {"source": "my photos"},
        "settings": replace(QUICK, mirror=False, patience=3).as_json(),
        "network_given": None,
    }
    words = gathering.command(record)
    assert words == (
        "striate train 'my photos' --epochs 1 --size 16 --no-mirror --patience 3 "
        "--precision float32 --threads 1"
    )


def test_the_images_on_the_page_are_the_ones_judged(tmp_path: Path) -> None:
    data = drawn.folder(tmp_path / "data", n=15, size=(300, 200))
    run = start(data, TINY, out=tmp_path / "run", settings=QUICK, callback=ignore)
    folder = RunFolder(tmp_path / "run")
    record = folder.read_record()
    collection = preparation.collect(data)
    with preparation.prepare(
        folder, record, collection, say=lambda text: None, callback=ignore
    ) as prepared:
        facts = gathering.facts(
            record,
            prepared,
            text=run.model.text,
            epochs=folder.read_epochs(9),
            evaluation=run.evaluation,
            judged=select_held_out(prepared.split).indices,
        )
        for shown, judged in zip(facts.worst, run.evaluation.worst, strict=True):
            assert (shown.name, shown.truth, shown.answer) == (
                judged.name,
                judged.truth,
                judged.answer,
            )
            assert Path(shown.name).parent.name == shown.truth
            assert max(shown.pixels.shape[:2]) == gathering.THUMBNAIL
        assert {shown.truth for shown in facts.examples} == {"disc", "square"}
        assert all(shown.pixels.shape == (16, 16, 3) for shown in facts.augmented)
        training = {collection.names[index] for index in prepared.split.train}
        assert {shown.name for shown in (*facts.examples, *facts.augmented)} <= training


def test_a_image_that_has_gone_is_left_out_of_the_page(tmp_path: Path) -> None:
    data = drawn.folder(tmp_path / "data", n=6)
    folder = RunFolder(tmp_path / "run")
    start(data, TINY, out=folder.path, settings=QUICK, callback=ignore)
    collection = preparation.collect(data)
    with preparation.prepare(
        folder, folder.read_record(), collection, say=lambda text: None, callback=ignore
    ) as prepared:
        index = int(prepared.split.train[0])
        (data / collection.names[index]).unlink()
        assert gathering.thumbnail(prepared, index) is None
        assert all(shown.name != collection.names[index] for shown in gathering.examples(prepared))
