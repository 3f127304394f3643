"""Films a run: after each epoch the filters, and one image's feature maps, into film/EPOCH.npz.

Nothing that is learnt depends on it: the image passes through the network between two epochs, in
evaluation mode, and draws no random number.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from striate.backends.torch import normalize
from striate.data import images
from striate.errors import ImageError, RunError
from striate.events import Epoch
from striate.explanation.film import (
    FOLDER,
    IMAGE,
    choose_convolutions,
    list_epochs,
    read_image,
    take_frame,
    write_frame,
    write_image,
)
from striate.training.plan import Plan
from striate.training.state import State

MOST = 200  # frames that are kept, beside epoch 0
Say = Callable[[str], None]


class Filming:
    """Writes a frame after each epoch, and thins the film where it grows long.

    Without an image it writes nothing.
    """

    def __init__(self, folder: Path, state: State, values: Tensor | None, say: Say) -> None:
        self._folder, self._state, self._values, self._say = folder, state, values, say

    def after(self, epoch: Epoch | None) -> None:
        """Write a frame of the network as it is now; a run goes on where that fails.

        Args:
            epoch: that is over; None before the first step.
        """
        if self._values is None:
            return
        number = 0 if epoch is None else epoch.epoch
        try:
            write_frame(self._folder, take_frame(self._state.module, self._values, epoch))
            for each in list_epochs(self._folder):
                if not is_kept(each, last=number):
                    (self._folder / f"{each}.npz").unlink(missing_ok=True)
        except OSError as error:
            self._say(f"--film: '{self._folder}' cannot be written ({error}); training goes on")


def begin(run: Path, image: str | None, plan: Plan, state: State, say: Say) -> Filming:
    """Begin the film of a run, or go on with it.

    Args:
        run: its folder.
        image: the image's file; of a run that goes on, what film/image.npz holds is taken.
        plan: of the run.
        state: where it stands: frames of later epochs are taken away.
        say: is told what cannot be filmed.

    Raises:
        ImageError: the image cannot be read.
        RunError: the film of a run that goes on is damaged.
    """
    folder = run / FOLDER
    there = choose_convolutions(state.module)
    if image is not None and not there:
        say("--film: the network has no convolution, so there is nothing to film")
    if image is None or not there:
        return Filming(folder, state, None, say)
    if (folder / IMAGE).is_file():
        _, _, pixels = read_image(folder)
    else:
        pixels = np.moveaxis(read(image, plan), 0, 2)
        try:
            write_image(folder, Path(image).name, pixels, plan.data.classes)
        except OSError as error:
            raise RunError(f"'{folder}' cannot be written: {error.strerror}") from error
    for epoch in list_epochs(folder):
        if epoch > state.epoch:
            (folder / f"{epoch}.npz").unlink(missing_ok=True)
    planes = torch.from_numpy(np.ascontiguousarray(np.moveaxis(pixels, 2, 0)))
    filming = Filming(folder, state, normalize(planes[None].float(), plan.preprocess), say)
    if not (state.epoch or state.step):
        filming.after(None)
    return filming


def read(image: str, plan: Plan) -> np.ndarray:
    """Read an image as the network sees it: uint8 (channels, rows, columns)."""
    try:
        return plan.preprocess.pixels(image)
    except ImageError as error:
        raise ImageError(f"--film: '{image}' cannot be read: {error}") from error


def check_image(image: str | None) -> None:
    """Make sure, before anything else is read, that the image of a film is one.

    Raises:
        ImageError: it is not.

    >>> check_image("nowhere.png")
    Traceback (most recent call last):
    striate.errors.ImageError: --film: 'nowhere.png' cannot be read: ...
    """
    if image is None:
        return
    try:
        images.decode(Path(image))
    except ImageError as error:
        raise ImageError(f"--film: '{image}' cannot be read: {error}") from error


def is_kept(epoch: int, *, last: int) -> bool:
    """Say whether the frame of an epoch is kept after the last one so far.

    All are, up to 200; then every second one and the last, beyond 400 every fourth, and so on.

    >>> [is_kept(epoch, last=201) for epoch in (0, 1, 2, 201)]
    [True, False, True, True]
    """
    step = 1
    while last > MOST * step:
        step *= 2
    return epoch % step == 0 or epoch == last


def explain_still(image: str | None, in_steps: bool) -> tuple[str, ...]:
    """Say that there is no film where only a head is learnt, since nothing in it would move."""
    if image is None or in_steps:
        return ()
    return (
        "--film: only the head is learnt, so filters and feature maps stay as they are and nothing "
        "is filmed; --unfreeze N trains on them, --network compact learns them from scratch",
    )
