"""Images taken out of a run: equal to a training without them, and nothing of them left."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path

import drawn
import numpy as np
import pytest
from quick_runs import record, rows

from striate.data import digest_pixels, find
from striate.data.cache_folder import find_cache_folder
from striate.errors import RunError, StoppedError
from striate.events import Event
from striate.features.feature_cache import FeatureCache
from striate.model.loading import load
from striate.model.run_replacement import (
    BEING_MADE,
    COMPLETE,
    begin_replacement,
    complete_replacement,
)
from striate.render.image_files import data_uri
from striate.settings import Settings
from striate.training.forgetting import OUT_OF_REACH, Forgotten, forget
from striate.training.report.small_images import read_small
from striate.training.result import TrainingResult
from striate.training.runs import start_run
from striate.training.taught import open_taught_run

Done = tuple[TrainingResult, list[Event]]
GONE = ["train/disc/disc103.png", "train/square/square110.png", "val/disc/disc121.png"]


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn discs and squares in train/ and val/, others than the backbone has learnt from."""
    root = tmp_path_factory.mktemp("shapes")
    drawn.folder(root / "train", n=20, size=(30, 20), first=100)
    drawn.folder(root / "val", n=8, size=(30, 20), first=120)
    return root


@pytest.fixture(scope="module")
def settings(done: Done) -> Settings:
    return Settings(pretrained=str(done[0].folder), image_size=16, precision="float32", threads=1)


