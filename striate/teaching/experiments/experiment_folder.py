"""The folder of an experiment: what is finished stays, and is not done again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from striate.errors import RunError
from striate.files.atomic_write import write_atomically
from striate.files.home import expand_home
from striate.model.environment import Environment
from striate.model.run_folder import LOCK
from striate.teaching.experiments.experiment_result import Experiment
from striate.teaching.experiments.trial_result import Found, Measured, Score

FORMAT_VERSION = 1


@dataclass(frozen=True)
class TrialSettings:
    """Everything that a trial's result depends on, besides its own key.

    Attributes:
        experiment: its name.
        data: the name of the data.
        fingerprint: of the images, labels and splits.
        epochs: passes over the training images.
        networks: the text of each by its name.
        ways: how the images are given.
    """

    experiment: str
    data: str
    fingerprint: str
    epochs: int
    networks: dict[str, str]
    ways: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Return the settings as plain JSON values, by the same names."""
        return asdict(self) | {"ways": list(self.ways)}


@dataclass
class Ledger:
    """The trials of an experiment that are finished, in memory and on disk.

    Attributes:
        path: the JSON file.
        settings: what the trials depend on.
        trials: what each gave, by "seed / network / way".
    """

    path: Path
    settings: TrialSettings
    trials: dict[str, Found] = field(default_factory=dict)

    @staticmethod
    def key(seed: int, network: str, way: str) -> str:
        """Name a trial.

        >>> Ledger.key(0, "convolutional", "shuffled"), Ledger.key(3, "1 conv", "")
        ('0 / convolutional / shuffled', '3 / 1 conv / ')
        """
        return f"{seed} / {network} / {way}"

    def keep(self, key: str, found: Found) -> None:
        """Add a finished trial, and write the file whole."""
        self.trials[key] = found
        self.write()

    def write(self, result: Experiment | None = None) -> None:
        """Write settings, trials and, once there is one, the result."""
        record = {
            "format_version": FORMAT_VERSION,
            "settings": self.settings.as_json(),
            "trials": {
                key: {each.condition: (each.across, each.share) for each in found.scores}
                for key, found in self.trials.items()
            },
            "measured": {
                key: [(each.name, each.across, each.value) for each in found.measured]
                for key, found in self.trials.items()
                if found.measured
            },
            "remarks": {key: found.remarks for key, found in self.trials.items() if found.remarks},
            "result": result and result.as_json(),
            "environment": Environment.here().as_json(),
        }
        text = json.dumps(record, indent=1, allow_nan=False) + "\n"
        write_file(self.path, text.encode("utf-8"))


def write_file(path: Path, content: bytes) -> None:
    """Write a file of an experiment, whole or not at all.

    Raises:
        RunError: the disk is full, the folder cannot be written to, or the like.
    """
    try:
        with write_atomically(path) as partial:
            partial.write_bytes(content)
    except OSError as error:
        raise RunError(
            f"'{path}' cannot be written: {error.strerror or error}; make room or give another "
            "--out (out= in Python); the same command goes on"
        ) from error


def open_ledger(settings: TrialSettings, out: str | Path | None) -> Ledger:
    """Return the ledger in the folder of an experiment with these settings, or a new one.

    Args:
        settings: what a trial's result depends on.
        out: the folder; None takes runs/experiment-NAME, or the first of runs/experiment-NAME-2,
            ... that is free or has these settings.

    Raises:
        RunError: the folder asked for holds something else, or cannot be made.
    """
    if out is not None:
        folder = expand_home(out)
        ledger = _open_folder(folder, settings)
        if ledger is None:
            raise RunError(
                f"'{folder}' holds something else than this experiment with these settings; "
                "nothing is overwritten: give another --out (out= in Python)"
            )
        return ledger
    for number in range(1, 1000):
        folder = (
            Path("runs") / f"experiment-{settings.experiment}{'' if number == 1 else f'-{number}'}"
        )
        ledger = _open_folder(folder, settings)
        if ledger is not None:
            return ledger
    raise RunError(f"runs/ holds 999 folders experiment-{settings.experiment}; give --out")


def _open_folder(folder: Path, settings: TrialSettings) -> Ledger | None:
    """Open a folder that is free, or holds this experiment with these settings; else None."""
    path = folder / f"{settings.experiment}.json"
    held = {each.name for each in folder.iterdir()} if folder.is_dir() else set()
    if not folder.exists() or (folder.is_dir() and held <= {LOCK}):
        return Ledger(path, settings)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        same = (
            record["format_version"] == FORMAT_VERSION and record["settings"] == settings.as_json()
        )
        measured, remarks = record.get("measured", {}), record.get("remarks", {})
        trials = {
            key: Found(
                tuple(Score(name, float(at), float(share)) for name, (at, share) in found.items()),
                tuple(
                    Measured(str(name), float(at), float(value))
                    for name, at, value in measured.get(key, ())
                ),
                tuple(map(str, remarks.get(key, ()))),
            )
            for key, found in record["trials"].items()
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None  # something else, which is not ours to overwrite
    return Ledger(path, settings, trials) if same else None
