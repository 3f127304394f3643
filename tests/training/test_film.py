"""The film of a run: nothing learnt depends on it, it goes on after a stop, it is kept short."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from quick_runs import QUICK, TINY, plan, record

from striate.errors import ImageError
from striate.events import Epoch, Event, Note, ignore
from striate.explanation.film import FOLDER, list_epochs, read_film, read_image
from striate.model.loading import load
from striate.settings import Settings
from striate.training import film
from striate.training.film import Filming, is_kept
from striate.training.result import TrainingResult
from striate.training.runs import report_run, resume, start_run

Done = tuple[TrainingResult, list[Event]]


@pytest.fixture(scope="module")
def picture(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image beside the data."""
    place = tmp_path_factory.mktemp("new") / "who.png"
    shutil.copy(sorted(photos.glob("disc/*.png"))[0], place)
    return place


@pytest.fixture(scope="module")
def filmed(photos: Path, picture: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of `done`, filmed."""
    out = tmp_path_factory.mktemp("filmed") / "run"
    start_run(photos, TINY, out=out, settings=replace(QUICK, film=str(picture)), callback=ignore)
    return out


def same(one: Path, other: Path) -> bool:
    """Whether two runs ended with the same weights, to the last bit, and with the same figures."""
    first, second = (load(run).module.state_dict() for run in (one, other))
    equal = all(torch.equal(first[name], second[name]) for name in first)
    figures = [
        [(each.train_loss, each.val_loss, each.val_accuracy) for each in epochs_of(run)]
        for run in (one, other)
    ]
    return equal and figures[0] == figures[1]


def epochs_of(run: Path) -> list[Epoch]:
    from striate.model.run_folder import RunFolder

    return RunFolder(run).read_epochs(10**6)


def test_the_weights_are_the_same_to_the_last_bit_with_a_film_and_without(
    done: Done, filmed: Path
) -> None:
    assert same(done[0].folder, filmed)
    assert not (done[0].folder / FOLDER).exists()


def test_every_epoch_has_a_frame_and_the_record_names_the_image(
    filmed: Path, picture: Path
) -> None:
    found = read_film(filmed)
    assert found is not None
    assert [frame.epoch for frame in found.frames] == list(range(QUICK.epochs + 1))  # type: ignore[operator]
    assert (found.name, found.classes) == ("who.png", ("disc", "square"))
    assert record(filmed).request.settings.film == str(picture)
    pixels = np.moveaxis(plan(filmed).preprocess.pixels(picture), 0, 2)
    assert (found.pixels == pixels).all()
    told = [frame.numbers["val_accuracy"] for frame in found.frames[1:]]
    assert told == [each.val_accuracy for each in epochs_of(filmed)]
    layers = [[layer.name for layer in frame.layers] for frame in found.frames]
    assert layers == [["conv1", "conv2"]] * 4


def test_the_last_frame_is_the_network_that_was_kept_if_that_is_the_last(filmed: Path) -> None:
    found = read_film(filmed)
    assert found is not None
    best = max(each.epoch for each in epochs_of(filmed) if each.best)
    module = load(filmed).module
    (frame,) = (frame for frame in found.frames if frame.epoch == best)
    weight = module.get_parameter("conv2.weight").detach().float().numpy()
    kept = frame.layers[1]
    own = weight[np.ix_(kept.units, kept.channels)]
    assert np.abs(kept.filters.numbers - own).max() <= kept.filters.reach / 250


def test_a_stopped_run_goes_on_with_its_film_though_the_image_is_gone(
    photos: Path, picture: Path, filmed: Path, tmp_path: Path
) -> None:
    def stop_in_the_second(event: Event) -> None:
        if isinstance(event, Epoch) and event.epoch == 1:
            signal.raise_signal(signal.SIGINT)

    image = tmp_path / "mine.png"
    shutil.copy(picture, image)
    out = tmp_path / "run"
    settings = replace(QUICK, film=str(image))
    start_run(photos, TINY, out=out, settings=settings, callback=stop_in_the_second)
    assert list_epochs(out / FOLDER) == [0, 1]
    np.savez(out / FOLDER / "7.npz", epoch=np.array(7))  # of steps that are done anew
    image.unlink()
    resume(out, callback=ignore)
    assert list_epochs(out / FOLDER) == [0, 1, 2, 3]
    assert same(out, filmed)
    one, other = read_film(out), read_film(filmed)
    assert one is not None
    assert other is not None
    for first, second in zip(one.frames, other.frames, strict=True):
        assert (first.layers[1].maps.values == second.layers[1].maps.values).all()


def test_two_hundred_epochs_are_kept_and_then_fewer() -> None:
    kept: list[int] = []
    for last in range(1001):
        kept = [each for each in [*kept, last] if is_kept(each, last=last)]
        assert len(kept) <= 202
        assert kept[-1] == last
        if last <= 200:
            assert kept == list(range(last + 1))
    assert kept == list(range(0, 1001, 8))
    assert [each for each in range(1000) if is_kept(each, last=999)] == [*range(0, 1000, 8), 999]


def test_a_film_is_thinned_while_it_grows(
    photos: Path, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film, "MOST", 3)
    settings = replace(QUICK, film=str(picture), epochs=7)
    start_run(photos, TINY, out=tmp_path / "run", settings=settings, callback=ignore)
    assert list_epochs(tmp_path / "run" / FOLDER) == [0, 4, 7]


def test_the_report_shows_stills_and_the_command_of_the_animation(filmed: Path) -> None:
    for _ in range(2):  # when the run ends, and written again
        page = (filmed / "report.html").read_text("utf-8")
        assert "Filters and maps, epoch by epoch" in page
        assert page.count('alt="filters of first: conv1 after epoch') == 4
        assert page.count('alt="feature maps of last: conv2 after epoch') == 4
        assert "<span>--film</span> <span>film.gif</span>" in page
        report_run(filmed, callback=ignore)
    assert "<script" not in page


def test_a_run_without_a_film_has_no_such_section(done: Done) -> None:
    assert "epoch by epoch" not in (done[0].folder / "report.html").read_text("utf-8")


def test_where_only_a_head_is_learnt_nothing_moves_and_that_is_said(
    done: Done, photos: Path, picture: Path, own_cache: Path, tmp_path: Path
) -> None:
    told: list[Event] = []
    settings = Settings(
        pretrained=str(done[0].folder), precision="float32", threads=1, film=str(picture)
    )
    start_run(photos, out=tmp_path / "run", settings=settings, callback=told.append)
    said = [each.text for each in told if isinstance(each, Note) and "--film" in each.text]
    assert len(said) == 1
    assert said[0].startswith("--film: only the head is learnt, so filters and feature maps stay")
    assert not (tmp_path / "run" / FOLDER).exists()


def test_fine_tuning_is_filmed(
    done: Done, photos: Path, picture: Path, own_cache: Path, tmp_path: Path
) -> None:
    settings = Settings(
        pretrained=str(done[0].folder),
        unfreeze="all",
        epochs=2,
        precision="float32",
        batch_size=8,
        threads=1,
    )
    for name, image in (("plain", None), ("filmed", str(picture))):
        own = replace(settings, film=image)
        start_run(photos, out=tmp_path / name, settings=own, callback=ignore)
    assert list_epochs(tmp_path / "filmed" / FOLDER) == [0, 1, 2]
    assert same(tmp_path / "plain", tmp_path / "filmed")


def test_a_network_without_a_convolution_is_not_filmed(
    photos: Path, picture: Path, tmp_path: Path
) -> None:
    told: list[Event] = []
    settings = replace(QUICK, film=str(picture), epochs=1)
    run = tmp_path / "run"
    start_run(photos, "flatten > fc", out=run, settings=settings, callback=told.append)
    notes = [each.text for each in told if isinstance(each, Note)]
    assert "--film: the network has no convolution, so there is nothing to film" in notes
    assert not (run / FOLDER).exists()


def test_what_is_no_image_is_refused_before_the_run(photos: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.png"
    text.write_text("no image", "utf-8")
    for image in (text, tmp_path / "nowhere.png"):
        settings = replace(QUICK, film=str(image))
        with pytest.raises(ImageError, match="^--film: '.*' cannot be read: "):
            start_run(photos, TINY, out=tmp_path / "run", settings=settings, callback=ignore)
        assert not (tmp_path / "run").exists()


def test_a_full_disk_ends_the_film_and_not_the_run(
    photos: Path, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(film, "write_frame", full)
    told: list[Event] = []
    settings = replace(QUICK, film=str(picture))
    start_run(photos, TINY, out=tmp_path / "run", settings=settings, callback=told.append)
    said = [each.text for each in told if isinstance(each, Note) and "--film" in each.text]
    assert len(said) == 1
    assert "No space left on device" in said[0]
    assert "training goes on" in said[0]


def test_without_an_image_nothing_is_written(tmp_path: Path) -> None:
    Filming(tmp_path / FOLDER, None, None, print).after(None)  # type: ignore[arg-type]
    assert not (tmp_path / FOLDER).exists()


def test_the_image_of_a_film_is_kept_as_the_network_sees_it(filmed: Path) -> None:
    name, classes, pixels = read_image(filmed / FOLDER)
    assert (name, classes) == ("who.png", ("disc", "square"))
    assert pixels.shape == (16, 16, 3)
    assert pixels.dtype == np.uint8


@pytest.fixture(scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache for these runs alone."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        patch.setenv("STRIATE_CACHE", str(folder))
        yield folder