@pytest.fixture(scope="module")
def trained(shapes: Path, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of these with a head alone; not to be changed."""
    out = tmp_path_factory.mktemp("runs") / "run"
    return start_run(shapes, out=out, settings=settings).folder


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    return shutil.copytree(trained, tmp_path / "run")


def contents(folder: Path) -> dict[str, bytes]:
    files = (each for each in folder.rglob("*") if each.is_file() and each.name != ".lock")
    return {str(each.relative_to(folder)): each.read_bytes() for each in files}


def readable(folder: Path) -> bytes:
    """Return all bytes of a run, those within its pages as they were before they were encoded."""
    found = b""
    for data in contents(folder).values():
        found += data
        encoded = re.findall(rb"base64,([A-Za-z0-9+/=]+)", data)
        found += b"".join(base64.b64decode(each) for each in encoded)
    return found + unescape(found.decode("utf-8", "replace")).encode()


def test_it_is_a_training_without_the_images(
    shapes: Path, settings: Settings, run: Path, tmp_path: Path
) -> None:
    without = shutil.copytree(shapes, tmp_path / "without")
    for name in GONE:
        (without / name).unlink()
    expected = start_run(without, out=tmp_path / "anew", settings=settings).model
    before = load(run)
    found = forget(run, [GONE[0], shapes / GONE[1], str(shapes / GONE[2])])
    after = load(run)
    assert found.names == tuple(sorted(GONE))
    for name, value in expected._weights().items():
        np.testing.assert_allclose(after._weights()[name], value, atol=1e-6, rtol=0)
    assert np.abs(after._weights()["fc1.weight"] - before._weights()["fc1.weight"]).max() > 1e-4
    assert after.temperature == pytest.approx(expected.temperature, abs=1e-6)
    ours, theirs = after.decision, expected.decision
    assert ours.reject == theirs.reject
    for name, value in theirs.as_tensors().items():
        np.testing.assert_allclose(ours.as_tensors()[name], value, atol=1e-6, rtol=0)
    head, other = record(run).head, record(tmp_path / "anew").head
    assert head is not None and other is not None and head.weight_decay == other.weight_decay
    assert found.result.evaluation.n == 15 and found.n == 16
    assert after.predict(shapes / GONE[0]).label in after.classes


def test_nothing_of_them_is_left(shapes: Path, run: Path) -> None:
    data, model = find(shapes), load(run)
    places = {name: index for index, name in enumerate(data.names)}
    shown = {}  # an image of every class that the report shows
    page = (run / "report.html").read_text("utf-8")
    for name in data.names:
        (small,) = read_small(data, model.preprocess, [places[name]], 192)
        assert small is not None
        if name.startswith("train/") and data_uri(small.pixels, side=96) in page:
            shown[name.split("/")[1]] = (name, data_uri(small.pixels, side=96))
    gone = [*(name for name, _ in shown.values()), GONE[2]]
    hashes = {
        name: digest_pixels(model.preprocess.pixels(data.open(places[name]))) for name in gone
    }
    before = readable(run)
    for name, value in hashes.items():
        assert Path(name).name.encode() in before
        assert name.startswith("val") or value.to_bytes(8, "little") in before
    assert kept_rows(hashes) > 0
    found = forget(run, gone)
    after, page = readable(run), (run / "report.html").read_text("utf-8")
    assert len(shown) == 2 and found.features > 0 and kept_rows(hashes) == 0
    for name, value in hashes.items():
        assert Path(name).stem.encode() not in after
        assert value.to_bytes(8, "little") not in after
        assert f"{value:016x}".encode() not in after
    assert not any(uri in page for _, uri in shown.values())
    assert BEING_MADE not in page and str(run) in page
    assert f"forgotten: {len(gone)} images" in page and OUT_OF_REACH in found.words


def kept_rows(hashes: dict[str, int]) -> int:
    folders = (find_cache_folder() / "features").iterdir()
    wanted = np.array(list(hashes.values()), np.uint64)
    return sum(int(FeatureCache(folder).find(wanted, 1).sum()) for folder in folders)


def test_the_others_stay_in_their_splits_and_groups(settings: Settings, tmp_path: Path) -> None:
    photos = drawn.folder(tmp_path / "photos", n=20, size=(30, 20), first=140)
    shutil.copyfile(photos / "disc" / "disc141.png", photos / "disc" / "again.png")
    run = start_run(photos, out=tmp_path / "run", settings=settings).folder
    before = {row["name"]: (row["class"], row["split"]) for row in rows(run / "split.csv")}
    (run / "notes.txt").write_text("mine", "utf-8")
    sets = [find_cache_folder() / name for name in ("signs", "groups")]
    assert any(list(each.glob("*")) for each in sets)
    found = forget(run, ["disc/disc141.png", "square/square150.png"])
    assert not any(list(each.glob("*")) for each in sets)
    assert found.names == ("disc/again.png", "disc/disc141.png", "square/square150.png")
    after = {row["name"]: (row["class"], row["split"]) for row in rows(run / "split.csv")}
    assert after == {name: row for name, row in before.items() if name not in found.names}
    assert found.foreign == ("notes.txt",) and "notes.txt" in found.words[-2]
    (photos / "disc" / "disc143.png").unlink()  # gone already, and named
    forget(run, ["disc/disc143.png"])
    (photos / "disc" / "disc144.png").unlink()
    with pytest.raises(RunError, match="1 of 36 images of .* no longer in .*disc144"):
        forget(run, ["disc/disc142.png"])
    notes = [note for note in record(run).notes if note.startswith("forgotten")]
    assert [note.split(" on ")[0] for note in notes] == [
        "forgotten: 3 images",
        "forgotten: 1 image",
    ]


@pytest.mark.parametrize("at", [0, 3, -1])
def test_a_stop_leaves_the_run_as_it_was(run: Path, at: int) -> None:
    told: list[Event] = []
    shutil.copytree(run, run.with_name("all"))
    forget(run.with_name("all"), GONE[:1], callback=told.append)
    before, seen = contents(run), 0

    def stop(event: Event) -> None:
        nonlocal seen
        seen += 1
        if seen - 1 == at % len(told):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        forget(run, GONE[:1], callback=stop)
    assert contents(run) == before


def test_ctrl_c_is_told_in_a_line(run: Path) -> None:
    import signal

    before = contents(run)
    with pytest.raises(StoppedError, match="is as it was"):
        forget(run, GONE[:1], callback=lambda event: signal.raise_signal(signal.SIGINT))
    assert contents(run) == before


def test_a_kill_while_files_are_moved_is_made_up_for(run: Path, monkeypatch: object) -> None:
    made = begin_replacement(run)
    for name in ("run.json", "split.csv", "report.html"):
        (made / name).write_text("new", "utf-8")
    moved: list[str] = []
    replace_file = Path.replace

    def killed(self: Path, target: Path) -> Path:
        if self.parent.name == COMPLETE:
            moved.append(self.name)
            if len(moved) == 2:
                raise OSError(5, "killed")
        return replace_file(self, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(RunError):
            complete_replacement(run)
    assert (run / "run.json").read_text("utf-8") == "new" != (run / "split.csv").read_text("utf-8")
    begin_replacement(run).rmdir()
    assert sorted(contents(run)) == ["report.html", "run.json", "split.csv"]
    assert set(contents(run).values()) == {b"new"}


@pytest.mark.parametrize(
    ("images", "told"),
    [
        (["train/disc/none.png"], "'train/disc/none.png' is no image of the run; expected"),
        ([f"train/disc/disc{n}.png" for n in range(100, 120)], "'disc' would have no image left"),
        (
            [f"val/{s}/{s}{n}.png" for s in ("disc", "square") for n in range(120, 128)],
            "no validation image would be left",
        ),
    ],
)
def test_what_cannot_be_forgotten(run: Path, images: list[str], told: str) -> None:
    before = contents(run)
    with pytest.raises(RunError, match=told):
        forget(run, images)
    assert contents(run) == before


def test_one_image_is_told_in_the_singular(done: Done) -> None:
    found = Forgotten(("a.png",), ("b.png",), done[0], accuracy=0.5, n=4, features=0).words
    assert found[0].endswith("everything that was fitted on it is fitted anew without it")
    assert found[2].startswith("1 image that belongs with it ")
    assert found[2].endswith("stays: 'b.png'; name it to forget it too")


def test_layers_that_were_trained_forget_nothing(done: Done) -> None:
    with pytest.raises(RunError, match="what single images .* trained from scratch.* a new run"):
        forget(done[0].folder, ["disc/disc001.png"])
    with pytest.raises(RunError, match="which images taught .* from scratch.*leave --taught out"):
        open_taught_run(done[0].folder)


def test_what_the_backbone_has_learnt_from_is_not_forgotten(
    photos: Path, settings: Settings, tmp_path: Path
) -> None:
    run = start_run(photos, out=tmp_path / "run", settings=settings).folder
    known = next(row["name"] for row in rows(run / "split.csv") if row["split"] == "train")
    with pytest.raises(RunError, match="the backbone itself .* has used images"):
        forget(run, [known])


def test_taught_and_struck_out_is_what_forgetting_gives(
    shapes: Path, run: Path, tmp_path: Path
) -> None:
    image = shapes / "val/disc/disc122.png"
    opened = open_taught_run(run)
    found = opened.explain(image, target="disc", without=[GONE[0]])
    assert {one.label for one in found.speaks_for} <= {"disc", "square"}
    assert all(one.change < 0 for one in found.speaks_for) and found.struck is not None
    assert found.probability == pytest.approx(
        load(run).predict(image).probabilities["disc"], abs=0.02
    )
    forget(run, [GONE[0]])
    model, head = load(run), record(run).head
    assert head is not None
    if head.weight_decay == opened.head.strength and model.temperature == opened.model.temperature:
        assert found.struck.probability == pytest.approx(
            model.predict(image).probabilities["disc"], abs=0.02
        )


@pytest.mark.slow
def test_a_split_by_lot_is_a_training_on_a_list_with_its_columns(
    settings: Settings, tmp_path: Path
) -> None:
    photos = drawn.folder(tmp_path / "photos", n=20, size=(30, 20), first=160)
    asked = replace(settings, n_augmented=3, class_weight="full", false_refusals=0.1)
    run = start_run(photos, out=tmp_path / "run", settings=asked).folder
    gone = [row["name"] for row in rows(run / "split.csv")][3:9:2]
    forget(run, gone)
    lines = [
        ",".join((str(photos / row["name"]), row["class"], row["split"]))
        for row in sorted(rows(run / "split.csv"), key=lambda row: row["name"])
    ]
    (tmp_path / "list.csv").write_text("\n".join(("path,label,split", *lines)), "utf-8")
    expected = start_run(tmp_path / "list.csv", out=tmp_path / "anew", settings=asked).model
    for name, value in expected._weights().items():
        np.testing.assert_allclose(load(run)._weights()[name], value, atol=1e-6, rtol=0)
    assert load(run).decision.reject == expected.decision.reject


@pytest.mark.slow
def test_photographs_forgotten_are_photographs_never_seen(
    shared: Callable[[str], Path], tmp_path: Path
) -> None:
    """Ants and bees on SqueezeNet."""
    photographs = shared("data/hymenoptera")
    weights = str(shared("weights/squeezenet1_1.pth"))
    settings = Settings(pretrained="squeezenet1_1", weights=weights)
    run = start_run(photographs, out=tmp_path / "run", settings=settings).folder
    gone = [row["name"] for row in rows(run / "split.csv")][::20]
    without = tmp_path / "without"
    for name in find(photographs).names:
        if name not in gone:
            (without / name).parent.mkdir(parents=True, exist_ok=True)
            (without / name).symlink_to(photographs / name)
    expected = start_run(without, out=tmp_path / "anew", settings=settings).model
    forget(run, gone)
    after, left = load(run), readable(run)
    assert (run / "perceptual_hashes.csv").is_file()
    assert not [name for name in gone if Path(name).stem.encode() in left]
    for name, value in expected._weights().items():
        np.testing.assert_allclose(after._weights()[name], value, atol=1e-6, rtol=0)
    assert after.temperature == pytest.approx(expected.temperature, abs=1e-6)
    assert after.decision.reject == expected.decision.reject is not None
