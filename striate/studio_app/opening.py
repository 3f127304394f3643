"""The studio opened: what there is to look at, a port, an address, and a browser."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import torch
from torch import nn

from striate.backends.fx import from_torch
from striate.backends.onnx import Trained
from striate.backends.torch import build, eval_mode
from striate.backends.torch.network import Net
from striate.data.images import Preprocess
from striate.errors import NotationError, SettingError
from striate.model.classifier import Classifier
from striate.model.classifier_like import ClassifierLike, open_classifier
from striate.serving.listening import check_port

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

    from striate.serving.access import Pass

NEEDED = ("fastapi", "uvicorn", "websockets")
LARGEST_MESSAGE = 16 * 2**20  # bytes: a picture of the camera's is far below
SWITCH = 0.001  # seconds that one thread may keep Python while another waits for it
OWN = "here"  # the name of the studio's own folder in addresses


@dataclass(frozen=True, eq=False)
class OpenStudio:
    """A studio that listens.

    Attributes:
        address: to open first, with the token.
        notes: what is to be said besides, a line each.
        server: answers once it runs.
        listening: the socket that it answers on.
    """

    address: str
    notes: tuple[str, ...]
    server: uvicorn.Server
    listening: socket.socket

    def run(self) -> None:
        """Answer until Ctrl-C."""
        gc.collect()
        gc.freeze()  # else all of torch's objects are gone through now and then, for 0.15 s
        sys.setswitchinterval(SWITCH)
        self.server.run(sockets=[self.listening])

    @contextmanager
    def ended_by_ctrl_c(self) -> Iterator[None]:
        """Let Ctrl-C end the server from now on, before it runs, too; it is raised at the end.

        Python would drop one that comes while garbage is collected, and the server one that comes
        while it starts. Outside the main thread, where signals cannot be handled, nothing changes.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        asked = []

        def end(number: int, frame: FrameType | None) -> None:
            asked.append(number)
            self.server.should_exit = True

        before = signal.signal(signal.SIGINT, end)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
        if asked:
            raise KeyboardInterrupt


def studio(
    model: ClassifierLike | nn.Module | None = None,
    *,
    folder: str | Path = ".",
    read: Sequence[str | Path] = (),
    port: int = 0,
    browser: bool = True,
    link: str = "",
    preprocess: Preprocess | None = None,
) -> None:
    """Open a live page of this machine that shows how a network sees; Ctrl-C ends it.

    In a notebook it goes on in the background, and the next cell can be run.

    Args:
        model: a network to look into: a classifier, its file, its run's folder, what `train`
            returned, or a torch module. The zoo and what lies below the folders are there anyway.
        folder: where it reads and writes.
        read: folders that it reads besides.
        port: of 127.0.0.1; 0 takes any that is free.
        browser: whether a browser is opened.
        link: a place in the studio, what follows "#" in its address.
        preprocess: how images become the input of a torch module, which does not say it itself.

    Raises:
        SettingError: the port is taken, a folder is none, the extra is missing, or a torch
            module came without preprocessing.
        ClassifierError: the classifier cannot be opened.

    Example: ``st.studio(module, preprocess=st.Preprocess(3, 32, 32))``.
    """
    check_port(port)
    given = {} if model is None else {_name_of(model): to_classifier(model, preprocess)}
    opened = open_studio(Path(folder), read=read, modules=given, port=port, link=link)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        with opened.ended_by_ctrl_c():
            announce(opened, browser=browser, say=_write_line)
            opened.run()
    else:  # a notebook has a loop of its own under way
        announce(opened, browser=browser, say=_write_line)
        threading.Thread(target=opened.run, daemon=True).start()


def announce(opened: OpenStudio, *, browser: bool, say: Callable[[str], None]) -> None:
    """Print the address of a live page, say what there is to say of it, and open it.

    Args:
        opened: the page.
        browser: whether a browser is to show it.
        say: is told the notes, and where no browser could be opened.
    """
    _write_line(opened.address)
    for note in opened.notes:
        say(note)
    if browser and not show(opened.address):
        say(NO_BROWSER)


