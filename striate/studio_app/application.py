"""The page over HTTP: its files, its lists, uploads, and the conversation of each page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from fastapi import FastAPI, Query, Request, Response, WebSocket
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from striate import __version__
from striate.errors import SettingError
from striate.model.classifier import Classifier
from striate.serving.access import Access, Pass
from striate.serving.confined_paths import ConfinedFolders
from striate.serving.refusals import say_refusals
from striate.studio_app.conversation import Conversation
from striate.studio_app.images import ImageEntry
from striate.studio_app.networks import NetworkEntry
from striate.studio_app.studio import Studio

PAGE = Path(__file__).parent / "page"
CACHED = {"cache-control": "private, max-age=3600"}


@dataclass(frozen=True)
class Offer:
    """What there is to look at.

    Attributes:
        version: of Striate.
        folder: that is read and written.
        has_digits: whether the first button's network has learnt.
        networks: in the order of the list.
        images: likewise.
    """

    version: str
    folder: str
    has_digits: bool
    networks: list[NetworkEntry]
    images: list[ImageEntry]


def fill_page(title: str, *, style: str, script: str) -> str:
    """Return the HTML that a live page begins with; its script makes the rest.

    Args:
        title: of the window.
        style: the page's own, a path below page/.
        script: likewise.
    """
    page = Template((PAGE / "index.html").read_text("utf-8"))
    return page.substitute(title=title, style=style, script=script)


def make_app(
    folders: ConfinedFolders, folder: Path, modules: Mapping[str, Classifier], entry: Pass
) -> FastAPI:
    """Return the application.

    Args:
        folders: what may be read.
        folder: where runs are written.
        modules: torch modules that were given, by name, as classifiers.
        entry: the token and the cookie that let a page in.
    """
    studio = Studio.of(folders, folder, modules)
    networks, images = studio.networks, studio.images
    app = FastAPI(title="Striate studio", version=__version__, docs_url=None, redoc_url=None)
    app.add_middleware(Access, entry=entry)
    say_refusals(app)

    @app.get("/", include_in_schema=False)
    async def index() -> HTMLResponse:
        return HTMLResponse(fill_page("Striate studio", style="parts.css", script="main.js"))

    @app.get("/api/offer")
    def offer() -> Offer:
        """List the networks and images."""
        return Offer(
            __version__, folder.name, networks.has_digits, networks.entries(), images.entries()
        )

    @app.get("/api/thumbnail")
    def thumbnail(address: str = Query(max_length=500)) -> Response:
        """Return a small PNG of an image."""
        return Response(images.thumbnail(address), media_type="image/png", headers=CACHED)

    @app.post("/api/images")
    async def upload(request: Request, name: str = Query("image", max_length=200)) -> ImageEntry:
        """Take an image: the bytes of its file are the body."""
        content = await request.body()
        if not content:
            raise SettingError("the file is empty")
        return await run_in_threadpool(images.upload, name, content)

    @app.websocket("/live")
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        await Conversation(socket, studio).run()

    app.mount("/page", StaticFiles(directory=PAGE), name="page")
    return app
