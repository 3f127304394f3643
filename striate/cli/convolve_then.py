"""striate convolve --then: what follows the filter, and which of its values is written out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from striate.cli.convolve_input import LARGEST_TEXT, PLACE, parse_place
from striate.cli.network_argument import text_of
from striate.errors import SettingError

if TYPE_CHECKING:
    import numpy as np

    from striate.teaching.convolution import FeatureMap, Pooled, WorkedValue
    from striate.teaching.worked_path import GradientSum, WorkedPath, WorkedSum

VALUE = re.compile(r"\s*([A-Za-z_][\w.]*)((?:[\s,]+[0-9]{1,9})*)\s*")


@dataclass(frozen=True)
class Then:
    """What the options say of the network behind the filter.

    Attributes:
        network: --then.
        parameters: --parameters, a JSON file.
        seed: --seed.
        classes: --classes, names with commas between them.
        label: --label.
        learning_rate: --learning-rate.
    """

    network: str | None
    parameters: Path | None
    seed: int
    classes: str | None
    label: str | None
    learning_rate: float | None

    def check(self, filtered: bool, *, numbers: bool) -> None:
        """Make sure that something is asked for, and that options go together.

        Raises:
            SettingError: they do not.
        """
        if self.network is None:
            given = {
                "--parameters": self.parameters,
                "--classes": self.classes,
                "--label": self.label,
                "--learning-rate": self.learning_rate,
                "--seed": self.seed or None,
            }
            alone = [name for name, value in given.items() if value is not None]
            if alone:
                raise SettingError(
                    f"{alone[0]} belongs to a network; give --then, as in "
                    "--then 'flatten > fc 2 > softmax'"
                )
            if not filtered and not numbers:
                raise SettingError(
                    "nothing is asked for; give --filter, as sharpen or '0 0 1; 1 0 0; 0 1 1', "
                    "--then with a network, or --numbers"
                )
        elif self.label is None and self.learning_rate is not None:
            raise SettingError("--learning-rate needs --label, the true class of the image")

    def class_names(self) -> tuple[str, ...]:
        """Return the names of --classes.

        Raises:
            SettingError: one is empty.
        """
        if self.classes is None:
            return ()
        names = tuple(name.strip() for name in self.classes.split(","))
        if not all(names):
            raise SettingError(f"--classes is '{self.classes[:40]}'; expected names as cat,dog")
        return names


def make_path(asked: Then, start: np.ndarray | FeatureMap, pooled: Pooled | None) -> WorkedPath:
    """Work the image, or what the filter made of it, through the network."""
    from striate.teaching.worked_path import begin_with, parse_parameters, work_through

    network = "" if asked.network is None else text_of(asked.network)
    given = None
    if asked.parameters is not None:
        given = parse_parameters(read_file(asked.parameters), str(asked.parameters))
    return work_through(
        start,
        network if pooled is None else begin_with(str(pooled.layer), network),
        parameters=given,
        seed=asked.seed,
        classes=asked.class_names(),
        label=asked.label,
        learning_rate=asked.learning_rate,
    )


def read_file(path: Path) -> str:
    """Read a text file of a user's."""
    from striate.files.home import expand_home

    place = expand_home(path)
    try:
        if place.stat().st_size > LARGEST_TEXT:
            raise SettingError(f"'{path}' is too large, over 64 MiB")
        return place.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingError(f"'{path}' cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingError(f"'{path}' is no text: {error}") from error


@dataclass(frozen=True)
class Written:
    """The arithmetic of one value.

    Attributes:
        value: how the value comes about; None of a parameter.
        gradient: how its gradient comes about; None without a loss.
    """

    value: WorkedValue | WorkedSum | None
    gradient: GradientSum | None = None

    def __str__(self) -> str:
        return "\n".join(str(each) for each in (self.value, self.gradient) if each is not None)

    def as_json(self) -> dict[str, object]:
        """Return it as plain values."""
        told: dict[str, object] = {} if self.value is None else self.value.as_json()
        if self.gradient is not None:
            told["gradient"] = self.gradient.as_json()
        return told


def choose_value(
    at: str | None, result: FeatureMap | None, path: WorkedPath | None
) -> Written | None:
    """Write out the value that --at names.

    Args:
        at: "3,1" of the filter's map; "fc1 0" or "conv1 0 3 1" of a layer; "fc1.weight 0 2" of
            the gradient by a parameter.
        result: of the filter.
        path: of the network.

    Raises:
        SettingError: there is no such value.
        NotationError: there is no such layer.
    """
    if at is None:
        return None
    found = VALUE.fullmatch(at)
    if path is None or PLACE.fullmatch(at.strip()):
        place = parse_place(at)
        if result is None and path is not None:
            raise SettingError(
                f"--at is '{at[:40]}', but no filter made a map; name a layer, as in --at 'fc1 0'"
            )
        if result is None:
            return None  # the corner of --numbers
        return Written(result.at(*place))
    if found is None:
        raise SettingError(
            f"--at is '{at[:40]}'; expected a layer and a place counted from 0, as 'fc1 0' or "
            "'conv1 0 3 1', or a parameter's, as 'fc1.weight 0 2'"
        )
    name, where = found[1], tuple(int(n) for n in re.findall(r"[0-9]+", found[2]))
    return _of_path(path, name, where)


def _of_path(path: WorkedPath, name: str, where: tuple[int, ...]) -> Written:
    if "." in name and name not in path.plan.addresses():
        return Written(None, path.gradient_at(name, *where))
    worked = path.at(name, *where)
    return Written(worked, path.gradient_at(name, *where) if path.loss else None)
