"""The page of `striate label`: what is asked, the images, and an answer."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final

from fastapi import FastAPI, Query, Response
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from pydantic import Field

from striate import __version__
from striate.data.images.decoding import hold_decoded
from striate.doctor.labelling.answers import Kind
from striate.doctor.labelling.desk import Desk
from striate.doctor.labelling.question import Question
from striate.doctor.labelling.standing import Standing
from striate.errors import SettingError
from striate.serving.access import Access, Pass
from striate.serving.refusals import say_refusals
from striate.studio_app.application import CACHED, PAGE, fill_page

SIDES: Final = (256, 1024)  # pixels of the longer side
QUALITY: Final = 88  # of JPEG
KEPT: Final = 200  # images that are held, some kilobytes each


@dataclass(frozen=True)
class View:
    """What the page shows.

    Attributes:
        folder: whose images are labelled.
        turn: answers so far.
        question: what is asked.
        names: of the images that are seen.
        copies: of these, how many others show the same and get the same label.
        unseen: images of the cluster that are not shown.
        counts: classes, in the order of their keys, with their labelled images.
        images: in the folder.
        labelled: of them.
        drawn: images that are drawn at random.
        to_draw: of them still to be labelled.
        lines: what has been reached, a sentence each.
        stands: whether further answers would hardly change the head.
        command: what trains on the labels; "" where they are too few.
    """

    folder: str
    turn: int
    question: Question
    names: tuple[str, ...]
    copies: int
    unseen: int
    counts: Mapping[str, int]
    images: int
    labelled: int
    drawn: int
    to_draw: int
    lines: tuple[str, ...]
    stands: bool
    command: str


@dataclass(frozen=True)
class GivenAnswer:
    """What the page sends."""

    turn: int
    kind: Kind
    images: Annotated[list[int], Field(max_length=5000)]
    label: Annotated[str, Field(max_length=200)] = ""


@dataclass(frozen=True)
class GivenUndo:
    """What the page sends to take the last answer back."""

    turn: int


def make_label_app(desk: Desk, command: str, entry: Pass) -> FastAPI:
    """Return the application.

    Args:
        desk: takes the answers.
        command: what trains on the labels, to be shown.
        entry: the token and the cookie that let a page in.
    """
    app = FastAPI(title="Striate label", version=__version__, docs_url=None, redoc_url=None)
    app.add_middleware(Access, entry=entry)
    say_refusals(app)
    images = desk.session.images

    @lru_cache(maxsize=KEPT)
    def draw(index: int, side: int) -> bytes:
        return shrink(images.root / images.names[index], side)

    @app.get("/", include_in_schema=False)
    async def page() -> HTMLResponse:
        return HTMLResponse(
            fill_page("Striate label", style="label/page.css", script="label/page.js")
        )

    @app.get("/api/view")
    def view() -> View:
        """Say what is asked."""
        return look(desk, command)

    @app.post("/api/answer")
    def answer(given: GivenAnswer) -> View:
        """Take an answer, and say what is asked next."""
        desk.answer(given.turn, given.kind, images=given.images, label=given.label)
        return look(desk, command)

    @app.post("/api/undo")
    def undo(given: GivenUndo) -> View:
        """Take the last answer back."""
        desk.undo(given.turn)
        return look(desk, command)

    @app.get("/api/image")
    def image(index: int = Query(ge=0), side: int = Query(ge=1)) -> Response:
        """Return an image as JPEG."""
        if index >= len(images.names) or side not in SIDES:
            raise SettingError(f"there is no image {index} of {side} pixels")
        return Response(draw(index, side), media_type="image/jpeg", headers=CACHED)

    app.mount("/page", StaticFiles(directory=PAGE), name="page")
    return app


def look(desk: Desk, command: str) -> View:
    """Return what the page shows now."""
    with desk.lock:
        session = desk.session
        question, standing = session.question(), session.standing()
        groups = session.images.groups
        shown = set(question.images)
        copies = sum(int(groups[index]) in shown for index in range(len(groups))) - len(shown)
        return View(
            folder=session.images.root.name or str(session.images.root),
            turn=len(session.answers),
            question=question,
            names=tuple(session.images.names[index] for index in question.shown),
            copies=copies,
            unseen=len(question.images) - len(question.shown),
            counts=standing.counts,
            images=standing.images,
            labelled=standing.labelled,
            drawn=standing.drawn,
            to_draw=standing.to_draw,
            lines=describe(standing),
            stands=standing.stands,
            command=command if standing.is_trainable else "",
        )


def describe(standing: Standing) -> tuple[str, ...]:
    """Say what has been reached, a sentence each."""
    lines = []
    if standing.accuracy is not None:
        lines.append(f"The classifier is right on {standing.accuracy}.")
    if standing.clusters is not None:
        lines.append(f"Names of clusters were right on {standing.clusters}.")
    if standing.proposals is not None:
        lines.append(f"The proposals are right on {standing.proposals}.")
    if standing.stands and not standing.done:
        most = 100 * max(standing.changed)
        lines.append(f"The last rounds changed at most {most:.1f} % of its guesses: it stands.")
    return tuple(lines)


def shrink(path: Path, side: int) -> bytes:
    """Return an image as JPEG whose longer side has at most so many pixels.

    Raises:
        ImageError: it cannot be read.
    """

    def reduction(rows: int, columns: int) -> int:
        return next((by for by in (8, 4, 2) if max(rows, columns) >= by * side), 1)

    with hold_decoded(path, reduction=reduction) as decoded:
        image = decoded.image.copy()
    image.thumbnail((side, side))
    kept = io.BytesIO()
    image.save(kept, "JPEG", quality=QUALITY)
    return kept.getvalue()
