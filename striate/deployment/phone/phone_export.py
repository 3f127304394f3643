"""A classifier into a file for phones, which is kept once it was run there and its answers hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from striate.backends.codegen import to_code
from striate.data.images import Preprocess
from striate.deployment.accepted_images import make_accepted_images
from striate.deployment.golden_images import (
    GoldenImage,
    draw_golden_images,
    fingerprint,
    take_golden_images,
)
from striate.deployment.phone.answer_rule import AnswerRule
from striate.deployment.phone.environment import PhoneFormat, find_python
from striate.deployment.phone.phone_document import (
    place_beside,
    read_document,
    write_document,
)
from striate.deployment.phone.worker_process import PhoneProgram, Spoken, run_in_environment
from striate.deployment.proof import take_answer, turn_upright
from striate.deployment.sealed_answers import TOLERANCE, SealedAnswer, compare_answers
from striate.deployment.sealed_file import GoldenProof
from striate.deployment.sealed_graph import find_network
from striate.deployment.verification import RuntimeProof, Verification, judge
from striate.deployment.written_files import refuse_existing, write_files
from striate.errors import ClassifierError, NotationError, ProofError
from striate.events import Callback, Note
from striate.files.sha256 import compute_sha256
from striate.model.answering import give_answers, open_network
from striate.model.classifier import Classifier
from striate.model.classifier_like import ClassifierLike, open_classifier
from striate.model.decision.feature_distance import SHORTEST
from striate.terminal.progress_display import display_progress


@dataclass(frozen=True)
class PhoneSettings:
    """How a phone's file is made.

    Attributes:
        environment: the folder of the environment in which it is converted; None takes the one
            that is kept.
        force: whether files that are there already are replaced.
        seed: of the golden images.
        golden: a folder of images that become golden ones, too.
    """

    environment: Path | None = None
    force: bool = False
    seed: int = 0
    golden: Path | None = None


USUAL = PhoneSettings()


@dataclass(frozen=True)
class ExportedPhone:
    """A phone's file that was written.

    Attributes:
        path: of the file.
        document: of the JSON document beside it.
        size: of the file, in bytes.
        computed: what of the network is computed by what, in words; "" where that is not known.
        milliseconds: of processor time an image, in the environment, on this machine.
        verification: how far its answers are from the classifier's.
    """

    path: Path
    document: Path
    size: int
    computed: str
    milliseconds: float
    verification: Verification

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values, as `striate export --json` prints it."""
        return {
            "file": str(self.path),
            "document": str(self.document),
            "bytes": self.size,
            "computed": self.computed,
            "processor_milliseconds": self.milliseconds,
            **self.verification.as_json(),
        }


def export_phone(
    model: ClassifierLike,
    path: str | Path,
    kind: PhoneFormat,
    *,
    settings: PhoneSettings = USUAL,
    progress: bool | None = None,
    callback: Callback | None = None,
) -> ExportedPhone:
    """Write a classifier for ExecuTorch or LiteRT, and run it there before it is kept.

    The file takes images of the network's size, float32 (1, rows, columns, channels) of values 0
    to 255, and gives probabilities and, where a rule needs it, the distance. The document beside
    it says what comes before and behind that.

    Args:
        model: a classifier, its file, its run's folder, or what `train` returned.
        path: where; the format's ending is appended where it is missing.
        kind: the format, of `FORMATS`.
        settings: how it is made.
        progress: whether it is shown; None shows it in a terminal or a notebook.
        callback: is told notes and progress as well.

    Raises:
        ClassifierError: the classifier cannot be opened or written so, or the file not be written.
        ProofError: its answers are not those of the classifier; no file is left.
        EngineError: the environment is not there, or what is in it fails.
        SettingError: there is such a file already.

    Example: ``export_phone("runs/photos", "photos.pte", FORMATS["executorch"])``.
    """
    path = Path(path)
    if path.suffix != kind.ending:
        path = path.with_name(path.name + kind.ending)
    if not settings.force:
        refuse_existing(path, place_beside(path))
    find_python(kind, settings.environment)  # what is missing is said before any work
    classifier = open_classifier(model)
    with display_progress(progress, callback) as tell:
        return _export(classifier, path, kind, settings, tell)


def _export(
    classifier: Classifier, path: Path, kind: PhoneFormat, settings: PhoneSettings, tell: Callback
) -> ExportedPhone:
    program = write_program(classifier)
    golden = draw_golden_images(settings.seed)
    if classifier.decision.refuses:
        network = find_network(classifier)
        accepted = make_accepted_images(classifier, network, settings.seed, tell)
        golden[len(golden) - len(accepted) :] = accepted
    if settings.golden is not None:
        golden += take_golden_images(settings.golden, classifier.preprocess, tell)
    pixels = [image.pixels(classifier.preprocess) for image in golden]
    inputs = make_inputs(classifier.preprocess, golden, pixels)
    distance = classifier.decision.distance is not None
    spoken = run_in_environment(
        kind,
        inputs,
        program,
        distance=distance,
        environment=settings.environment,
        callback=tell,
    )
    expected = answer_by_classifier(classifier, inputs)
    rule = AnswerRule.of(classifier.decision, len(classifier.classes))
    found = rule.apply(spoken.probabilities, spoken.distance)
    proof = _compare(kind, golden, expected, found, spoken)
    if proof.status != "proved":
        where = spoken.parting or f"torch {spoken.versions['torch']} there gives the same answers"
        raise ProofError(f"the {kind.ending} file does not hold: {proof.why}; {where}")
    marks = [
        (fingerprint(given), fingerprint(seen.astype(np.uint8)))
        for given, seen in zip(pixels, inputs, strict=True)
    ]
    contents = GoldenProof(tuple(golden), tuple(expected))
    document = write_document(classifier, kind, spoken, contents, marks)
    for note in _notes(classifier, spoken):
        tell(Note(note))
    write_files({path: spoken.model, place_beside(path): document})
    return ExportedPhone(
        path,
        place_beside(path),
        len(spoken.model),
        spoken.delegated,
        spoken.milliseconds,
        Verification((proof,)),
    )


