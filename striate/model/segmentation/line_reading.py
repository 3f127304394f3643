"""A scanned line of characters, as a zip code on an envelope, read one by one."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING
from unicodedata import normalize

import numpy as np
from PIL import Image
from scipy import ndimage

from striate.data.images import hold_decoded
from striate.errors import ClassifierError, ImageError, SettingError
from striate.model.image_input import name_of, to_source
from striate.model.prediction import Unreadable
from striate.model.segmentation.components import (
    AROUND,
    Mark,
    Piece,
    Pieces,
    find_pieces,
    weighted_median,
)
from striate.model.segmentation.glyph_frame import GlyphFrame, choose_frames
from striate.model.segmentation.grouping import Classify, crop, divide
from striate.model.segmentation.ink import SHARE, find_ink
from striate.model.segmentation.line import Glyph, LineReading
from striate.model.segmentation.ruled_lines import remove_ruled_lines
from striate.model.segmentation.runs import Candidates
from striate.model.segmentation.straightening import Box, straighten
from striate.model.segmentation.whole_character import weigh_candidates
from striate.model.segmentation.writing_signs import refuse_pictures

if TYPE_CHECKING:
    from striate.model.classifier import Classifier
    from striate.model.image_input import ImageInput

BATCH = 256  # characters a forward pass
LARGEST = 8_000_000  # pixels of a scan; a larger one is reduced first
LIKELIEST = 12  # candidates whose ink is compared with that of the training images
SMALL = 1 / 3  # of the usual height: what is lower says nothing of the line's direction
WORDED = re.compile(r"(\S)\s*[-:=]\s*\S+")  # torchvision names MNIST's classes "7 - seven"


def read_lines(
    model: Classifier, sources: Iterable[ImageInput], *, length: int | None = None
) -> Iterator[LineReading | Unreadable]:
    """Read scanned lines, one after the other.

    Args:
        model: a classifier of single characters.
        sources: whatever `Classifier.predict` takes, one line each.
        length: how many characters each line has, where that is known.

    Raises:
        ClassifierError: its classes are no characters.
        SettingError: the length is less than 1.

    Example: ``next(read_lines(st.load("runs/digits"), ["envelope.png"])).text``.
    """
    if length is not None and length < 1:
        raise SettingError(f"a length of {length} characters; expected 1 or more")
    characters = name_characters(model.classes)
    for number, source in enumerate(sources, 1):
        name = name_of(source, number)
        try:
            yield read_line(model, source, name=name, characters=characters, length=length)
        except ImageError as error:
            yield Unreadable(name, str(error))


def read_line(
    model: Classifier,
    source: ImageInput,
    *,
    name: str,
    characters: Sequence[str],
    length: int | None = None,
) -> LineReading:
    """Read one scanned line.

    Args:
        model: a classifier of single characters.
        source: the scan.
        name: what it is called in the result.
        characters: of each class.
        length: how many characters it has, where that is known.

    Raises:
        ImageError: it cannot be read, or no line of characters stands in it.
    """
    given = model.preprocess
    with hold_decoded(
        to_source(source), background=given.background, ranges=given.value_ranges
    ) as decoded:
        image, by = reduce(decoded.image)
        pixels = np.array(image)
    ink = find_ink(pixels[:, :, None] if pixels.ndim == 2 else pixels)
    mask, ruled = remove_ruled_lines(ink.mask)
    values = np.where(ink.mask & ~mask, 0, ink.values)
    lines = straighten(values, drop_specks(mask))
    ways = [(line, *find_candidates(line.values)) for line in lines]
    classify = functools.partial(_classify, model)
    frame = choose_frame(model, ways[0][2], classify)
    divisions = [
        divide(candidates, frame=frame, classify=classify, length=length)
        for _, _, candidates in ways
    ]
    (line, found, _), division = max(
        zip(ways, divisions, strict=True), key=lambda each: each[1].score
    )

    def in_scan(piece: Piece) -> Box:
        top, left, bottom, right = line.in_scan(piece.places, values.shape)
        return top * by, left * by, bottom * by, right * by

    glyphs = tuple(
        Glyph(
            characters[int(run.probabilities.argmax())],
            float(run.probabilities.max()),
            tuple(run.probabilities.tolist()),
            in_scan(run.piece),
            run.cut,
        )
        for run in division.runs
    )
    return LineReading(
        name=name,
        text="".join(glyph.label for glyph in glyphs),
        probability=division.probability,
        division=division.share,
        glyphs=glyphs,
        marks=tuple(Mark(kind, in_scan(piece)) for kind, piece in found.marks),
        angle=line.angle,
        slant=line.slant,
        ruled_lines=ruled,
        specks=found.specks,
        outside=found.outside,
        classes=tuple(model.classes),
        remarks=decoded.remarks,
    )


def choose_frame(model: Classifier, candidates: Candidates, classify: Classify) -> GlyphFrame:
    """Return how the characters of a line are laid as the images were that the classifier learnt.

    A character that fills its image has about twice the ink of one with a rim, so the mean of the
    training images tells. Where that is not known, the line is read in each way.

    Args:
        model: a classifier of single characters.
        candidates: what may be one character.
        classify: the classifier's network.
    """
    frames = choose_frames(model.preprocess)
    if len({frame.bright for frame in frames}) == 1:
        mean = sum(model.preprocess.mean) / len(model.preprocess.mean)
        share = mean if frames[0].bright else 1 - mean
        likely = np.argsort(-candidates.odds)[:LIKELIEST]
        inks = [crop(candidates.found[number].piece, candidates.values) for number in likely]

        def unlike(frame: GlyphFrame) -> float:
            laid = float(np.mean([frame.lay(ink) for ink in inks])) / 255
            return abs(math.log(max(laid if frame.bright else 1 - laid, 1e-9) / share))

        return min(frames, key=unlike)
    divisions = [divide(candidates, frame=frame, classify=classify, rough=True) for frame in frames]
    return max(divisions, key=lambda each: each.score).frame


def find_candidates(values: np.ndarray) -> tuple[Pieces, Candidates]:
    """Return what a line consists of, and what of it may be one character.

    Args:
        values: float32 (rows, columns), the ink of the line.

    Raises:
        ImageError: there is no line of characters.
    """
    found = find_pieces(values > SHARE)
    refuse_pictures(found, values)
    return found, weigh_candidates(found.tall, values, found.height)


def name_characters(classes: Sequence[str]) -> tuple[str, ...]:
    """Return the character that each class stands for.

    Raises:
        ClassifierError: a class is no single character.

    >>> name_characters(["0 - zero", "1 - one"]), name_characters(["a", "b"])
    (('0', '1'), ('a', 'b'))
    """
    found = []
    for name in classes:
        plain = normalize("NFC", name.strip())
        worded = WORDED.fullmatch(plain)
        if len(plain) != 1 and worded is None:
            raise ClassifierError(
                f"class {name!r} is no single character; --segment reads lines with a classifier "
                "of digits or letters, such as one that was trained on MNIST"
            )
        found.append(worded[1] if worded else plain)
    return tuple(found)


def reduce(image: Image.Image) -> tuple[Image.Image, int]:
    """Return a scan of at most `LARGEST` pixels, and by how much smaller it is each way.

    >>> reduce(Image.new("L", (8000, 2000)))[1]
    2
    """
    by = 1
    while image.width * image.height > by * by * LARGEST:
        by += 1
    return (image.reduce(by), by) if by > 1 else (image, 1)


def drop_specks(mask: np.ndarray) -> np.ndarray:
    """Return a mask without what is far smaller than the largest pieces of it."""
    labels, count = ndimage.label(mask, AROUND)
    if not count:
        return mask
    heights = np.array([rows.stop - rows.start for rows, _ in ndimage.find_objects(labels)])
    areas = np.bincount(labels.ravel())[1:]
    large = heights >= SMALL * weighted_median(heights, areas)
    kept: np.ndarray = np.concatenate([[False], large])[labels]
    return kept


def _classify(model: Classifier, pixels: np.ndarray) -> np.ndarray:
    parts = [
        model.probabilities(pixels[start : start + BATCH]) for start in range(0, len(pixels), BATCH)
    ]
    return np.concatenate(parts)
