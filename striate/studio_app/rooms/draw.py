"""The room Draw: a drawing, and every level of the network that answers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from striate.errors import SettingError
from striate.model.json_value import Json
from striate.studio_app.drawing.levels import find_levels, show_values
from striate.studio_app.drawing.pad import Drawing
from striate.studio_app.kind import AnyKind, Kind
from striate.studio_app.question import Answer, Number, Question, Tell, Text
from striate.studio_app.scenes import tell_answer
from striate.studio_app.studio import Studio

Place = Annotated[float, Field(ge=-100, le=100, allow_inf_nan=False)]
Point = tuple[Place, Place]
Line = Annotated[list[Point], Field(max_length=2000)]
Strokes = Annotated[list[Line], Field(max_length=60)]


@dataclass(frozen=True)
class Draw(Question):
    """What is drawn, in a network; it can be looked into under the name ``image``."""

    kind: Literal["draw"]
    network: Text
    image: Text
    strokes: Strokes
    picture: Text = ""


@dataclass(frozen=True)
class Known(Question):
    """How often what is drawn is read right, and what a network's digits are like."""

    kind: Literal["known"]
    network: Text


@dataclass(frozen=True)
class Redrawn(Question):
    """The strokes of a test image."""

    kind: Literal["redrawn"]
    network: Text
    number: Number


@dataclass(frozen=True)
class KeepDrawing(Question):
    """Keep a drawing as an image, so that other rooms can look at it."""

    kind: Literal["keep drawing"]
    network: Text
    strokes: Strokes
    picture: Text = ""


def _drawing(question: Draw | KeepDrawing) -> Drawing:
    strokes = tuple(np.array(line, float).reshape(-1, 2) for line in question.strokes)
    return Drawing(strokes, question.picture)


def _draw(studio: Studio, question: Draw, _: Tell) -> Answer:
    drawing = _drawing(question)
    scene = studio.pad.see(question.network, drawing, question.image)
    own = scene.network.classifier
    probabilities = np.asarray(own.decision.probabilities(scene.logits[None])[0], np.float64)
    levels = find_levels(scene)
    said: dict[str, Json] = {
        "state": drawing.state,
        "levels": [{**each.as_json(), "reach": scene.reach(each.name)} for each in levels],
        "classes": list(own.classes),
        "answer": tell_answer(scene.answer),
        "note": scene.network.note,
    }
    known = studio.pad.likeness(question.network)
    if known is not None and drawing.state == "drawn":
        found = known.judge(scene.image.pixels, drawing.strokes)
        said |= {"unlike": found.unlike, "distance": found.distance, "length": found.length}
    arrays = {str(number): show_values(scene, each) for number, each in enumerate(levels)}
    arrays["pixels"] = np.ascontiguousarray(scene.image.pixels.transpose(1, 2, 0))
    return Answer(said, {**arrays, "logits": scene.logits, "probabilities": probabilities})


def _known(studio: Studio, question: Known, tell: Tell) -> Answer:
    tell("redrawing test images", 0.1)
    found, why = studio.pad.learn(question.network)
    if found is None:
        return Answer({"why": why})
    return Answer(
        {"why": "", "n": found.n, "correct": found.correct, "of": found.words},
    )


def _redrawn(studio: Studio, question: Redrawn, _: Tell) -> Answer:
    found, _why = studio.pad.learn(question.network)
    if found is None:
        raise SettingError("the test images of this network are not below the studio's folders")
    number = max(0, question.number) % found.n
    classes = studio.networks.open(question.network).classifier.classes
    lines: list[Json] = [stroke.tolist() for stroke in found.strokes[number]]
    return Answer({"strokes": lines, "label": classes[found.labels[number]]})


def _keep(studio: Studio, question: KeepDrawing, _: Tell) -> Answer:
    model = studio.networks.open(question.network).classifier
    entry = studio.images.keep("drawing.png", studio.pad.lay(model, _drawing(question)))
    return Answer({"address": entry.address, "title": entry.title, "group": entry.group})


KINDS: Final[tuple[AnyKind, ...]] = (
    Kind(Draw, _draw, newest=True),
    Kind(Known, _known, slow=True, newest=True),
    Kind(Redrawn, _redrawn, slow=True, newest=True),
    Kind(KeepDrawing, _keep),
)
