"""A classifier into one sealed ONNX file, which is written once its proof holds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from striate.deployment.accepted_images import make_accepted_images
from striate.deployment.example_programs import ENDINGS, write_programs
from striate.deployment.golden_images import GoldenImage, draw_golden_images, take_golden_images
from striate.deployment.proof import Proof, prove
from striate.deployment.quantization.form_table import Form, measure_forms
from striate.deployment.quantization.int8_form import Int8Form, Int8Settings, make_int8_form
from striate.deployment.quantization.int8_proof import prove_int8
from striate.deployment.run_facts import RunFacts, read_run_facts
from striate.deployment.sealed_answers import SealedAnswer
from striate.deployment.sealed_document import SealedContents, write_batch, write_metadata
from striate.deployment.sealed_file import GoldenProof
from striate.deployment.sealed_graph import SealedGraph, build_sealed_graph
from striate.deployment.signing import Signature, Signer, SigningKey, open_signer
from striate.deployment.verification import Verification, verify_bytes
from striate.deployment.written_files import (
    name_batch,
    name_companions,
    name_signature,
    refuse_existing,
    write_files,
)
from striate.errors import ProofError, SettingError, join_words
from striate.events import Callback, Event, Note
from striate.model.classifier_like import ClassifierLike, open_classifier
from striate.terminal.progress import ProgressReporter
from striate.terminal.progress_display import display_progress

if TYPE_CHECKING:
    from striate.model.classifier import Classifier


@dataclass(frozen=True)
class Exported:
    """An exported classifier.

    Attributes:
        path: the sealed file.
        batch: the form that takes batches; None where it was not asked for.
        programs: the programs that use it, where they were asked for.
        size: bytes of the sealed file.
        proof: how far it is from the classifier.
        verification: what each runtime that is here said of it.
        notes: what there is to say of it.
        int8: where it is in int8, how that was made and what is lost by it.
        forms: then, the classifier in float32 and in int8 side by side.
        signature: of all these files, where it was asked for.
    """

    path: Path
    batch: Path | None
    programs: tuple[Path, ...]
    size: int
    proof: Proof
    verification: Verification
    notes: tuple[str, ...]
    int8: Int8Form | None = None
    forms: tuple[Form, ...] = ()
    signature: Signature | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values, as `striate export --json` prints it."""
        return {
            "file": str(self.path),
            "batch": None if self.batch is None else str(self.batch),
            "programs": [str(path) for path in self.programs],
            "signature": None if self.signature is None else self.signature.as_json(),
            "bytes": self.size,
            "difference_from_torch": self.proof.network,
            "difference_from_classifier": self.proof.whole,
            "difference_of_pixels": self.proof.pixels,
            "levels": self.proof.levels,
            "notes": list(self.notes),
            "quantization": None if self.int8 is None else self.int8.as_json(),
            "forms": [form.as_json() for form in self.forms],
            **self.verification.as_json(),
        }


@dataclass(frozen=True)
class ExportSettings:
    """What an exported file holds.

    Attributes:
        batch: whether the form that takes batches is written beside it, NAME.batch.onnx.
        programs: whether programs that use it are written beside it, NAME.py and NAME.mjs.
        with_hashes: whether the hashes of the images that were learnt from go with it.
        force: whether a file that is there already is replaced.
        seed: of the golden images.
        golden: a folder of images that become golden ones, too.
        int8: how its network is quantized; None leaves it in float32.
        sign: by which key all that is written is signed, into NAME.onnx.sig; None signs nothing.
    """

    batch: bool = False
    programs: bool = False
    with_hashes: bool = False
    force: bool = False
    seed: int = 0
    golden: Path | None = None
    int8: Int8Settings | None = None
    sign: SigningKey | None = None


USUAL = ExportSettings()


def export(
    model: ClassifierLike,
    path: str | Path,
    *,
    settings: ExportSettings = USUAL,
    progress: bool | None = None,
    callback: Callback | None = None,
) -> Exported:
    """Write a classifier as one ONNX file that takes raw images and proves itself.

    Args:
        model: a classifier, its file, its run's folder, or what `train` returned.
        path: where; .onnx is appended where it is missing.
        settings: what it holds.
        progress: whether it is shown; None shows it in a terminal or a notebook.
        callback: is told notes and progress as well.

    Raises:
        ClassifierError: the classifier cannot be opened or exported, or the file not be written.
        ProofError: its answers are not those of the classifier; no file is left.
        SettingError: there is such a file already, or the key cannot sign.
        EngineError: it is to be signed, and the extra for that is not installed.

    Example: ``export("runs/photos", "photos.onnx")``; then `striate predict photos.onnx cat.jpg`.
    """
    path = Path(path)
    if path.suffix != ".onnx":
        path = path.with_name(path.name + ".onnx")
    wanted = {name_batch(path)} if settings.batch else set()
    if settings.programs:
        wanted |= {path.with_suffix(ending) for ending in ENDINGS}
    if not settings.force:
        refuse_existing(path, name_signature(path), *sorted(wanted))
    signer = None
    if settings.sign is not None:
        signer = open_signer(settings.sign)
        _refuse_unsigned(path, wanted)
    classifier, facts = open_classifier(model), read_run_facts(model)
    with display_progress(progress, callback) as tell:
        return _export(classifier, facts, path, settings, signer, tell)


