"""A classifier, or the file it was exported as, into one HTML page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from striate import __version__
from striate.data.collection import format_count
from striate.data.images import Preprocess
from striate.deployment.exporting import USUAL as SEALED
from striate.deployment.exporting import ExportSettings, export
from striate.deployment.quantization.form_table import Form
from striate.deployment.sealed_answers import IMAGE, ORIENTATION
from striate.deployment.sealed_file import SealedFile, is_sealed, read_sealed
from striate.deployment.signing import Signature, SigningKey, open_signer
from striate.deployment.verification import Verification, verify
from striate.deployment.web_page import PageContent, make_page
from striate.deployment.web_runtime import find_web_runtime
from striate.deployment.written_files import name_signature, refuse_existing, write_files
from striate.errors import ClassifierError, ProofError, SettingError, join_words
from striate.events import Callback
from striate.model.classifier_like import ClassifierLike
from striate.model.decision import Taxonomy
from striate.model.decision.rules import Promise, RejectRule, read_promise, read_reject_rule
from striate.model.json_value import JsonObject
from striate.terminal.progress_display import display_progress
from striate.terminal.units import format_percent

SHOWN = 20  # classes that are named
SHORT = 3  # classes that are the heading


@dataclass(frozen=True)
class PageSettings:
    """How a page is made.

    Attributes:
        runtime: the npm package onnxruntime-web, packed or unpacked; None takes the one that is
            kept, or fetches it.
        offline: open no connection.
        force: whether a file that is there already is replaced.
        sealed: how a classifier is exported for it.
        sign: by which key the page is signed, into NAME.html.sig; None signs nothing.
    """

    runtime: Path | None = None
    offline: bool = False
    force: bool = False
    sealed: ExportSettings = SEALED
    sign: SigningKey | None = None


USUAL = PageSettings()


@dataclass(frozen=True)
class ExportedPage:
    """A page that was written.

    Attributes:
        path: of it.
        size: in bytes.
        runtime: the version of onnxruntime-web that it carries.
        verification: what each runtime that is here said of the sealed file inside.
        forms: where it was quantized for it, float32 and int8 side by side.
        signature: of the page, where it was asked for.
    """

    path: Path
    size: int
    runtime: str
    verification: Verification
    forms: tuple[Form, ...] = ()
    signature: Signature | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values, as `striate export --to page --json` prints it."""
        return {
            "file": str(self.path),
            "bytes": self.size,
            "onnxruntime_web": self.runtime,
            "signature": None if self.signature is None else self.signature.as_json(),
            "forms": [form.as_json() for form in self.forms],
            **self.verification.as_json(),
        }


def export_page(
    model: ClassifierLike,
    path: str | Path,
    *,
    settings: PageSettings = USUAL,
    progress: bool | None = None,
    callback: Callback | None = None,
) -> ExportedPage:
    """Write one HTML page that classifies images where it is opened, and proves its answers there.

    Args:
        model: a classifier, its file, its run's folder, what `train` returned, or the path of a
            file that `striate export` wrote.
        path: where; .html is appended where it is missing.
        settings: how it is made.
        progress: whether it is shown; None shows it in a terminal or a notebook.
        callback: is told notes and progress as well.

    Raises:
        ClassifierError: the classifier cannot be opened or exported, or the page not be written.
        ProofError: the answers of the sealed file are not those of the classifier.
        SettingError: there is such a file already, or the key cannot sign.
        WeightsError: the runtime cannot be fetched.
        EngineError: what is given as the runtime is none.

    Example: ``export_page("runs/photos", "photos.html")``, then open it in a browser.
    """
    path = Path(path)
    if path.suffix not in (".html", ".htm"):
        path = path.with_name(path.name + ".html")
    if not settings.force:
        refuse_existing(path, name_signature(path))
    signer = None if settings.sign is None else open_signer(settings.sign)
    forms: tuple[Form, ...] = ()
    with display_progress(progress, callback) as tell:
        runtime = find_web_runtime(settings.runtime, offline=settings.offline, callback=tell)
        if isinstance(model, (str, Path)) and is_sealed(Path(model)):
            _refuse_changes(Path(model), settings.sealed)
            verification = verify(
                model, web_runtime=settings.runtime, browser=False, progress=False, callback=tell
            )
            if not verification.holds:
                raise ProofError(f"'{model}' does not hold: {verification.failures}")
            sealed, content = read_sealed(model), Path(model).read_bytes()
        else:
            with TemporaryDirectory(prefix="striate-") as folder:
                place = Path(folder) / "sealed.onnx"
                done = export(model, place, settings=settings.sealed, progress=False, callback=tell)
                verification, forms = done.verification, done.forms
                sealed, content = read_sealed(place), place.read_bytes()
    if sealed.form != "image":
        raise ClassifierError(
            f"'{model}' takes batches of images of the network's size; a page needs the form that "
            "takes one image of any size"
        )
    names = sealed.classes
    page = make_page(
        PageContent(
            title=f"{join_words(names, 'or')}?"
            if 1 < len(names) <= SHORT
            else f"One of {len(names):,} classes",
            lead=_describe_accuracy(sealed.quantization or sealed.document.metrics),
            facts=_describe(sealed),
            model=content,
            runtime=runtime,
            about=describe_for_script(sealed),
        )
    ).encode()
    signature = write_files({path: page}, signer)
    return ExportedPage(path, len(page), runtime.version, verification, forms, signature)


