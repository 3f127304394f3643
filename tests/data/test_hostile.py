"""Some 1,700 broken, odd and hostile files: each is read or refused, soon, in bounded memory."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from striate.data import find, load, split_stratified, survey
from striate.data.images import Preprocess
from striate.errors import ImageError

SECONDS = 5
MEBIBYTES = 700  # above what the process had before: one image of the set, and its copies

EACH_FILE = """
import json, sys, time
from pathlib import Path
import psutil
from striate.errors import ImageError
from striate.data.images import read

read(__import__("numpy").zeros((4, 4), "u1"))
before = psutil.Process().memory_info().rss
found = {"read": 0, "refused": 0, "slowest": 0.0, "which": "", "reasons": []}
for path in sorted(p for p in Path(sys.argv[1]).rglob("*") if p.is_file()):
    start = time.perf_counter()
    try:
        pixels = read(path)
        assert pixels.dtype == "uint8" and pixels.ndim == 3 and pixels.shape[2] in (1, 3)
        found["read"] += 1
    except ImageError as error:
        found["refused"] += 1
        found["reasons"].append(str(error))
    seconds = time.perf_counter() - start
    if seconds > found["slowest"]:
        found["slowest"], found["which"] = seconds, path.name
sys.path.insert(0, "tests")
from peak_memory import peak_bytes
found["mebibytes"] = (peak_bytes() - before) / 2**20
print(json.dumps(found))
"""


def test_every_hostile_file_is_read_or_refused(shared: Callable[[str], Path]) -> None:
    import json

    folder = shared("data/hostile")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(EACH_FILE), str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert found["read"] + found["refused"] == sum(each.is_file() for each in folder.rglob("*"))
    assert found["read"] > 900
    assert all(reason and "\n" not in reason for reason in found["reasons"])
    assert found["slowest"] < SECONDS, found["which"]
    assert found["mebibytes"] < MEBIBYTES


def test_hostile_files_as_a_class_beside_good_ones(
    shared: Callable[[str], Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    hostile = shared("data/hostile")
    (tmp_path / "hostile").symlink_to(hostile, target_is_directory=True)
    generator = np.random.default_rng(0)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for index in range(4):
            pixels = generator.integers(0, 256, (20, 20, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{index}.png")
    collection = find(tmp_path)
    assert collection.classes == ("hostile", "one", "two")
    looks = survey(collection)
    assert looks.channels == 3
    with load(collection, Preprocess(3, 32, 32)) as images:
        skipped = [*collection.skipped, *images.skipped]
        assert int(images.usable.sum()) + len(images.skipped) == len(collection)
        assert len(collection) + len(collection.skipped) == 8 + sum(
            each.is_file() for each in hostile.rglob("*")
        )
        assert all(each.reason for each in skipped)
        split = split_stratified(collection, images)
        assert split.collection.classes == collection.classes
        used = np.concatenate([split.train, split.val])
        assert len(np.unique(used)) == len(used) == int(images.usable.sum())
        assert not set(images.hashes[split.train]) & set(images.hashes[split.val])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", ["pnm", "webp"])
def test_a_class_of_fuzzed_files_alone_is_dropped_or_kept_but_never_ends_the_run(
    shared: Callable[[str], Path], tmp_path: Path, kind: str
) -> None:
    fuzzed = shared(f"data/hostile/image-rs/fuzz-afl/in/{kind}")
    (tmp_path / kind).symlink_to(fuzzed, target_is_directory=True)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for index in range(2):
            Image.new("L", (9, 9), index * 100 + len(name)).save(tmp_path / name / f"{index}.png")
            Image.new("L", (9, 8), index * 90 + ord(name[0])).save(tmp_path / name / f"{index}.gif")
    collection = find(tmp_path)
    with load(collection, Preprocess(1, 8, 8)) as images:
        split = split_stratified(collection, images)
    usable = bool(images.usable[collection.labels == collection.classes.index(kind)].any())
    assert (kind in split.collection.classes) == usable
    assert usable or any(kind in note for note in split.notes)


def test_hostile_jpegs_decoded_smaller_are_refused_alike_and_else_look_alike(
    shared: Callable[[str], Path],
) -> None:
    files = [path for path in sorted(shared("data/hostile").rglob("*")) if path.is_file()]
    jpegs = [path for path in files if path.read_bytes()[:2] == b"\xff\xd8"]
    ways = [Preprocess(3, 24, 24, draft=draft) for draft in (False, True)]
    differences = []
    for path in jpegs:
        whole, draft = (told(preprocess, path) for preprocess in ways)
        if isinstance(whole, str) or isinstance(draft, str):
            assert whole == draft, path.name
        else:
            differences.append(np.abs(whole - draft).mean())
    assert len(jpegs) > 80
    assert len(differences) > 60
    assert np.median(differences) < 1
    assert np.max(differences) < 12  # one is in black and white dots


def told(preprocess: Preprocess, path: Path) -> np.ndarray | str:
    try:
        return preprocess.pixels(path).astype(int)
    except ImageError as error:
        return str(error)
