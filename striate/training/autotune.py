"""How a run computes its steps, chosen by timing a few of them, and how fast it then is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import torch

from striate.architecture.layer_table import summary
from striate.backends import allocator, precision
from striate.backends.peak import Reach, reach
from striate.backends.torch import build, normalised
from striate.data import format_count
from striate.data.images import Preprocess
from striate.events import Epoch
from striate.settings import Settings
from striate.terminal.units import format_duration
from striate.training.loop import Part

WORTH = 10.0  # seconds a training takes, from which its reach is worth measuring

Say = Callable[[str], None]


def choose(chosen: dict[str, Any], settings: Settings, part: Part, *, say: Say) -> dict[str, Any]:
    """Choose precision and threads: those that were set, or the fastest of a few measured steps.

    Args:
        chosen: what the run has chosen so far.
        settings: what the user has set.
        part: the training images.
        say: is told each decision.

    Returns:
        What to add to what was chosen: "precision", "measured" (images a second, by way), and
        "threads" where fewer are faster.
    """
    if "transfer" in chosen and not chosen["transfer"]["shares"]:
        return {"precision": str(precision.WAYS[0]), "measured": {}}  # nothing is trained in steps
    if settings.precision != "auto":
        return {"precision": str(precision.fixed(settings.precision)), "measured": {}}
    if chosen["network"] is None or chosen["device"] == "mps":
        say("precision is float32: it is measured only for networks given as text, on CPU or CUDA")
        return {"precision": str(precision.WAYS[0]), "measured": {}}
    processes = chosen.get("processes", 1)
    batch = part.indices[: chosen["batch"] // processes]
    preprocess = Preprocess.from_json(chosen["preprocess"])
    pixels = torch.from_numpy(part.images.take(batch)).to(chosen["device"])
    values = normalised(pixels.float(), preprocess)
    labels = torch.from_numpy(part.labels[batch]).to(chosen["device"])
    module = build(chosen["network"]).to(chosen["device"])
    threads: dict[int, float] = {}
    with precision.threads(chosen["threads"]), allocator.kept():
        seconds = precision.measure(module, values, labels)
        way = precision.fastest(seconds)
        if chosen["device"] == "cpu" and processes == 1 and settings.threads is None:
            threads = precision.by_threads(module, values, labels, way=way, first=seconds[way])
    rates = {str(key): round(len(batch) / value) for key, value in seconds.items()}
    told = ", ".join(f"{name} {rate:,}" for name, rate in rates.items())
    each = " and process" if processes > 1 else ""
    say(f"precision {way}, measured in images a second{each}: {told}")
    found: dict[str, Any] = {"precision": str(way), "measured": rates}
    step = seconds[way]
    if len(threads) > 1:
        found["threads"], step = list(threads.items())[-1]
        told = ", ".join(
            f"{round(len(batch) / one):,} on {number}" for number, one in threads.items()
        )
        say(
            f"{format_count(found['threads'], 'CPU thread')}, measured in images a second: {told} "
            "(--threads)"
        )
    if chosen["epochs"]:
        whole = chosen["epochs"] * len(part.indices) / (processes * len(batch) / step)
        say(
            f"{format_count(chosen['epochs'], 'epoch')} of "
            f"{format_count(len(part.indices), 'image')}: about {format_duration(whole)}"
        )
    if way.name == "bf16":
        say("training computes in bf16; the classifier is judged and used in float32")
    return found


def reached(text: str, epochs: Sequence[Epoch], device: str) -> tuple[float, Reach] | None:
    """Say how fast the training went, beside the most that the machine computes.

    Operations are those of conv and fc, forward and backward; an epoch's time holds all that
    its steps need, reading and changing the images too.

    Args:
        text: the network.
        epochs: the records of the training.
        device: of torch.

    Returns:
        Images a second (of the median epoch), and what that reaches; None where the training
        was too short to be worth measuring.
    """
    if sum(epoch.seconds for epoch in epochs) < WORTH:
        return None
    network = summary(text)
    rate = median(epoch.images_per_second for epoch in epochs)
    return rate, reach(2 * rate * (network.macs + network.backward_macs), device)