def _refuse_changes(sealed: Path, settings: ExportSettings) -> None:
    """Refuse settings that would make another file of one that is exported already.

    Raises:
        SettingError: there is one.
    """
    given = {
        "quantize": settings.int8 is not None,
        "golden": settings.golden is not None,
        "with_hashes": settings.with_hashes,
    }
    for name in (name for name, there in given.items() if there):
        raise SettingError(
            f"'{sealed}' is exported already and is taken as it is: leave --"
            f"{name.replace('_', '-')} out, or give the classifier's file or its run"
        )


def describe_for_script(sealed: SealedFile) -> JsonObject:
    """Return what the page's script needs to know, beside its words."""
    reject, promise = _read_rules(sealed)
    taxonomy = Taxonomy.from_json(sealed.document.calibration.get("taxonomy"))
    least = reject.probability or 0.0 if reject else 0.0
    asked = promise.thresholds if promise else (least,) * len(sealed.classes)
    return {
        "classes": list(sealed.classes),
        "nodes": list(taxonomy.name_nodes(sealed.classes)) if taxonomy else None,
        "inputs": {"image": IMAGE, "orientation": ORIENTATION},
        "level": "all",
        "tolerance": sealed.proof.tolerance.probability,
        "background": list(sealed.preprocess.background),
        "placement": sealed.preprocess.as_json(),
        "map": sealed.map_place,
        "least": [None if each is None else max(each, least) for each in asked],
        "farthest": reject.distance if reject else None,
        "golden": [
            {"image": image.as_json(), "answer": answer.as_json(), "pixels": mark}
            for image, answer, mark in zip(
                sealed.golden, sealed.expected, sealed.fingerprints, strict=True
            )
        ],
    }


def _describe_accuracy(metrics: JsonObject) -> list[str]:
    figures = [metrics.get(name) for name in ("accuracy", "n", "accuracy_low", "accuracy_high")]
    if not all(isinstance(figure, (int, float)) for figure in figures):
        return []
    accuracy, n, low, high = (float(str(figure)) for figure in figures)
    return [
        f"Right in {format_percent(accuracy)} of the {int(n):,} images that it was evaluated on "
        f"(95 % interval {format_percent(low)} to {format_percent(high)}). Of other kinds of "
        "images nothing is known."
    ]


def _describe(sealed: SealedFile) -> list[tuple[str, str]]:
    document, names = sealed.document, sealed.classes
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    reject, promise = _read_rules(sealed)
    facts = [
        ("classes", f"{', '.join(names[:SHOWN])}{more}"),
        ("above them", _describe_nodes(sealed)),
        ("takes", f"images of any size, made {_describe_size(sealed.preprocess)}"),
        ("began with", document.training.get("backbone")),
        ("learnt from", _count(document.data, "train")),
        (
            '"I don\'t know"',
            "for what is unlike these images, or unsure"
            if reject or promise
            else "never: it names one of its classes whatever it is shown",
        ),
        ("promise", _describe_promise(promise) if promise else None),
        ("in int8", _describe_int8(sealed.quantization) if sealed.quantization else None),
        ("made with", f"Striate {__version__}"),
        ("fingerprint", f"SHA-256 {sealed.digest[:16]}… of the graph"),
    ]
    return [(name, str(said)) for name, said in facts if said]


def _describe_nodes(sealed: SealedFile) -> str:
    """Name the nodes above the classes, which are answered where no class is sure enough."""
    taxonomy = Taxonomy.from_json(sealed.document.calibration.get("taxonomy"))
    nodes = () if taxonomy is None else taxonomy.name_nodes(sealed.classes)
    names = tuple(dict.fromkeys(name for name in nodes if name not in sealed.classes))
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    said = f"{', '.join(names[:SHOWN])}{more}: answered where no class is sure enough"
    return said if names else ""


def _describe_size(preprocess: Preprocess) -> str:
    kind = "grey" if preprocess.channels == 1 else "in colour"
    how = {
        "crop": "the middle of them",
        "pad": "all of them, with a border",
        "squash": "all of them, squashed",
    }
    return f"{preprocess.height} × {preprocess.width} {kind}: {how[preprocess.fit]}"


def _describe_promise(promise: Promise) -> str:
    which = ", of each class" if promise.per_class else ""
    return (
        f"{format_percent(promise.precision)} of its answers are right{which}; chosen with "
        f"{format_percent(promise.confidence)} confidence on {format_count(promise.n, 'image')}"
    )


def _describe_int8(quantization: JsonObject) -> str:
    """Say that the network's numbers have 8 bits, and what that costs."""
    whole, full, n = (quantization[name] for name in ("accuracy", "float32_accuracy", "n"))
    if not isinstance(whole, float) or not isinstance(full, float):
        return "its numbers have 8 bits"
    return (
        f"its numbers have 8 bits: accuracy {format_percent(whole)}, where that in float32 is "
        f"{format_percent(full)}, of {n} images"
    )


def _read_rules(sealed: SealedFile) -> tuple[RejectRule | None, Promise | None]:
    calibration = sealed.document.calibration
    return read_reject_rule(calibration.get("reject")), read_promise(calibration.get("promise"))


def _count(data: JsonObject, split: str) -> str:
    counts = data.get("counts")
    there = counts.get(split) if isinstance(counts, dict) else None
    return f"{sum(there.values()):,} images" if isinstance(there, dict) else ""
