"""One page's questions, answered one by one; a newer question takes the place of an older.

Quick questions and those that take seconds go two ways side by side, so that the pointer is
answered while a network learns; what takes seconds pauses meanwhile. Of some kinds only the newest
waits: what the pointer has left is not worked out.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial

import numpy as np
from fastapi import WebSocket, WebSocketDisconnect

from striate.errors import SettingError, StriateError
from striate.model.json_value import Json
from striate.serving.refusals import describe_fault
from striate.studio_app.frames import pack, unpack
from striate.studio_app.question import Answer, Question, Superseded, Tell
from striate.studio_app.rooms import KINDS, read_question
from striate.studio_app.scenes import tell_answer
from striate.studio_app.studio import Studio
from striate.studio_app.worker import Worker

LOG = logging.getLogger("striate")
WAITING = 400  # questions of a page that wait, at most
TOLD = 0.1  # seconds from one word of progress to the next
NICE = 5  # of what takes seconds: the browser and quick answers go first
PATIENCE = 0.25  # seconds that what takes longer pauses for the quick questions, at most


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture of the camera's.

    Attributes:
        id: of the message.
        network: that looks at it.
        pixels: uint8 (rows, columns, 3).
    """

    id: int
    network: str
    pixels: np.ndarray
    kind: str = "frame"

    @staticmethod
    def read(message: bytes) -> Frame:
        """Return what a message of the page holds.

        Raises:
            SettingError: it is no picture.
        """
        said, arrays = unpack(message)
        number, network, pixels = said.get("id"), said.get("network"), arrays.get("pixels")
        if not isinstance(number, int) or not isinstance(network, str) or pixels is None:
            raise SettingError("the camera's picture cannot be read")
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
            raise SettingError(f"a picture of {pixels.shape}; expected uint8 rows x columns x 3")
        return Frame(number, network, pixels)


Asked = Question | Frame


class Waiting:
    """Questions that wait, the oldest first.

    >>> import asyncio
    >>> from striate.studio_app.rooms.inside_questions import Walk
    >>> line = Waiting()
    >>> old, new = (Walk(n, "walk", "digits", "digits/0", 0) for n in (1, 2))
    >>> line.put(old), line.put(new) is old, asyncio.run(line.take()) is new
    (None, True, True)
    """

    def __init__(self) -> None:
        self._asked: OrderedDict[tuple[str, int], Asked] = OrderedDict()
        self._some = asyncio.Event()

    def put(self, asked: Asked) -> Asked | None:
        """Let a question wait; return the one whose place it takes."""
        newest = isinstance(asked, Frame) or KINDS[asked.kind].newest
        key = (asked.kind, 0 if newest else asked.id)
        dropped = self._asked.pop(key, None)
        self._asked[key] = asked
        if len(self._asked) > WAITING:
            dropped = self._asked.popitem(last=False)[1]
        self._some.set()
        return dropped

    def holds_newer(self, asked: Asked) -> bool:
        """Whether a question waits that takes the place of this one, which is being answered."""
        return (asked.kind, 0) in self._asked

    @property
    def is_empty(self) -> bool:
        """Whether none waits."""
        return not self._asked

    async def take(self) -> Asked:
        """Return the oldest, once there is one."""
        while not self._asked:
            self._some.clear()
            await self._some.wait()
        return self._asked.popitem(last=False)[1]


class Conversation:
    """Talks with one page.

    Args:
        socket: accepted already.
        studio: what its questions are answered from.
    """

    def __init__(self, socket: WebSocket, studio: Studio) -> None:
        self._socket, self._studio = socket, studio
        self._quick_line, self._slow_line = Waiting(), Waiting()
        self._idle = threading.Event()  # no quick question waits or is being answered
        self._idle.set()
        self._gone = False  # the page
        self._sending = asyncio.Lock()
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        """Answer until the page goes."""
        quick, slow = Worker[Answer](), Worker[Answer](NICE)
        tasks = [
            asyncio.create_task(self._work(self._quick_line, quick)),
            asyncio.create_task(self._work(self._slow_line, slow)),
        ]
        try:
            while True:
                await self._hear()
        except WebSocketDisconnect:
            pass
        finally:
            self._gone = True
            for task in tasks:
                task.cancel()
            for worker in (quick, slow):
                worker.end()

    async def _hear(self) -> None:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
        try:
            asked: Asked = (
                read_question(message["text"])
                if message.get("text") is not None
                else Frame.read(message["bytes"])
            )
        except SettingError as error:
            await self._send(pack({"id": -1, "error": str(error)}))
            return
        slow = not isinstance(asked, Frame) and KINDS[asked.kind].slow
        line = self._slow_line if slow else self._quick_line
        if not slow:
            self._idle.clear()
        dropped = line.put(asked)
        if dropped is not None:
            await self._send(pack({"id": dropped.id, "dropped": True}))

    async def _work(self, line: Waiting, worker: Worker[Answer]) -> None:
        while True:
            asked = await line.take()
            about: dict[str, Json] = {"id": asked.id, "kind": asked.kind}
            try:
                found = await worker.run(partial(self._answer, asked, line))
                message = pack({**found.said, **about}, found.arrays)
            except Superseded:
                message = pack({**about, "dropped": True})
            except StriateError as error:
                message = pack({**about, "error": str(error)})
            except Exception as error:
                LOG.exception("a fault of Striate's own")
                message = pack({**about, "error": describe_fault(error)})
            await self._send(message)
            if line is self._quick_line and line.is_empty:
                self._idle.set()

    def _answer(self, asked: Asked, line: Waiting) -> Answer:
        if isinstance(asked, Frame):
            return self._see(asked)
        return KINDS[asked.kind].answer(self._studio, asked, self._teller(asked, line))

    def _see(self, frame: Frame) -> Answer:
        scene = self._studio.scenes.see(frame.network, frame.pixels)
        odds = scene.network.classifier.decision.probabilities(scene.logits[None])[0]
        return Answer(
            {"answer": tell_answer(scene.answer)},
            {
                "pixels": np.ascontiguousarray(scene.image.pixels.transpose(1, 2, 0)),
                "logits": scene.logits,
                "probabilities": np.asarray(odds, np.float64),
            },
        )

    def _teller(self, asked: Asked, line: Waiting) -> Tell:
        last, newest = 0.0, isinstance(asked, Frame) or KINDS[asked.kind].newest

        def tell(what: str, share: float) -> None:
            nonlocal last
            if line is self._slow_line:
                self._idle.wait(PATIENCE)
            if line.holds_newer(asked) or (self._gone and newest):
                raise Superseded
            if time.monotonic() - last < TOLD:
                return
            last = time.monotonic()
            said: dict[str, Json] = {"id": asked.id, "progress": what, "share": share}
            asyncio.run_coroutine_threadsafe(self._send(pack(said)), self._loop)

        return tell

    async def _send(self, message: bytes) -> None:
        async with self._sending:
            try:
                await self._socket.send_bytes(message)
            except (WebSocketDisconnect, RuntimeError):
                return  # the page has gone, and the answer with it
