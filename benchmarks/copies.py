"""Are planted copies found, and is nothing else named?

    python -m benchmarks.copies [--rounds 1] [--quick] [--fastdup PYTHON]

Of photographs (ants and bees) and of small images (hot dogs), 100 are copied in each of many ways,
as people do. `striate check` looks for the copies, and so does training before it divides a
folder, without and with features of a trained backbone. Each kind is looked for in a folder of all
the images and the copies of this kind alone. Times mean nothing here, so this may run beside other
work.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from benchmarks.duplicates import FASTDUP_PROGRAM, add_fastdup
from benchmarks.harness import Report, look, parser, publish, read, run, within
from striate.data import find, load, survey
from striate.data.augmentation import Augmentation
from striate.doctor.grouping.near import find_near_images, make_vectors
from striate.doctor.grouping.thumbs import Thumbs
from striate.doctor.scan.near_copies import find_near_copies, group_equal, join
from striate.doctor.scan.scanning import scan
from striate.events import ignore
from striate.features.backbone import open_backbone
from striate.features.extraction import WantedFeatures, extract_features
from striate.settings import Settings
from striate.terminal.tables import Table

SETS: Final = {"hymenoptera": "ants and bees", "hotdog64": "hot dogs"}
IMAGES: Final = 500  # of a set, at most
PLANTED: Final = 100  # of each kind
ORIGINALS: Final = "originals"
LOOKERS: Final = ("check", "training, without features", "training, with features")
FASTDUP_ALIKE: Final = (0.9, 0.96)  # from which it tells two, and from which it joins them
ASKED: Final = {"equal bytes": 0.99, "cut": 0.85, "turned": 0.85}  # by the beginning; else:
OTHERWISE: Final = 0.95
MOST_ALARMS: Final = 0.01

Make = Callable[[Image.Image], Image.Image]


@dataclass(frozen=True)
class Found:
    """What one looker found of one kind.

    Attributes:
        data: which images.
        kind: how they were copied.
        looker: of `LOOKERS`.
        round: which originals were drawn.
        planted: copies.
        found: of these, that are in a group with their original.
        images: in the folder, without the copies.
        alarms: of these and the copies, that are in a group with another photograph.
    """

    data: str
    kind: str
    looker: str
    round: int
    planted: int
    found: int
    images: int
    alarms: int


def cut(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    """Cut away shares of the sides.

    >>> cut(Image.new("L", (100, 50)), 0.25, 0, 0, 0.12).size
    (75, 44)
    """
    columns, rows = image.size
    return image.crop(
        (
            round(columns * left),
            round(rows * top),
            round(columns * (1 - right)),
            round(rows * (1 - bottom)),
        )
    )


def resize(image: Image.Image, times: float) -> Image.Image:
    """Resize by so many times each way."""
    return image.resize((round(image.width * times), round(image.height * times)))


def recompress(image: Image.Image, quality: int) -> Image.Image:
    """Save as JPEG of so low a quality, and read again."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def turn(image: Image.Image, degrees: float, *, inner: bool = False) -> Image.Image:
    """Turn, with black corners; or what lies within them."""
    turned = image.rotate(degrees, resample=Image.Resampling.BICUBIC)
    return cut(turned, 0.08, 0.08, 0.08, 0.08) if inner else turned


KINDS: Final[Mapping[str, Make]] = {
    "equal bytes": lambda image: image,
    "saved again (quality 60)": lambda image: recompress(image, 60),
    "saved again (quality 20)": lambda image: recompress(image, 20),
    "resized to 0.76": lambda image: resize(image, 0.76),
    "resized to 2": lambda image: resize(image, 2),
    "recoloured (1.3 times as bright)": lambda image: ImageEnhance.Brightness(image).enhance(1.3),
    "mirrored": ImageOps.mirror,
    "cut, 12 % of each side": lambda image: cut(image, 0.12, 0.12, 0.12, 0.12),
    "cut, 15 % left and bottom": lambda image: cut(image, 0.15, 0, 0, 0.15),
    "cut, 18, 2, 3 and 10 %": lambda image: cut(image, 0.18, 0.02, 0.03, 0.1),
    "cut, 15 % top and bottom": lambda image: cut(image, 0, 0.15, 0, 0.15),
    "cut, 25 % of one side": lambda image: cut(image, 0.25, 0, 0, 0),
    "turned by 5 degrees": lambda image: turn(image, 5),
    "turned by 5 degrees and cut": lambda image: turn(image, 5, inner=True),
    "mirrored and cut by 8 %": lambda image: ImageOps.mirror(cut(image, 0.08, 0.08, 0.08, 0.08)),
}