def write_program(classifier: Classifier) -> PhoneProgram:
    """Write a classifier's network as a program of torch, with the numbers of its answer.

    Raises:
        ClassifierError: it cannot be written so.
    """
    from striate.architecture.layer_table.feature_layer import find_feature_layer

    network, decision, shape = find_network(classifier), classifier.decision, classifier.preprocess
    try:
        text = to_code(network.plan, "torch")
    except NotationError as error:
        raise ClassifierError(
            f"the classifier cannot be converted for a phone: {error.message}; `striate export` "
            "without --to writes a file for ONNX Runtime, which runs on phones, too"
        ) from error
    scales = {
        name: np.array(values, np.float32).reshape(1, -1, 1, 1) * 255
        for name, values in (("mean", shape.mean), ("std", shape.std))
    }
    layer = None
    if decision.distance is not None:
        scales |= {
            name.rpartition(".")[2]: value for name, value in decision.distance.as_tensors().items()
        }
        layer = find_feature_layer(network.plan)
    settings = {
        "temperature": float(decision.temperature),
        "mirrored": decision.mirrored,
        "features": None if layer is None else layer.address,
        **(decision.distance.as_json() if decision.distance else {}),
        "shortest": float(SHORTEST),
        "tolerance": TOLERANCE,
    }
    return PhoneProgram(text, network.weights, scales, settings)


def make_inputs(
    preprocess: Preprocess, golden: Sequence[GoldenImage], pixels: Sequence[np.ndarray]
) -> np.ndarray:
    """Return what a network is given of golden images: float32 (n, rows, columns, channels)."""
    plain = replace(preprocess, draft=False)
    upright = (
        turn_upright(given, image.orientation) for image, given in zip(golden, pixels, strict=True)
    )
    rows = [plain.pixels(given).transpose(1, 2, 0) for given in upright]
    return np.ascontiguousarray(rows, np.float32)


def answer_by_classifier(classifier: Classifier, inputs: np.ndarray) -> list[SealedAnswer]:
    """Return a classifier's own answers to what its network is given, (n, rows, columns, channels).

    They come from Striate's own engine, in this process.
    """
    decision, k = classifier.decision, len(classifier.classes)
    engine = open_network(
        classifier.network, classifier.preprocess, features=decision.distance is not None
    )
    passes = inputs.transpose(0, 3, 1, 2)
    said = (give_answers(engine, decision, image[None], classes=k) for image in passes)
    return [take_answer(each, decision) for each in said]


def verify_phone(
    path: str | Path,
    kind: PhoneFormat,
    *,
    environment: Path | None = None,
    progress: bool | None = None,
    callback: Callback | None = None,
) -> Verification:
    """Run the golden images of a phone's file in its runtime, in an environment of its own.

    Args:
        path: of a file that `export_phone` wrote, with its document beside it.
        kind: its format.
        environment: the folder of the environment; None takes the one that is kept.
        progress: whether it is shown; None shows it in a terminal or a notebook.
        callback: is told the progress as well.

    Raises:
        ClassifierError: the file or its document is missing or damaged.
        EngineError: the environment is not there, or what is in it fails.
    """
    path = Path(path)
    file = read_document(path)
    try:
        model = path.read_bytes()
        damaged = compute_sha256(path) != file.digest
    except OSError as error:
        raise ClassifierError(f"'{path}' cannot be opened: {error.strerror or error}") from error
    if damaged:  # the runtimes do not look before they compute
        return Verification(
            (RuntimeProof(kind.runtime, "not proved", why="not run"),), damaged=True
        )
    golden = file.proof.golden
    pixels = [image.pixels(file.preprocess) for image in golden]
    with display_progress(progress, callback) as tell:
        spoken = run_in_environment(
            kind,
            make_inputs(file.preprocess, golden, pixels),
            model,
            distance=file.distance,
            environment=environment,
            callback=tell,
        )
    found = file.rule.apply(spoken.probabilities, spoken.distance)
    proof = _compare(kind, golden, file.proof.expected, found, spoken)
    return Verification((proof,))


def _compare(
    kind: PhoneFormat,
    golden: Sequence[GoldenImage],
    expected: Sequence[SealedAnswer],
    found: Sequence[SealedAnswer],
    spoken: Spoken,
) -> RuntimeProof:
    difference = compare_answers([image.name for image in golden], expected, found)
    return judge(f"{kind.runtime} {spoken.versions[kind.runtime]}", difference)


def _notes(classifier: Classifier, spoken: Spoken) -> list[str]:
    shape = classifier.preprocess
    said = [
        f"the file takes images of {shape.height}x{shape.width}; resizing and the reject rule stay "
        "outside, and the document beside it describes them"
    ]
    if spoken.delegated:
        said.append(f"it is computed {spoken.delegated}")
    return said