def _export(
    classifier: Classifier,
    facts: RunFacts,
    path: Path,
    settings: ExportSettings,
    signer: Signer | None,
    tell: Callable[[Event], None],
) -> Exported:
    sealed = build_sealed_graph(classifier)
    int8 = None
    if settings.int8 is not None:
        int8 = make_int8_form(classifier, sealed, settings.int8, tell)
    golden = draw_golden_images(settings.seed)
    accepted: list[GoldenImage] = []
    if classifier.decision.refuses:
        accepted = make_accepted_images(classifier, sealed.network, settings.seed, tell)
        golden[len(golden) - len(accepted) :] = accepted
    if settings.golden is not None:
        golden += take_golden_images(settings.golden, classifier.preprocess, tell)
    pixels = [image.pixels(classifier.preprocess) for image in golden]
    report = ProgressReporter("comparing with torch", tell)
    proof = prove(classifier, sealed, golden, pixels, report)
    notes = _notes(classifier, sealed, proof, len(accepted))
    for note in notes:
        tell(Note(note))
    expected = GoldenProof(tuple(golden), proof.expected)
    contents = SealedContents(sealed, expected, proof.levels, facts)
    if int8 is not None:
        contents = _quantize(contents, int8, pixels)
    metadata = write_metadata(
        classifier, contents, proof.fingerprints, with_hashes=settings.with_hashes
    )
    content = replace(contents.sealed.model, metadata=metadata).to_bytes()
    verification = verify_bytes(content, contents.proof, pixels, tell)
    if not verification.holds:
        raise ProofError(f"the exported graph does not hold: {verification.failures}")
    files = {path: content}
    batch = name_batch(path) if settings.batch else None
    if batch is not None:
        files[batch] = write_batch(classifier, contents)
    programs = {}
    if settings.programs:
        tree = classifier.decision.taxonomy
        programs = write_programs(path, classifier.classes, classifier.preprocess, tree)
    signature = write_files({**files, **programs}, signer)
    return Exported(
        path,
        batch,
        tuple(programs),
        len(content),
        proof,
        verification,
        notes,
        int8=contents.int8,
        forms=contents.forms,
        signature=signature,
    )


def _refuse_unsigned(path: Path, wanted: Collection[Path]) -> None:
    """Refuse to sign where files would lie beside it that look as if they belonged to it."""
    for beside in name_companions(path):
        if beside not in wanted and beside.exists():
            raise SettingError(
                f"'{beside}' lies there and would not be covered by the signature; delete it, or "
                "have it written by --with-batch or --with-programs (in Python batch, programs)"
            )


def _quantize(full: SealedContents, form: Int8Form, pixels: Sequence[np.ndarray]) -> SealedContents:
    """Return the contents in int8 in place of those in float32."""
    whole = form.sealed.model.to_bytes()
    proof, levels = prove_int8(whole, full.proof, pixels)
    forms = measure_forms(full.sealed.model.to_bytes(), whole, form, pixels[0])
    apart = {level: difference.probability for level, difference in levels.items()}
    return SealedContents(form.sealed, proof, apart, full.facts, form, forms)


def _notes(
    classifier: Classifier, sealed: SealedGraph, proof: Proof, accepted: int
) -> tuple[str, ...]:
    said = [
        f"on the same pixels its probabilities are torch's within {proof.network:.1g}; with its "
        f"own resizing the classifier's within {proof.whole:.1g}"
    ]
    if classifier.preprocess.draft:
        said.append(
            "large JPEG files are decoded at a fraction of their size by the classifier and by "
            "`striate predict` of the file; programs that decode them whole answer a little "
            "differently"
        )
    if classifier.preprocess.revision == 1:
        said.append(
            "the classifier resizes as Striate did until November 2026; the file may miss one of "
            "its pixels by one level of 255, which newly trained ones do not"
        )
    if classifier.decision.refuses:
        said.append(_describe_answered(proof.expected, len(classifier.classes), accepted))
    if "map" not in sealed.model.outputs:
        said.append("its classes are no means of maps, so the file shows none")
    return tuple(said)


def _describe_answered(answers: Sequence[SealedAnswer], classes: int, accepted: int) -> str:
    """Say how many of the golden images are answered by what, and how many were made for that."""
    nodes = [answer.label if answer.node is None else answer.node for answer in answers]
    leaves = {node for node in nodes if 0 <= node < classes}
    above = {node for node in nodes if node >= classes}
    given = sum(node >= 0 for node in nodes)
    by = []
    if leaves or not above:
        by.append("1 class" if len(leaves) == 1 else f"{len(leaves)} classes")
    if above:
        by.append("1 node above" if len(above) == 1 else f"{len(above)} nodes above")
    return (
        f"of the golden images {given} are answered, by {join_words(by)}, and the rest are "
        f"refused; {accepted} were made for that by activation maximisation"
    )