def main() -> None:
    """Plant, look, count."""
    weights = "weights/squeezenet1_1.pth"
    needed = (*(f"data/{name}" for name in SETS), weights)
    made = parser((__doc__ or "").splitlines()[0], rounds=1)
    add_fastdup(made)
    chosen = read(made, needed=needed)
    machine = look()
    images, planted = (60, 10) if chosen.quick else (IMAGES, PLANTED)
    found: list[Found] = []
    for number in within(chosen.rounds, chosen.until):
        for name in SETS:
            numbers = np.random.default_rng(number)
            files = sorted((chosen.shared / "data" / name).rglob("*.jp*g"))
            some = sorted(numbers.permutation(len(files))[:images].tolist())
            with tempfile.TemporaryDirectory() as place:
                os.environ["STRIATE_CACHE"] = str(Path(place) / "cache")
                plant([files[each] for each in some], Path(place) / "images", planted, numbers)
                names, lookers = open_lookers(Path(place) / "images", chosen.shared / weights)
                if chosen.fastdup:
                    lookers |= open_fastdup(chosen.fastdup, Path(place), names)
                found += look_for(name, number, names, lookers)
    publish(
        Report(
            name="copies",
            title="Planted copies of images, found",
            command="make bench-copies",
            method=(
                f"Of ants and bees (397 photographs as they are) and of {IMAGES} hot dogs and "
                f"other food (64 pixels), {planted} are copied in each way, and looked for in a "
                "folder of all the images and these copies. Found: a copy is in a group with its "
                "original. Beside it, how many images are in a group with a photograph that is "
                f"not theirs, of all. `striate check` as it comes; training's groups by SqueezeNet "
                f"1.1. {chosen.rounds} round(s), each with its own originals."
            ),
            tables=tuple(table(name, found) for name in SETS),
            findings=tuple(tell(found)),
            machine=machine,
            raw={"found": [asdict(each) for each in found]},
        ),
        chosen.out,
    )


def plant(files: Sequence[Path], folder: Path, planted: int, numbers: np.random.Generator) -> None:
    """Link images, and write copies of some of them, a folder a kind: KIND/ORIGINAL.jpg."""
    (folder / ORIGINALS).mkdir(parents=True)
    for number, path in enumerate(files):
        (folder / ORIGINALS / f"{number:04}.jpg").symlink_to(path.resolve())
    for place, (kind, make) in enumerate(KINDS.items()):
        (folder / f"kind {place:02}").mkdir()
        for number in numbers.choice(len(files), planted, replace=False).tolist():
            out = folder / f"kind {place:02}" / f"{number:04}.jpg"
            if kind == "equal bytes":
                out.write_bytes(files[number].read_bytes())
                continue
            with Image.open(files[number]) as image:
                make(image.convert("RGB")).save(out, quality=92)


Look = Callable[[np.ndarray], list[tuple[int, int]]]


def open_lookers(folder: Path, weights: Path) -> tuple[tuple[str, ...], dict[str, Look]]:
    """Read a folder once; give its names, and what finds pairs among some of its images."""
    collection = find(folder)
    signs = scan(collection).signs
    backbone = open_backbone(
        Settings(pretrained="squeezenet1_1", weights=str(weights), offline=True),
        looks=lambda: survey(collection),
        say=lambda text: None,
        callback=ignore,
    )
    thumbs = Thumbs(len(collection), backbone.preprocess)
    images = load(collection, backbone.preprocess, watch=thumbs)
    wanted = WantedFeatures(backbone, Augmentation(), 1, device="cpu", number_format="float32")
    extractor, kept = wanted.open(
        images.hashes,
        lambda count: images.take(np.arange(count)),
        images=len(collection),
        say=lambda text: None,
    )
    every = np.arange(len(collection))
    features = extract_features(extractor, images, every, n_augmented=1, kept=kept)[:, 0]

    def check(some: np.ndarray) -> list[tuple[int, int]]:
        equal = [some[group].tolist() for group in group_equal(signs["digest"][some])]
        again = [index for group in equal for index in group[1:]]
        near = find_near_copies(signs, some[~np.isin(some, again)])
        pairs = [(pair.first, pair.second) for pair in near.pairs]
        return pairs + [(group[0], index) for group in equal for index in group[1:]]

    def divide(some: np.ndarray, *, featured: bool) -> list[tuple[int, int]]:
        there = np.ones(len(some), np.bool_)
        near = find_near_images(
            thumbs.values[some],
            there,
            vectors=make_vectors(features[some]) if featured else None,
            featured=there & featured,
            alike=None,
        )
        return [(int(some[one]), int(some[other])) for one, other, _ in near.pairs]

    lookers: tuple[Look, ...] = (
        check,
        lambda some: divide(some, featured=False),
        lambda some: divide(some, featured=True),
    )
    return collection.names, dict(zip(LOOKERS, lookers, strict=True))


