"""The JSON document beside a phone's file: all that a program needs to give the same answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from striate import __version__
from striate.data.images import Preprocess
from striate.deployment.golden_images import FORMULA
from striate.deployment.phone.answer_rule import AnswerRule
from striate.deployment.phone.environment import PhoneFormat
from striate.deployment.phone.worker_process import Spoken
from striate.deployment.sealed_document import describe_classifier
from striate.deployment.sealed_file import GoldenProof
from striate.errors import ClassifierError, SettingError
from striate.model.classifier import Classifier
from striate.model.classifier_document import ClassifierDocument
from striate.model.json_value import Json

FORMAT: Final = "striate-phone"
FORMAT_VERSION: Final = 1
STEPS: Final = (
    "decode the image to 8 bits, red, green, blue, and turn it as its EXIF orientation says",
    "lay transparent pixels on preprocess.background",
    "of one channel: make it grey, (19595 R + 38470 G + 7471 B + 32768) >> 16",
    "resize and place it as preprocess.fit and crop_ratio say, by the triangle filter with "
    "antialiasing, rows first, each pass rounded to 8 bits; where fit is pad, beside it lies "
    "preprocess.border (grey where there is one channel)",
    "give it as float32, values 0 to 255, (1, rows, columns, channels); preprocess.mean and std "
    "are applied inside the file",
    "take the most probable class; where rule.largest_distance is a number and the distance is "
    "not at most that, answer nothing; where the probability is at least rule.least_probability "
    "of that class (null: never), answer it; else the first node of rule.above, from the class "
    "up, whose classes' probabilities sum to at least its least_probability; else nothing",
)


@dataclass(frozen=True, eq=False)
class PhoneFile:
    """A phone's file as its document tells of it.

    Attributes:
        path: of the file.
        document: what is said of the classifier.
        preprocess: what comes before the file.
        rule: what comes behind its outputs.
        proof: the golden images with their answers.
        distance: whether its second output is a distance.
        digest: the SHA-256 of the file as it was written.
    """

    path: Path
    document: ClassifierDocument
    preprocess: Preprocess
    rule: AnswerRule
    proof: GoldenProof = field(repr=False)
    distance: bool
    digest: str


def place_beside(path: Path) -> Path:
    """Name the document of a phone's file.

    >>> place_beside(Path("photos.tflite")).name
    'photos.tflite.json'
    """
    return path.with_name(path.name + ".json")


def write_document(
    classifier: Classifier,
    kind: PhoneFormat,
    spoken: Spoken,
    proof: GoldenProof,
    marks: Sequence[tuple[str, str]],
) -> bytes:
    """Write the document of a phone's file.

    Args:
        classifier: that it was made of.
        kind: its format.
        spoken: the file, and what it says.
        proof: the golden images with the classifier's own answers.
        marks: of each image, the fingerprints of its pixels and of the network's input.
    """
    shape, tree = classifier.preprocess, classifier.decision.taxonomy
    outputs: list[Json] = [
        {"name": "probabilities", "type": "float32", "shape": [1, len(classifier.classes)]}
    ]
    if spoken.distance is not None:
        outputs.append({"name": "distance", "type": "float32", "shape": [1]})
    images: list[Json] = [
        {"image": image.as_json(), "answer": answer.as_json(), "pixels": mark, "input": seen}
        for image, answer, (mark, seen) in zip(proof.golden, proof.expected, marks, strict=True)
    ]
    document = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        **describe_classifier(classifier).as_json(),
        "nodes": None if tree is None else list(tree.name_nodes(classifier.classes)),
        "file": {
            "format": kind.name,
            "sha256": hashlib.sha256(spoken.model).hexdigest(),
            "input": {
                "type": "float32",
                "shape": [1, shape.height, shape.width, shape.channels],
                "values": "0 to 255",
            },
            "outputs": outputs,
            "computed": spoken.delegated,
        },
        "steps": list(STEPS),
        "rule": AnswerRule.of(classifier.decision, len(classifier.classes)).as_json(),
        "golden": {"formula": FORMULA, "tolerance": proof.tolerance.probability, "images": images},
        "made_with": {"striate": __version__, **spoken.versions},
    }
    return json.dumps(document, allow_nan=False, ensure_ascii=False, indent=1).encode()


def read_document(path: Path) -> PhoneFile:
    """Read the document beside a phone's file.

    Args:
        path: of the file.

    Raises:
        ClassifierError: it is not there, or damaged.
    """
    place = place_beside(path)
    try:
        values = json.loads(place.read_bytes())
        if values["format"] != FORMAT:
            raise ClassifierError(f"'{place}' is not of the format '{FORMAT}'")
        if not 1 <= int(values["format_version"]) <= FORMAT_VERSION:
            raise ClassifierError(
                f"'{place}' has format version {values['format_version']}; this Striate "
                f"({__version__}) reads up to {FORMAT_VERSION}: pip install --upgrade striate"
            )
        file = values["file"]
        return PhoneFile(
            path=path,
            # the digest of a classifier's file is that of its weights; this one's stands below
            document=ClassifierDocument.from_json({**values, "digest": ""}, str(place)),
            preprocess=Preprocess.from_json(values["preprocess"]),
            rule=AnswerRule.from_json(values["rule"]),
            proof=GoldenProof.from_json(values["golden"]),
            distance=len(file["outputs"]) == 2,
            digest=str(file["sha256"]),
        )
    except OSError as error:
        if not path.exists():
            raise ClassifierError(f"'{path}' is not there; expected an exported file") from error
        raise ClassifierError(
            f"'{place}' cannot be opened: {error.strerror or error}; it is written beside the file "
            "and belongs to it"
        ) from error
    except (ValueError, KeyError, TypeError, SettingError) as error:
        raise ClassifierError(
            f"'{place}' is damaged ({type(error).__name__}: {error}); export the classifier again"
        ) from error
