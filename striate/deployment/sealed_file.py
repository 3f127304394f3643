"""What a sealed file says of itself, read without any library of ONNX.

The graph is one field of the file, whose SHA-256 stands in the document, and the metadata are
others: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. docs/export.md describes them.
"""

from __future__ import annotations

import hashlib
import json
import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from striate import __version__
from striate.architecture.aspects.onnx_graph import GRAPH, METADATA, WRITTEN_BY_US
from striate.deployment.sealed_answers import (
    TOLERANCE,
    USUAL_TOLERANCE,
    SealedAnswer,
    Tolerance,
)
from striate.errors import ClassifierError, SettingError
from striate.model.classifier_document import ClassifierDocument
from striate.model.json_value import Json, JsonObject

if TYPE_CHECKING:
    from striate.data.images import Preprocess
    from striate.deployment.golden_images import GoldenImage

FORMAT: Final = "striate-sealed"
FLOAT32_VERSION, FORMAT_VERSION = 1, 2  # of files in float32, and of those in int8
DOCUMENT, GOLDEN, CARD = "striate", "striate.golden", "striate.card"  # keys of the metadata
LARGEST: Final = 2**31  # bytes of a file; protobuf reads no more


@dataclass(frozen=True, eq=False)
class GoldenProof:
    """Images and what a file answers to them.

    Attributes:
        golden: the images.
        expected: what was answered to each when the file was written.
        tolerance: how far other answers may be from those.
        float32: of a file in int8, what was answered in float32; else empty.
    """

    golden: tuple[GoldenImage, ...] = field(repr=False)
    expected: tuple[SealedAnswer, ...] = field(repr=False)
    tolerance: Tolerance = USUAL_TOLERANCE
    float32: tuple[SealedAnswer, ...] = field(default=(), repr=False)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> GoldenProof:
        """Return what stands in a file's metadata.

        Raises:
            ClassifierError: it is damaged.
        """
        from striate.deployment.golden_images import GoldenImage

        images = values["images"]
        return cls(
            golden=tuple(GoldenImage.from_json(each["image"]) for each in images),
            expected=tuple(SealedAnswer.from_json(each["answer"]) for each in images),
            tolerance=Tolerance(
                float(values.get("tolerance", TOLERANCE)),
                float(values.get("tolerance_of_distance", TOLERANCE)),
            ),
            float32=tuple(
                SealedAnswer.from_json(each["float32"]) for each in images if "float32" in each
            ),
        )


@dataclass(frozen=True, eq=False)
class SealedFile:
    """A sealed file, without its graph.

    Attributes:
        path: of the file.
        document: what is said of the classifier.
        form: "image", which takes one image of any size, or "batch".
        preprocess: how an image becomes the network's input; all of it stands in the graph.
        map_place: offset and stride of the class map as [down, across], or null.
        proof: the golden images with the answers to them.
        fingerprints: of each image's pixels.
        digest: the SHA-256 of the graph when it was written.
        levels: how far answers are apart under other levels of ONNX Runtime's optimisation.
        card: the model card, in HTML.
        quantization: of a file in int8, how it was made and what is lost by it; else None.
    """

    path: Path
    document: ClassifierDocument
    form: str
    preprocess: Preprocess
    map_place: Mapping[str, Json] | None
    proof: GoldenProof = field(repr=False)
    fingerprints: tuple[str, ...] = field(repr=False)
    digest: str
    levels: Mapping[str, float]
    card: str = field(repr=False, default="")
    quantization: JsonObject | None = None

    @property
    def golden(self) -> tuple[GoldenImage, ...]:
        """The images of the proof."""
        return self.proof.golden

    @property
    def expected(self) -> tuple[SealedAnswer, ...]:
        """What was answered to each of them when the file was written."""
        return self.proof.expected

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order of the probabilities."""
        return self.document.classes


def is_sealed(path: Path) -> bool:
    """Say whether a path is meant as an exported file's: by its ending, or by how it begins.

    >>> is_sealed(Path("cats.onnx")), is_sealed(Path("cats.safetensors"))
    (True, False)
    """
    if path.suffix.lower() == ".onnx":
        return True
    try:
        with path.open("rb") as file:
            return WRITTEN_BY_US in file.read(len(WRITTEN_BY_US) + 4)
    except OSError:
        return False


def read_sealed(path: str | Path) -> SealedFile:
    """Read what a sealed file says of itself.

    Raises:
        ClassifierError: it is missing, damaged, none of Striate's or of a newer format.

    >>> read_sealed("nowhere.onnx")
    Traceback (most recent call last):
    striate.errors.ClassifierError: 'nowhere.onnx' cannot be opened: No such file or directory; ...
    """
    from striate.data.images import Preprocess

    path = Path(path)
    metadata, _ = _read(path)
    if DOCUMENT not in metadata:
        raise ClassifierError(
            f"'{path}' is no file that `striate export` wrote: its metadata lacks '{DOCUMENT}'"
        )
    try:
        values = json.loads(metadata[DOCUMENT])
        golden = json.loads(metadata.get(GOLDEN, '{"images": [], "levels": {}}'))
        if values["format"] != FORMAT:
            raise ClassifierError(f"the document inside '{path}' is not of the format '{FORMAT}'")
        if not 1 <= int(values["format_version"]) <= FORMAT_VERSION:
            raise ClassifierError(
                f"'{path}' has format version {values['format_version']}; this Striate "
                f"({__version__}) reads up to {FORMAT_VERSION}: pip install --upgrade striate"
            )
        return SealedFile(
            path=path,
            document=ClassifierDocument.from_json(values, str(path)),
            form=str(values["form"]),
            preprocess=Preprocess.from_json(values["preprocess"]),
            map_place=values["map"],
            proof=GoldenProof.from_json(golden),
            fingerprints=tuple(str(each["pixels"]) for each in golden["images"]),
            digest=str(values["digest"]),
            levels=dict(golden["levels"]),
            card=metadata.get(CARD, ""),
            quantization=values.get("quantization"),
        )
    except (ValueError, KeyError, TypeError, SettingError) as error:
        raise ClassifierError(
            f"the document inside '{path}' is damaged ({type(error).__name__}: {error}); export "
            "the classifier again"
        ) from error


def holds_document(path: Path) -> bool:
    """Say whether a file can be read and says of itself that `export` wrote it.

    >>> holds_document(Path("nowhere.onnx"))
    False
    """
    try:
        return DOCUMENT in _read(path)[0]
    except ClassifierError:
        return False


def measure_digest(path: Path) -> str:
    """Return the SHA-256 of the graph that a file holds now, in hexadecimal.

    Raises:
        ClassifierError: it cannot be read, or holds no graph.
    """
    return _read(path, graph=True)[1]


def _read(path: Path, *, graph: bool = False) -> tuple[dict[str, str], str]:
    """Return the metadata of a model's file and, where it is asked for, the graph's SHA-256."""
    metadata: dict[str, str] = {}
    digest = ""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for number, start, end in _fields(data, 0, len(data)):
                if number == METADATA:
                    texts = {key: data[a:b].decode() for key, a, b in _fields(data, start, end)}
                    metadata[texts[1]] = texts.get(2, "")
                elif number == GRAPH and graph:
                    with memoryview(data) as view, view[start:end] as part:
                        digest = hashlib.sha256(part).hexdigest()
    except OSError as error:
        raise ClassifierError(
            f"'{path}' cannot be opened: {error.strerror or error}; expected a file that "
            "`striate export` wrote"
        ) from error
    except (ValueError, IndexError, KeyError) as error:
        if _begins_as_safetensors(path):
            raise ClassifierError(
                f"'{path}' is a classifier's file and was not exported; rename it to end in "
                ".safetensors, or export it"
            ) from error
        raise ClassifierError(
            f"'{path}' is no ONNX file, or it is cut off or damaged; expected a file that `striate "
            "export` wrote"
        ) from error
    return metadata, digest


def _begins_as_safetensors(path: Path) -> bool:
    """Say whether a file begins as a classifier's: the length of a header, and the header."""
    with path.open("rb") as file:
        return file.read(10)[8:] == b'{"'


def _fields(data: mmap.mmap, place: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Give (number, start, end) of every field of a message that has a length."""
    while place < end:
        tag, place = _varint(data, place)
        if tag & 7 == 0:
            _, place = _varint(data, place)
        elif tag & 7 == 2:
            length, place = _varint(data, place)
            if place + length > end:
                raise ValueError("cut off")
            yield tag >> 3, place, place + length
            place += length
        else:
            raise ValueError("no field of a model")


def _varint(data: mmap.mmap, place: int) -> tuple[int, int]:
    value = 0
    for number in range(10):
        byte = data[place + number]
        value |= (byte & 0x7F) << 7 * number
        if byte < 0x80:
            return value, place + number + 1
    raise ValueError("no number of a message")


def written_values(values: JsonObject) -> str:
    """Return a document as it stands in the metadata: JSON without a number that is none."""
    return json.dumps(values, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
