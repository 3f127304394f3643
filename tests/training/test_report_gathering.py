"""The page shows what the run did; how the page looks is tested with the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import drawn

from striate.data import find
from striate.events import ignore
from striate.model.run_folder import RunFolder
from striate.settings import Settings
from striate.training import preparation
from striate.training.plan import Request
from striate.training.record import RunRecord
from striate.training.report import gathering, html, pictures
from striate.training.runs import start_run

QUICK = Settings(epochs=1, image_size=16, precision="float32", threads=1)
TINY = "conv 4 > relu > gap > flatten > fc"


def test_the_command_repeats_the_run() -> None:
    request = Request("my photos", None, False, False, replace(QUICK, mirror=False, patience=3))
    record = RunRecord.begin(request)
    words = gathering.command(record)
    assert words == (
        "striate train 'my photos' --epochs 1 --image-size 16 --no-mirror --patience 3 "
        "--precision float32 --threads 1"
    )


def test_the_images_on_the_page_are_the_ones_judged(tmp_path: Path) -> None:
    data = drawn.folder(tmp_path / "data", n=15, size=(300, 200))
    run = start_run(data, TINY, out=tmp_path / "run", settings=QUICK, callback=ignore)
    folder = RunFolder(tmp_path / "run")
    record, collection = RunRecord.read(folder), find(data)
    with preparation.prepare(
        record.request, collection, folder, earlier=record.plan, say=print, callback=ignore
    ) as prepared:
        facts = gathering.facts(
            folder,
            record,
            prepared.loaded,
            epochs=folder.read_epochs(9),
            model=run.model,
        )
        for shown, judged in zip(facts.worst, run.evaluation.worst, strict=True):
            assert (shown.name, shown.truth, shown.answer) == (
                judged.name,
                judged.truth,
                judged.answer,
            )
            assert Path(shown.name).parent.name == shown.truth
            assert shown.runner_up == judged.runner_up != shown.answer
            assert max(shown.pixels.shape[:2]) == 300
            assert shown.heat is not None
            assert shown.heat.shape == (29, 44, 4)
            assert shown.file == str(data / shown.name)
        assert {shown.truth for shown in facts.examples} == {"disc", "square"}
        assert all(shown.pixels.shape == (16, 16, 3) for shown in facts.augmented)
        without = gathering.facts(folder, record, prepared.loaded, epochs=[], model=None)
        assert without.no_heat == "the classifier of the run is not at hand"
        assert "There are no heat maps: the classifier of the run" in html(without)
        assert all(shown.heat is None for shown in without.worst)
        training = {collection.names[index] for index in prepared.loaded.split.train}
        assert {shown.name for shown in (*facts.examples, *facts.augmented)} <= training


def test_an_image_that_has_gone_is_left_out_of_the_page(tmp_path: Path) -> None:
    data = drawn.folder(tmp_path / "data", n=6)
    folder = RunFolder(tmp_path / "run")
    start_run(data, TINY, out=folder.path, settings=QUICK, callback=ignore)
    record, collection = RunRecord.read(folder), find(data)
    with preparation.prepare(
        record.request, collection, folder, earlier=record.plan, say=print, callback=ignore
    ) as prepared:
        index = int(prepared.loaded.split.train[0])
        (data / collection.names[index]).unlink()
        shown = {one.name for one in pictures.show_examples(prepared.loaded, prepared.plan)}
        train = {collection.names[place] for place in prepared.loaded.split.train}
        assert shown == train - {collection.names[index]}
