"""ONNX Runtime for browsers, which a page carries with it: found, fetched once, checked.

Two files of the npm package onnxruntime-web are needed: the program, one module, and its machine
code, WebAssembly. Nothing of them comes with Striate. A version whose SHA-256 is written down here
is fetched from the npm registry and kept; any other is taken where the user gives it.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from striate.data.cache_folder import find_cache_folder
from striate.deployment.sealed_runtimes import AbsentRuntime
from striate.errors import EngineError, WeightsError
from striate.events import Callback, Note, ignore
from striate.model.weights.download import RemoteFile, fetch_file

VERSION = "1.30.0"
SHA256 = {"1.30.0": "d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71"}
"""Of the package's .tgz, by version."""

REGISTRY = "https://registry.npmjs.org/onnxruntime-web/-/"
PACK = f"npm pack onnxruntime-web@{VERSION}"
PROGRAM = "dist/ort.wasm.bundle.min.mjs"
MACHINE_CODE = "dist/ort-wasm-simd-threaded.wasm"
ABOUT = "package.json"


@dataclass(frozen=True)
class WebRuntime:
    """What a page needs of onnxruntime-web.

    Attributes:
        version: of the package.
        program: an ES module, as UTF-8.
        machine_code: WebAssembly, for one thread or several.
    """

    version: str
    program: bytes
    machine_code: bytes


def find_web_runtime(
    given: Path | None = None,
    *,
    offline: bool = False,
    registry: str = REGISTRY,
    callback: Callback = ignore,
) -> WebRuntime:
    """Return ONNX Runtime for browsers: the one given, else the one kept, else fetched and kept.

    Args:
        given: the package as .tgz, its unpacked folder, or a folder with node_modules.
        offline: take it from the cache or fail; no connection is opened.
        registry: where the package's .tgz lies.
        callback: is told of a download, and of a version that is not known here.

    Raises:
        WeightsError: it cannot be fetched, or is not what its SHA-256 says.
        EngineError: what is given is not the package.

    >>> find_web_runtime(Path("elsewhere.tgz"))
    Traceback (most recent call last):
    striate.errors.EngineError: 'elsewhere.tgz' is not there; give the package onnxruntime-web ...
    """
    if given is None:
        file = f"onnxruntime-web-{VERSION}.tgz"
        by_hand = f"run `{PACK}` where there is one and give the file: --runtime {file}"
        remote = RemoteFile(file, registry + file, SHA256[VERSION], by_hand)
        folder = find_cache_folder() / "runtimes"
        path = fetch_file(remote, folder, offline=offline, callback=callback)
        return _unpack(_read_archive(path))
    expected = f"give the package onnxruntime-web as .tgz or as a folder (`{PACK}` brings it)"
    if not given.exists():
        raise EngineError(f"'{given}' is not there; {expected}")
    try:
        found = _unpack(_read_folder(given) if given.is_dir() else _read_archive(given))
    except (OSError, EOFError, ValueError, tarfile.TarError) as error:
        raise EngineError(f"'{given}' is not onnxruntime-web ({error}); {expected}") from error
    if found.version not in SHA256:
        callback(
            Note(
                f"onnxruntime-web {found.version} was not tried with Striate, {VERSION} was; the "
                "page compares its answers with those in the file"
            )
        )
    return found


def require_web_runtime(given: WebRuntime | None) -> WebRuntime:
    """Return the one given, else the one kept.

    Raises:
        AbsentRuntime: there is none.
    """
    try:
        return given or find_web_runtime(offline=True)
    except WeightsError as error:
        raise AbsentRuntime(
            "onnxruntime-web is not installed; give the npm package by --runtime"
        ) from error


def _unpack(files: Mapping[str, bytes]) -> WebRuntime:
    absent = [name for name in (ABOUT, PROGRAM, MACHINE_CODE) if name not in files]
    if absent:
        raise ValueError(f"{absent[0]} is missing")
    about = json.loads(files[ABOUT])
    if about.get("name") != "onnxruntime-web":
        raise ValueError(f"it is the package {about.get('name')!r}")
    return WebRuntime(str(about["version"]), files[PROGRAM], files[MACHINE_CODE])


def _read_folder(folder: Path) -> dict[str, bytes]:
    places = (folder / "node_modules" / "onnxruntime-web", folder / "package", folder)
    place = next((each for each in places if (each / ABOUT).is_file()), folder)
    files = (place / name for name in (ABOUT, PROGRAM, MACHINE_CODE))
    return {
        file.relative_to(place).as_posix(): file.read_bytes() for file in files if file.is_file()
    }


def _read_archive(path: Path) -> dict[str, bytes]:
    wanted = {f"package/{name}": name for name in (ABOUT, PROGRAM, MACHINE_CODE)}
    files = {}
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            content = archive.extractfile(member) if member.name in wanted else None
            if content is not None:
                files[wanted[member.name]] = content.read()
            if len(files) == len(wanted):
                break
    return files