def _write_line(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


NO_BROWSER = "no browser could be opened here: open the address above in one"


def open_studio(
    folder: Path,
    *,
    read: Sequence[str | Path] = (),
    modules: dict[str, Classifier] | None = None,
    port: int = 0,
    link: str = "",
) -> OpenStudio:
    """Return a studio that listens already, and answers once it is run.

    Args:
        folder: where it reads and writes.
        read: folders that it reads besides.
        modules: networks that were given, by name.
        port: 0 takes any that is free.
        link: a place in it.

    Raises:
        SettingError: the port is taken, a folder is none, or the extra is missing.
    """
    check_extra("the studio")
    from striate.serving.confined_paths import ConfinedFolders
    from striate.serving.listening import listen
    from striate.studio_app.application import make_app

    folders = ConfinedFolders.of([folder, *map(Path, read)], names=[OWN])
    notes = []
    if not os.access(folder, os.W_OK):
        notes.append(
            f"'{folder}' cannot be written: what learns here is kept in a temporary folder"
        )
    return open_page(
        lambda entry: make_app(folders, folder, modules or {}, entry),
        listening=listen(port),
        link=link,
        notes=notes,
    )


def check_extra(what: str) -> None:
    """Make sure that the extra is installed which a live page needs.

    Args:
        what: needs it, as a message begins.

    Raises:
        SettingError: it is not.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise SettingError(
            f"{what} needs the extra: pip install 'striate[studio]' ({', '.join(missing)} "
            "is not installed)"
        )


def open_page(
    make: Callable[[Pass], FastAPI],
    *,
    listening: socket.socket,
    link: str = "",
    notes: Sequence[str] = (),
) -> OpenStudio:
    """Return a live page of this machine that listens already, and answers once it is run.

    Args:
        make: returns the application, given what lets a page in.
        listening: from `striate.serving.listening.listen`.
        link: a place in the page.
        notes: what is to be said besides, after how to reach it.
    """
    import uvicorn

    from striate.serving.access import Pass
    from striate.serving.listening import HOST, find_ssh_tunnel

    entry = Pass()
    own = int(listening.getsockname()[1])
    config = uvicorn.Config(
        make(entry),
        log_level="warning",
        access_log=False,
        ws="websockets-sansio",
        ws_max_size=LARGEST_MESSAGE,
        ws_per_message_deflate=False,  # packing numbers takes longer than sending them to oneself
        timeout_graceful_shutdown=1,
        server_header=False,
    )
    tunnel = find_ssh_tunnel(own)
    reach = [] if tunnel is None else [f"on the machine you sit at, run first: {tunnel}"]
    place = link.strip().rpartition("#")[2]
    address = f"http://{HOST}:{own}/?token={entry.token}" + (f"#{place}" if place else "")
    return OpenStudio(address, (*reach, *notes), uvicorn.Server(config), listening)


def show(address: str) -> bool:
    """Open a browser; tell whether there is one that opens a window."""
    seen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if "SSH_CONNECTION" in os.environ or (sys.platform.startswith("linux") and not seen):
        return False
    return webbrowser.open(address)


def to_classifier(model: ClassifierLike | nn.Module, preprocess: Preprocess | None) -> Classifier:
    """Return a torch module as a classifier whose classes have numbers; others as they are.

    A module that can be written in the notation is, so that every step of it is a layer; another
    is looked into as far as its own submodules go.

    Raises:
        SettingError: the module came without preprocessing, or gives no number a class.

    >>> layers = nn.Flatten(), nn.Linear(16, 3)
    >>> to_classifier(nn.Sequential(*layers), Preprocess(1, 4, 4))
    Classifier of 3 classes (class 0, class 1, class 2): 51 parameters, grey images of 4x4
    """
    if not isinstance(model, nn.Module):
        return open_classifier(model)
    if preprocess is None:
        if not isinstance(model, Net):
            raise SettingError(
                f"{type(model).__name__} is a torch module, which does not say what goes in; give "
                "preprocess=st.Preprocess(channels, height, width), on the command line --input"
            )
        channels, rows, columns = model.plan.input
        preprocess = Preprocess(channels, rows, columns)
    values = torch.rand(1, *preprocess.shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad(), eval_mode(model):
        answer = model(values)
    if not isinstance(answer, torch.Tensor) or answer.ndim != 2:
        raise SettingError(
            f"{type(model).__name__} gives "
            f"{tuple(answer.shape) if isinstance(answer, torch.Tensor) else type(answer).__name__}"
            "; expected a number a class, (1, classes)"
        )
    classes = tuple(f"class {number}" for number in range(answer.shape[1]))
    try:
        read = from_torch(model, preprocess.shape)
    except NotationError:
        return Classifier(model, None, classes, preprocess)
    module = build(read.network, seed=None)
    module.load_state_dict(read.weights(model), strict=False)
    with torch.no_grad(), eval_mode(module):
        same = torch.allclose(module(values), answer, rtol=1e-3, atol=1e-4)
    if not same:
        return Classifier(model, None, classes, preprocess)
    held = Trained.of(module.plan, module.state_dict())
    return Classifier(held, str(read.network), classes, preprocess)


def _name_of(model: object) -> str:
    return type(model).__name__ if isinstance(model, nn.Module) else "model"
