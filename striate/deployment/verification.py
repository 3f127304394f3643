"""Whether a sealed file still gives the answers that it carries, in every runtime that is here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np

from striate.deployment.browser_runtime import open_browser_runtime
from striate.deployment.golden_images import fingerprint
from striate.deployment.node_runtime import open_web_runtime
from striate.deployment.page_file import ENDINGS, read_page
from striate.deployment.quantization.processor import find_processor
from striate.deployment.sealed_answers import Difference, Tolerance, compare_answers
from striate.deployment.sealed_file import GoldenProof, measure_digest, read_sealed
from striate.deployment.sealed_runtimes import (
    AbsentRuntime,
    Runtime,
    open_onnx_runtime,
    open_openvino,
)
from striate.deployment.web_runtime import WebRuntime, find_web_runtime
from striate.errors import ClassifierError, EngineError
from striate.events import Callback
from striate.model.json_value import JsonObject
from striate.terminal.progress import ProgressReporter
from striate.terminal.progress_display import display_progress

Status = Literal["proved", "disagrees", "not proved"]
EXACT = Tolerance(0.0, 0.0)  # any other class counts


@dataclass(frozen=True)
class RuntimeProof:
    """What became of the proof in one runtime.

    Attributes:
        runtime: its name and version.
        status: whether its answers are those expected; "not proved" where it is not here.
        difference: how far they are apart; None where it did not run.
        why: why it did not run, or where the answers part; "" where they agree.
        float32: of a file in int8, how far its answers are from those in float32; None where they
            are not known.
    """

    runtime: str
    status: Status
    difference: Difference | None = None
    why: str = ""
    float32: Difference | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values, as `striate verify --json` prints it."""
        values: dict[str, Any] = {"runtime": self.runtime, "status": self.status, "why": self.why}
        if self.float32 is not None:
            values["float32_difference"] = self.float32.probability
            values["float32_other_classes"] = self.float32.classes
        if self.difference is None:
            return {**values, "images": 0, "largest_difference": None, "different_classes": None}
        return {
            **values,
            "images": self.difference.images,
            "largest_difference": self.difference.probability,
            "different_classes": self.difference.classes,
        }


