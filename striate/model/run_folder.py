"""The folder of a run: what stands in it, and how it is written so that nothing is lost.

classifier.safetensors   the best state, with all that is needed to use it
run.json                 every setting, choice, seed, version, and the result
epochs.jsonl             one record an epoch
split.csv                which image went where
skipped.csv              which were not used, and why
fixes.csv                which were dropped or relabelled, where --fixes was given
remarks.csv              which were odd but used, where there are any
changes.csv              of a run that goes on from another one: which images are not as they were
earlier_answers.csv      and what the other one answered to those that are still held out
answers.csv              what the classifier answered for every image that it was evaluated on
findings.csv             what to look at first among the images
perceptual_hashes.csv    what each image looks like, in 64 bits, by which near copies are known
test_evaluations.csv     when its test images were evaluated, and by what
moved.json               how far fine-tuning moved each filter of a backbone
film/                    with --film: filters and maps of an image, a file an epoch
checkpoints/             where a resumed run goes on
report.html              the page to read
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from striate.errors import RunError
from striate.events import Epoch
from striate.files.atomic_write import write_atomically
from striate.files.home import expand_home
from striate.files.lock import try_lock
from striate.model import classifier_file

RECORD = "run.json"
SEEDS = "seeds.json"  # what a folder of several runs was made for
FIXES = "fixes.csv"
CHANGES = "changes.csv"
EARLIER_ANSWERS = "earlier_answers.csv"
PERCEPTUAL = "perceptual_hashes.csv"
LOCK = ".lock"


@dataclasses.dataclass(frozen=True)
class RunOrigin:
    """Where the classifier of a run comes from.

    Attributes:
        source: where the images of the run are.
        network: the text that was given; None where none was.
        seconds: the run took; None where it is not over.
        kwh: the electricity it took; None where that was not measured.
        kg_co2e: the CO2e of that.
        known_by: how, part by part: "processor estimated".
    """

    source: str | None
    network: str | None
    seconds: float | None
    kwh: float | None = None
    kg_co2e: float | None = None
    known_by: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class RunFolder:
    """Paths of one run, and the reading and writing of its records."""

    path: Path
    made: bool = False  # whether the folder was not there before
    instead_of: Path | None = None  # the folder of an earlier run, whose name it would have had
    stands_for: Path | None = None  # the folder whose place its files will take

    @property
    def shown(self) -> Path:
        """Where whoever reads its report will find it."""
        return self.stands_for or self.path

    @property
    def model(self) -> Path:
        """The classifier's file."""
        return self.path / classifier_file.NAME

    @property
    def report(self) -> Path:
        """The report page."""
        return self.path / "report.html"

    @property
    def split(self) -> Path:
        """Which image went where."""
        return self.path / "split.csv"

    @property
    def skipped(self) -> Path:
        """Which files were not used, and why."""
        return self.path / "skipped.csv"

    @property
    def remarks(self) -> Path:
        """Which files were odd but used, and how; only where there are any."""
        return self.path / "remarks.csv"

    @property
    def findings(self) -> Path:
        """What to look at first among the images."""
        return self.path / "findings.csv"

    def keep_fixes(self, given: str | None) -> None:
        """Copy the file of fixes that a run was given, so that it can go on without it.

        Raises:
            RunError: it cannot be copied.
        """
        if given is not None:
            with report_write_errors(self.path), write_atomically(self.path / FIXES) as partial:
                shutil.copyfile(given, partial)

    def find_fixes(self, given: str | None) -> str | None:
        """Return the file of fixes of a run: its own copy, else the one that it was given."""
        own = self.path / FIXES
        return str(own) if given is not None and own.is_file() else given

    @property
    def answers(self) -> Path:
        """What the classifier answered for every image that it was evaluated on."""
        return self.path / "answers.csv"

    @property
    def cache(self) -> Path:
        """Where decoded images are kept while the run goes on, when memory is too small."""
        return self.path / "cache"

    def discard(self) -> None:
        """Take away the folder of a run that could not begin."""
        shutil.rmtree(self.cache, ignore_errors=True)
        for path in (
            self.path / RECORD,
            self.split,
            self.skipped,
            self.path / FIXES,
            self.path / CHANGES,
            self.path / EARLIER_ANSWERS,
            self.path / "test_evaluations.csv",
            self.path / LOCK,
        ):
            path.unlink(missing_ok=True)
        if self.made and not any(self.path.iterdir()):
            self.path.rmdir()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the run for this process alone; the system lets go when it ends, killed or not.

        Raises:
            RunError: another process holds it.
        """
        with report_write_errors(self.path / LOCK):
            file = (self.path / LOCK).open("ab")
        with file:
            if not try_lock(file.fileno()):
                raise RunError(
                    f"the run in '{self.path}' is under way in another process; wait for it to "
                    "end, or stop it"
                )
            yield

    def read_record(self) -> dict[str, Any]:
        """Return what run.json holds, of whatever format.

        Raises:
            RunError: there is none, or it is damaged.
        """
        path = self.path / RECORD
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise RunError(
                f"'{self.path}' is not the folder of a run: it has no {RECORD}; "
                "give the folder that `striate train` made, such as runs/digits"
            ) from error
        except (OSError, ValueError) as error:
            raise RunError(f"'{path}' cannot be read ({error}); start a new run") from error
        if not isinstance(record, dict) or not isinstance(record.get("format_version"), int):
            raise RunError(f"'{path}' is no record of a run: it names no format_version")
        return record

    def read_origin(self) -> RunOrigin | None:
        """Return where the run's classifier comes from; None where there is no run.json.

        Raises:
            RunError: it is damaged.
        """
        if not (self.path / RECORD).is_file():
            return None
        values = self.read_record()
        if values["format_version"] == 1:  # written until November 2026
            request = {**values.get("data", {}), "network": values.get("network_given")}
            outcome = values
        else:
            request, outcome = values.get("request", {}), values.get("outcome") or {}
        energy = values.get("energy") or {}
        return RunOrigin(
            request.get("source"),
            request.get("network"),
            outcome.get("seconds"),
            energy.get("kwh"),
            energy.get("kg_co2e"),
            tuple(energy.get("known_by", ())),
        )

    def write_shift(self, values: object) -> None:
        """Write moved.json: how far fine-tuning moved each layer and each filter."""
        text = json.dumps(values, indent=1, allow_nan=False) + "\n"
        write_text(self.path / "moved.json", text)

    def write_epochs(self, epochs: Iterable[Epoch]) -> None:
        """Write epochs.jsonl anew."""
        lines = (json.dumps(dataclasses.asdict(epoch)) + "\n" for epoch in epochs)
        write_text(self.path / "epochs.jsonl", "".join(lines))

    def append_epoch(self, epoch: Epoch) -> None:
        """Add one record to epochs.jsonl."""
        path = self.path / "epochs.jsonl"
        with report_write_errors(path), path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(dataclasses.asdict(epoch)) + "\n")

    def read_epochs(self, last: int) -> list[Epoch]:
        """Read the records up to an epoch; a line that a kill cut off is left out."""
        path = self.path / "epochs.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        epochs = []
        for line in lines:
            try:
                epochs.append(Epoch.from_json(json.loads(line)))
            except (ValueError, TypeError):
                break
        return [epoch for epoch in epochs if epoch.epoch <= last]


def find_runs(folder: Path) -> tuple[Path, ...]:
    """Return the folders of the runs in a folder, by name; none where it is itself one's.

    >>> find_runs(Path("nowhere"))
    ()
    """
    if (folder / RECORD).is_file() or not folder.is_dir():
        return ()
    return tuple(sorted(each.parent for each in folder.glob(f"*/{RECORD}")))


def holds_seeds(folder: str | Path) -> bool:
    """Say whether a folder holds the runs of several seeds."""
    return (Path(folder) / SEEDS).is_file()


def make_run_folder(out: str | Path | None, data: str) -> RunFolder:
    """Make the folder of a new run: the one asked for, or runs/NAME, runs/NAME-2, ...

    Raises:
        RunError: the folder asked for exists and is not empty, or cannot be made.
    """
    if out is not None:
        path = expand_home(out)
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise RunError(
                f"'{path}' exists already; nothing is overwritten: give another --out (out= in "
                "Python) or none, or go on with that run by --resume"
            )
        return _make(path)
    name = re.sub(r"[^\w.-]+", "-", Path(data).resolve().name if data != "digits" else data)
    name = re.sub(r"(\.(zip|csv|npz|gz))+$", "", name).strip("-.") or "images"
    for number in range(1, 10_000):
        path = Path("runs") / (name if number == 1 else f"{name}-{number}")
        if not path.exists():
            earlier = path.with_name(name) if number > 1 else None
            return dataclasses.replace(_make(path), instead_of=earlier)
    raise RunError("runs/ holds 9,999 runs of this name; give --out")


def _make(path: Path) -> RunFolder:
    there = path.exists()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"the folder '{path}' cannot be made: {error.strerror}") from error
    return RunFolder(path, made=not there)


@contextmanager
def report_write_errors(path: Path) -> Iterator[None]:
    """Turn what the system says against writing a file into one clear line.

    Raises:
        RunError: the disk is full, the folder is read-only, or the like.

    >>> with report_write_errors(Path("run.json")):
    ...     raise OSError(28, "No space left on device")
    Traceback (most recent call last):
    striate.errors.RunError: 'run.json' cannot be written: No space left on device; ...
    """
    try:
        yield
    except OSError as error:
        raise RunError(
            f"'{path}' cannot be written: {error.strerror or error}; make room or give another "
            "--out, then go on with --resume"
        ) from error


def write_text(path: Path, text: str) -> None:
    """Write a text file so that a kill leaves the old one or the new one, never a half."""
    with report_write_errors(path), write_atomically(path) as partial:
        partial.write_text(text, encoding="utf-8", errors="surrogateescape")
