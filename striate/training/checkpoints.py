"""A run put down between two steps, and taken up again; safetensors, no pickle."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from striate.errors import RunError
from striate.files.atomic_write import write_atomically
from striate.files.tensor_file import write_tensors
from striate.training.state import Counters, State

FILE = Path("checkpoints") / "last.safetensors"
BACKBONE = Path("checkpoints") / "body.safetensors"  # its first name, which every run has kept
PAUSE = 5.0  # seconds between two checkpoints, at least
SHARE = 0.02  # of the time may go into checkpoints


class Saver:
    """Writes checkpoints, but spends no more than a small share of the time on them."""

    def __init__(self, run: Path, state: State, say: Callable[[str], None]) -> None:
        self._run, self._state, self._say = run, state, say
        self._due = time.perf_counter() + PAUSE

    def save_if_due(self) -> None:
        """Write a checkpoint where the last one is long enough ago."""
        if time.perf_counter() >= self._due:
            self.save()

    def save(self) -> None:
        """Write a checkpoint now."""
        begun = time.perf_counter()
        try:
            write(self._run, self._state)
        except RunError as error:
            self._say(f"{error}; training goes on, but could not be resumed from here")
        ended = time.perf_counter()
        self._due = ended + max(PAUSE, (ended - begun) / SHARE)


def write(run: Path, state: State) -> None:
    """Write the state of a run into its folder, whole or not at all.

    Raises:
        RunError: the disk is full, or the folder cannot be written to.
    """
    path = run / FILE
    tensors = {f"module.{name}": value for name, value in state.module.state_dict().items()}
    tensors |= {f"best.{name}": value for name, value in state.best.items()}
    for number, values in state.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{name}": value for name, value in values.items()}
    counters = {"state": json.dumps(state.counters().as_json())}
    try:
        with write_atomically(path) as partial:
            write_tensors(partial, tensors, counters)
    except (OSError, TypeError) as error:
        raise RunError(f"the checkpoint '{path}' cannot be written: {error}") from error


def write_backbone(
    run: Path, tensors: Mapping[str, torch.Tensor], seen: Mapping[str, np.ndarray]
) -> None:
    """Keep what fine-tuning begins with: to say how far it moved, and what it had seen.

    Args:
        run: the run's folder.
        tensors: the backbone's weights.
        seen: hashes (uint64) of the images that it had used before.

    Raises:
        RunError: the disk is full, or the folder cannot be written to.
    """
    path = run / BACKBONE
    try:
        with write_atomically(path) as partial:
            kept = {f"body.{name}": value.contiguous() for name, value in tensors.items()}
            for part, hashes in seen.items():
                kept[f"seen.{part}"] = torch.from_numpy(hashes.view(np.int64).copy())
            save_file(kept, partial)
    except (OSError, SafetensorError) as error:
        raise RunError(f"'{path}' cannot be written: {error}") from error


def read_backbone(run: Path) -> tuple[dict[str, torch.Tensor], dict[str, np.ndarray]] | None:
    """Read the weights that fine-tuning began with and what they had seen; None without them."""
    try:
        kept = load_file(run / BACKBONE)
    except (OSError, SafetensorError):
        return None
    seen = _under(kept, "seen.")
    return _under(kept, "body."), {part: v.numpy().view(np.uint64) for part, v in seen.items()}


def exists(run: Path) -> bool:
    """Say whether a run has a checkpoint to go on from."""
    return (run / FILE).is_file()


def read(run: Path, state: State) -> None:
    """Take up a run where its checkpoint left it: fill the state in place.

    Raises:
        RunError: the checkpoint is damaged or does not fit the network.
    """
    path = run / FILE
    try:
        with safe_open(path, framework="pt") as file:
            counters = Counters.from_json(json.loads((file.metadata() or {})["state"]))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        state.module.load_state_dict(_under(tensors, "module."))
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise RunError(
            f"the checkpoint '{path}' cannot be used ({error}); start a new run"
        ) from error
    state.best = _under(tensors, "best.")
    slots: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in _under(tensors, "optimizer.").items():
        number, slot = name.split(".", 1)
        slots.setdefault(int(number), {})[slot] = value
    groups = state.optimizer.state_dict()["param_groups"]
    state.optimizer.load_state_dict({"state": slots, "param_groups": groups})
    state.restore(counters)


def _under(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """Give the tensors whose name begins with a prefix, without it."""
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }
