"""Talking to the program that converts and runs a network in a toolchain's own environment.

Into a temporary folder go request.json, images.npy (n, rows, columns, channels) and, where a file
is to be made, network.py and the arrays of the folders weights and scales; out of it come the file
and the outputs of all images, probabilities.npy and distance.npy.
On its stdout the program says one JSON object a line: {"step": ...}, then what was found, or
{"failed": ...}.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypedDict

import numpy as np

from striate.deployment.phone.environment import PhoneFormat, advise, find_python
from striate.deployment.sealed_answers import DISTANCE, PROBABILITIES
from striate.errors import EngineError
from striate.events import Callback, Note, ignore
from striate.model.json_value import JsonObject

OPERATOR = re.compile(r"\] ?((?:KernelCall failed|Missing operator).*)")
LONGEST = 300  # characters of an error that are shown


@dataclass(frozen=True, eq=False)
class PhoneProgram:
    """A network as a program of torch, with what turns its outputs into an answer.

    Attributes:
        text: the program; its class Net is the network.
        weights: of the network, by name.
        scales: the arrays of the answer: mean and std of values 0 to 255, those of the distance.
        settings: the numbers of the answer.
    """

    text: str = field(repr=False)
    weights: Mapping[str, np.ndarray] = field(repr=False)
    scales: Mapping[str, np.ndarray] = field(repr=False)
    settings: JsonObject


@dataclass(frozen=True, eq=False)
class Spoken:
    """What was found in the environment.

    Attributes:
        model: the file.
        probabilities: float32 (n, classes).
        distance: float32 (n,); None where none is measured.
        versions: of the packages there, that of the runtime first.
        milliseconds: of processor time an image.
        delegated: what of a network is computed where, in words; "" where that is not known.
        parting: at which layer it and torch part; "" where they do not.
    """

    model: bytes = field(repr=False)
    probabilities: np.ndarray = field(repr=False)
    distance: np.ndarray | None = field(repr=False)
    versions: Mapping[str, str]
    milliseconds: float
    delegated: str = ""
    parting: str = ""


def run_in_environment(
    kind: PhoneFormat,
    images: np.ndarray,
    work: PhoneProgram | bytes,
    *,
    distance: bool,
    environment: Path | None = None,
    callback: Callback = ignore,
) -> Spoken:
    """Run images in a phone's runtime, in an environment of its own.

    Args:
        kind: the format.
        images: float32 (n, rows, columns, channels), the network's input, values 0 to 255.
        work: a program, which is converted first, or the bytes of a file.
        distance: whether a distance is the second output.
        environment: the folder of it; None takes the one that is kept.
        callback: is told what is being done.

    Raises:
        EngineError: there is no such environment, or what is in it fails.
    """
    python = find_python(kind, environment)
    outputs = [PROBABILITIES, *([DISTANCE] if distance else [])]
    request: JsonObject = {
        "format": kind.name,
        "model": f"model{kind.ending}",
        "convert": isinstance(work, PhoneProgram),
        "outputs": list(outputs),
    }
    with TemporaryDirectory(prefix="striate-") as name:
        folder = Path(name)
        np.save(folder / "images.npy", np.ascontiguousarray(images, np.float32))
        if isinstance(work, PhoneProgram):
            request = {**request, **work.settings}
            (folder / "network.py").write_text(work.text, "utf-8")
            _save_arrays(folder / "weights", work.weights)
            _save_arrays(folder / "scales", work.scales)
        else:
            (folder / f"model{kind.ending}").write_bytes(work)
        (folder / "request.json").write_text(json.dumps(request), "utf-8")
        found = _talk(kind, python, folder, callback)
        try:
            return Spoken(
                (folder / f"model{kind.ending}").read_bytes(),
                np.load(folder / f"{PROBABILITIES}.npy"),
                np.load(folder / f"{DISTANCE}.npy")[:, 0] if distance else None,
                found["versions"],
                found["milliseconds"],
                found["delegated"] or "",
                found["parting"],
            )
        except (OSError, ValueError, KeyError) as error:
            raise EngineError(
                f"{kind.name} failed: its answers cannot be read ({error})"
            ) from error


def _save_arrays(folder: Path, arrays: Mapping[str, np.ndarray]) -> None:
    folder.mkdir()
    for name, values in arrays.items():
        np.save(folder / f"{name}.npy", values)


class _Line(TypedDict, total=False):
    step: str
    failed: str
    versions: dict[str, str]
    milliseconds: float
    delegated: str | None
    parting: str


def _talk(kind: PhoneFormat, python: Path, folder: Path, callback: Callback) -> _Line:
    """Start the program, and return the last line that it says."""
    said = _Line()
    with (
        as_file(files("striate").joinpath("deployment/phone/worker.py")) as script,
        (folder / "log").open("wb") as log,
    ):
        try:
            # -I: what is installed beside Striate must not be found there
            process = subprocess.Popen(
                [str(python), "-I", str(script), str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        except OSError as error:
            raise EngineError(f"'{python}' does not start ({error.strerror or error})") from error
        with process:
            try:
                for line in process.stdout or ():
                    said = _read(line)
                    if "step" in said:
                        callback(Note(f"{said['step']} by {kind.name}, in {python.parents[1]}"))
            finally:
                if process.poll() is None and "versions" not in said:
                    process.kill()  # whoever asked has gone
    if "versions" in said:
        return said
    told = (folder / "log").read_text("utf-8", "replace")
    if "failed" in said:
        what = said["failed"][:LONGEST]
        # which operator, the runtime says only here
        named = OPERATOR.search(told)
        what += f" ({named[1].strip()[:LONGEST]})" if named else ""
        hint = f"; {advise(kind)}" if what.startswith("ModuleNotFoundError") else ""
        raise EngineError(f"{kind.name} failed: {what}{hint}")
    last = told.split("\n")[-3:]
    raise EngineError(
        f"{kind.name} ended with {process.returncode} and gave no answer: "
        f"{' '.join(' '.join(last).split())[:LONGEST]}"
    )


def _read(line: bytes) -> _Line:
    try:
        said: _Line = json.loads(line)
    except ValueError:
        return _Line()
    return said if isinstance(said, dict) else _Line()