def open_fastdup(python: Path, place: Path, names: tuple[str, ...]) -> dict[str, Look]:
    """Give what finds pairs by fastdup, at both of its own thresholds."""
    known: dict[bytes, list[tuple[str, str, float]]] = {}

    def similar(some: np.ndarray, least: float) -> list[tuple[int, int]]:
        if (key := some.tobytes()) not in known:
            with tempfile.TemporaryDirectory(dir=place) as folder:
                for index in some.tolist():
                    own = Path(folder) / f"{index}.jpg"
                    own.symlink_to((place / "images" / names[index]).resolve())
                known[key] = run([str(python), FASTDUP_PROGRAM, folder]).told["alike"]
        return [
            (int(Path(one).stem), int(Path(other).stem))
            for one, other, value in known[key]
            if value >= least
        ]

    return {f"fastdup, {least}": partial(similar, least=least) for least in FASTDUP_ALIKE}


def look_for(
    data: str, number: int, names: tuple[str, ...], lookers: Mapping[str, Look]
) -> list[Found]:
    """Look for each kind with all lookers."""
    folders = np.array([name.split("/")[0] for name in names])
    photograph = np.array([int(name.split("/")[1].split(".")[0]) for name in names])
    originals = folders == ORIGINALS
    found = []
    for place, kind in enumerate(KINDS):
        copies = folders == f"kind {place:02}"
        some = np.flatnonzero(originals | copies)
        for looker, pairs in lookers.items():
            groups = [np.array(group) for group in join(pairs(some))]
            strange = [group for group in groups if len(np.unique(photograph[group])) > 1]
            together = {
                int(photograph[index])
                for group in groups
                for index in group[copies[group]].tolist()
                if (originals[group] & (photograph[group] == photograph[index])).any()
            }
            found.append(
                Found(
                    data=data,
                    kind=kind,
                    looker=looker,
                    round=number,
                    planted=int(copies.sum()),
                    found=len(together),
                    images=int(originals.sum()),
                    alarms=sum(map(len, strange)),
                )
            )
            print(f"{data}, {kind}, {looker}: {found[-1].found} ({found[-1].alarms})", flush=True)
    return found


def table(data: str, found: Sequence[Found]) -> Table:
    """Show a row a kind."""
    mine = [each for each in found if each.data == data]
    lookers = tuple(dict.fromkeys(each.looker for each in mine))
    rows = []
    for kind in KINDS:
        cells = []
        for looker in lookers:
            own = [each for each in mine if (each.kind, each.looker) == (kind, looker)]
            planted, alarms = sum(each.planted for each in own), sum(each.alarms for each in own)
            cells.append(f"{sum(each.found for each in own) / planted:.0%} ({alarms})")
        rows.append((kind, *cells))
    caption = f"{SETS[data]}: copies found (images taken for another's)"
    return Table(("kind", *lookers), tuple(rows), set(lookers), caption)


def tell(found: Sequence[Found]) -> list[str]:
    """Say what falls short of what is asked."""
    said = []
    for data, spoken in SETS.items():
        for looker in LOOKERS:
            mine = [each for each in found if (each.data, each.looker) == (data, looker)]
            short = sorted(
                {each.kind for each in mine if each.found < ask(each.kind) * each.planted}
            )
            alarms = sum(each.alarms for each in mine)
            named = alarms / sum(each.images + each.planted for each in mine)
            said.append(
                f"{spoken}, {looker}: below what is asked ({OTHERWISE:.0%}; equal bytes 99 %, cut "
                f"or turned 85 %): {', '.join(short) or 'nothing'}; false alarms: {named:.2%} of "
                f"the images (at most {MOST_ALARMS:.0%})."
            )
    return said


def ask(kind: str) -> float:
    """Return the share of a kind that is to be found.

    >>> ask("cut, 12 % of each side"), ask("mirrored")
    (0.85, 0.95)
    """
    return next((share for word, share in ASKED.items() if word in kind), OTHERWISE)


if __name__ == "__main__":
    main()