@dataclass(frozen=True)
class Verification:
    """What became of the proof of a file.

    Attributes:
        proofs: in each runtime.
        decoding: the golden images that have other pixels than where the file was made, by name:
            those of encoded files, where they are decoded otherwise.
        damaged: whether the graph is not the one that was written.
        remark: what there is to say of this machine; "" as a rule.
    """

    proofs: tuple[RuntimeProof, ...]
    decoding: tuple[str, ...] = ()
    damaged: bool = False
    remark: str = ""

    @property
    def holds(self) -> bool:
        """Whether it was proved in one runtime at least, and no runtime disagrees."""
        proved = any(proof.status == "proved" for proof in self.proofs)
        return proved and not self.damaged and not self._disagreeing

    @property
    def failures(self) -> str:
        """Say in words what does not hold; "" where all does."""
        said = [f"{proof.runtime}: {proof.why}" for proof in self._disagreeing]
        if self.damaged:
            said.insert(0, "the graph is not the one that was written (its SHA-256 differs)")
        if not said and not any(proof.status == "proved" for proof in self.proofs):
            said.append("no runtime is here to prove it in")
        if said and self.remark:
            said.append(self.remark)
        return "; ".join(said)

    @property
    def _disagreeing(self) -> list[RuntimeProof]:
        return [proof for proof in self.proofs if proof.status == "disagrees"]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values, as `striate verify --json` prints it."""
        return {
            "holds": self.holds,
            "damaged": self.damaged,
            "decoded_otherwise": list(self.decoding),
            "remark": self.remark,
            "runtimes": [proof.as_json() for proof in self.proofs],
        }


def verify(
    path: str | Path,
    *,
    web_runtime: Path | None = None,
    browser: bool = True,
    progress: bool | None = None,
    callback: Callback | None = None,
) -> Verification:
    """Run the golden images of a sealed file in each runtime that is here, and compare.

    Args:
        path: of a file that `export` wrote, or of a page.
        web_runtime: the npm package onnxruntime-web, packed or unpacked; None takes that of the
            page, or the one that is kept from making a page, if there is one.
        browser: whether Chromium is asked as well, which takes seconds.
        progress: whether it is shown; None shows it in a terminal or a notebook.
        callback: is told the progress as well.

    Raises:
        ClassifierError: it is no such file, or damaged beyond reading.
        EngineError: what is given as onnxruntime-web is not it.

    Example: ``verify("photos.onnx").holds``.
    """
    path = Path(path)
    engine = None if web_runtime is None else find_web_runtime(web_runtime)
    with display_progress(progress, callback) as tell:
        if path.suffix.lower() not in ENDINGS:
            return _verify_file(path, engine, tell, browser=browser)
        content, carried = read_page(path)
        with TemporaryDirectory(prefix="striate-") as folder:
            inside = Path(folder) / "sealed.onnx"
            inside.write_bytes(content)
            try:
                return _verify_file(inside, engine or carried, tell, browser=browser)
            except ClassifierError as error:
                raise ClassifierError(f"'{path}' holds no whole classifier: {error}") from error


def _verify_file(
    path: Path, engine: WebRuntime | None, tell: Callback, *, browser: bool
) -> Verification:
    sealed = read_sealed(path)
    if sealed.form != "image":
        raise ClassifierError(f"'{path}' takes batches and carries no images to prove it by")
    damaged = measure_digest(path) != sealed.digest
    pixels = [image.pixels(sealed.preprocess) for image in sealed.golden]
    found = verify_bytes(path.read_bytes(), sealed.proof, pixels, tell, engine, browser=browser)
    odd = [
        image.name
        for image, given, mark in zip(sealed.golden, pixels, sealed.fingerprints, strict=True)
        if fingerprint(given) != mark
    ]
    return Verification(found.proofs, tuple(odd), damaged, describe_machine(sealed.quantization))


def verify_bytes(
    content: bytes,
    proof: GoldenProof,
    pixels: Sequence[np.ndarray],
    tell: Callback,
    engine: WebRuntime | None = None,
    *,
    browser: bool = False,
) -> Verification:
    """Compare a model's answers to the golden images with those expected, in each runtime.

    Args:
        content: the bytes of the file.
        proof: what it carries.
        pixels: of each golden image.
        tell: is told the progress.
        engine: onnxruntime-web; None takes the one that is kept.
        browser: whether Chromium is asked as well, which takes seconds.
    """
    golden = proof.golden
    openers: dict[str, Callable[[], Runtime]] = {
        "onnxruntime": lambda: open_onnx_runtime(content),
        "openvino": lambda: open_openvino(content),
        "onnxruntime-web in Node.js": lambda: open_web_runtime(content, engine),
    }
    if browser:
        openers["onnxruntime-web in Chromium"] = lambda: open_browser_runtime(content, engine)
    report = ProgressReporter("proving", tell)
    total, proofs = len(openers) * len(golden), list[RuntimeProof]()
    for name, opening in openers.items():
        try:
            runtime = opening()
            said = []
            for image, given in zip(golden, pixels, strict=True):
                said.append(runtime.answer(given, image.orientation))
                report(len(proofs) * len(golden) + len(said), total)
        except AbsentRuntime as error:
            proofs.append(RuntimeProof(name, "not proved", None, str(error)))
            continue
        except EngineError as error:
            proofs.append(RuntimeProof(name, "disagrees", None, str(error)))
            continue
        names = [image.name for image in golden]
        difference = compare_answers(names, proof.expected, said, proof.tolerance)
        proofs.append(judge(runtime.name, difference))
        if proof.float32:
            apart = compare_answers(names, proof.float32, said, EXACT)
            proofs[-1] = replace(proofs[-1], float32=apart)
    return Verification(tuple(proofs))


def judge(runtime: str, difference: Difference) -> RuntimeProof:
    """Tell by how far answers are apart whether they are those expected.

    >>> judge("onnxruntime 1.31", Difference(0.01, 0.0, 0, 16, "tiny")).why
    "probabilities differ by 0.01 at 'tiny'; 0.0001 is allowed"
    """
    if difference.holds:
        return RuntimeProof(runtime, "proved", difference)
    why = f"probabilities differ by {difference.probability:.2g} at '{difference.worst}'"
    allowed = difference.allowed.probability
    if difference.probability <= allowed:
        why = f"distances differ by {difference.distance:.2g} of themselves"
        allowed = difference.allowed.distance
    if difference.classes:
        why += f", {difference.classes} of {difference.images} classes are others"
    return RuntimeProof(runtime, "disagrees", difference, f"{why}; {allowed:.2g} is allowed")


def describe_machine(quantization: JsonObject | None) -> str:
    """Say whether this processor may answer otherwise than the one that a file was made on.

    >>> describe_machine(None)
    ''
    """
    if quantization is None:
        return ""
    here = find_processor()
    made = f"{quantization['processor']} ({quantization['instructions']})"
    said = f"its int8 was proved on {made}"
    if here.saturates and not quantization["reduce_range"]:
        return (
            f"{said}, and {here} cuts off sums of its 8-bit weights: export it with --reduce-range"
        )
    return f"{said}; here: {here}"
