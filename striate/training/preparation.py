"""From images on a disk to a run that can begin: reading, splitting, choosing, measuring."""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import indent
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric

from striate.architecture.notation import parse, source
from striate.backends import precision
from striate.backends.precision import Precision
from striate.backends.torch import build
from striate.data import (
    Collection,
    Images,
    Split,
    Survey,
    find,
    format_count,
    load,
    split_stratified,
    survey,
    write_skipped,
    write_split,
)
from striate.data.augmentation import Augmentation
from striate.data.images import Preprocess
from striate.errors import RunError, WeightsError
from striate.events import Callback, Note
from striate.features.backbone import Backbone, open_backbone
from striate.model.run_folder import RunFolder, report_write_errors
from striate.settings import Settings
from striate.terminal.progress import ProgressReporter
from striate.training import autotune, checkpoints, defaults, transfer
from striate.training.distributed.devices import Team, fabric_for, team_for
from striate.training.distributed.sharing import memory_for, shared
from striate.training.loop import Part, Recipe

Say = Callable[[str], None]


@dataclass(frozen=True)
class Prepared:
    """Everything a run needs to begin or to go on.

    Attributes:
        collection: names, labels and classes of the images.
        images: decoded, at the network's size.
        split: which of them train, validate and test.
        preprocess: how they were and will be made.
        text: the network; None where a torch module was given.
        recipe: how the weights are learnt.
        epochs: passes, or 0 where minutes end the run.
        minutes: of the whole run, or 0 where epochs end it.
        threads: CPU threads.
        fabric: device and precision.
        skipped: (name, reason) of everything that is not used.
        body: what the run starts from; None from scratch, and where a checkpoint holds it.
    """

    collection: Collection
    images: Images
    split: Split
    preprocess: Preprocess
    text: str | None
    recipe: Recipe
    epochs: int
    minutes: float
    threads: int
    fabric: Fabric
    skipped: tuple[tuple[str, str], ...]
    body: Backbone | None = None

    @property
    def training(self) -> Part:
        """The images that are learnt from."""
        return Part(self.images, self.split.train, self.collection.labels)

    @property
    def validation(self) -> Part:
        """The images that choose the best state."""
        return Part(self.images, self.split.val, self.collection.labels)


def source_text(network: str | Path | None) -> str | None:
    """Give the text of a network: itself, a known network's, or that in the .cnn file it names.

    ``compact`` is what is chosen where none is given, so it gives None as well.

    Raises:
        NotationError: the file is missing, or the text cannot be read.

    >>> source_text("flatten > fc"), source_text("compact")
    ('flatten > fc', None)
    """
    if network is None or (isinstance(network, str) and network.strip() == "compact"):
        return None
    text = source(network)
    parse(text)
    return text


def check(settings: Settings) -> Team:
    """Refuse settings that make no sense here, before any image is read; give who is to work.

    Raises:
        SettingError: one is out of range, or this machine lacks the device.
    """
    settings.check()
    if settings.precision != "auto":
        precision.fixed(settings.precision)
    return team_for(settings.device, settings.devices)


def collect(data: str | Path) -> Collection:
    """Find the images of a run."""
    return find(data)


@contextmanager
def prepare(
    folder: RunFolder,
    record: dict[str, Any],
    collection: Collection,
    *,
    team: Team | None = None,
    say: Say,
    callback: Callback,
) -> Iterator[Prepared]:
    """Make a run ready; what was chosen before, for a run that goes on, is kept.

    Args:
        folder: the run's folder; split.csv and skipped.csv are written there.
        record: the run's record; "chosen" and "data" are filled in where they are not yet.
        collection: the images.
        team: the processes that work together; None stands for this one alone.
        say: is told each decision.
        callback: is told the progress.

    Raises:
        DataError: the data cannot be trained on.
        RunError: the data is not what it was when the run began.
    """
    settings = Settings.from_json(record["settings"])
    chosen = record["chosen"]
    team = team or team_for(settings.device, 1)
    for note in collection.notes:
        say(note)
    looks = functools.cache(lambda: survey(collection))  # every header is read once at most
    body = None
    if not checkpoints.exists(folder.path):  # which holds the body's weights too
        body = _body(record, settings, collection, looks=looks, say=say, callback=callback)
    if chosen is not None:
        preprocess = Preprocess.from_json(chosen["preprocess"])
    elif body is not None:
        preprocess = body.preprocess
    else:
        preprocess = defaults.preprocess_for(looks(), settings, record["network_given"], say)
    with load(
        collection,
        preprocess,
        memory=memory_for(collection, settings.memory, team),
        cache=folder.cache,
        progress=ProgressReporter("reading", callback),
    ) as images:
        fraction = settings.val_fraction or defaults.validation_fraction(collection)
        split = split_stratified(collection, images, seed=settings.seed, fraction=fraction)
        for note in (*images.notes, *split.notes):
            say(note)
        skipped = [*collection.skipped, *images.skipped, *split.skipped]
        described = _described(collection, images, split, len(skipped))
        if chosen is not None:
            _check_same(record, described, collection.source)
        with report_write_errors(folder.path):
            write_skipped(folder.skipped, skipped)
            write_split(folder.split, collection, split)
        collection = split.collection
        if left_out := len(skipped):
            say(f"{format_count(left_out, 'file')} not used; skipped.csv says which and why")
        if chosen is not None and chosen.get("processes", 1) != team.size:
            chosen["threads"] = settings.threads or torch.get_num_threads()
            chosen |= shared(chosen, settings, team, len(split.train), say=say)
        if chosen is None:
            record["data"] |= described
            if body is None:
                preprocess = defaults.with_statistics(
                    preprocess, images, split.train, settings.seed
                )
            chosen = _choose(record, settings, collection, split, preprocess, body=body, say=say)
            chosen |= shared(chosen, settings, team, len(split.train), say=say)
            part = Part(images, split.train, collection.labels)
            chosen |= autotune.choose(chosen, settings, part, say=say)
            record["chosen"] = chosen
            if chosen["network"]:
                callback(Note("the network:\n" + indent(chosen["network"], "    ")))
        way = precision.fixed(str(chosen["precision"]).replace(" ", "-"))
        yield Prepared(
            collection=collection,
            images=images,
            split=split,
            preprocess=preprocess,
            text=chosen["network"],
            recipe=_recipe(chosen, settings, way),
            epochs=chosen["epochs"],
            minutes=chosen["minutes"],
            threads=chosen["threads"],
            fabric=fabric_for(team.device, way, team),
            skipped=tuple((entry.name, entry.reason) for entry in skipped),
            body=body,
        )


def _body(
    record: dict[str, Any],
    settings: Settings,
    collection: Collection,
    *,
    looks: Callable[[], Survey],
    say: Say,
    callback: Callback,
) -> Backbone | None:
    """Open the trained body that the run starts from: the one asked for, or one that suits."""
    if settings.body is not None:
        return open_backbone(settings, looks=looks, say=say, callback=callback)
    chosen = record["chosen"]
    if chosen is not None:  # decided before
        if "transfer" not in chosen:
            return None
        return open_backbone(
            replace(settings, body=record["body"]), looks=looks, say=say, callback=callback
        )
    record.setdefault("body", None)
    given = (
        record["network_given"] is not None or record["module_given"] or record.get("from_scratch")
    )
    reason = "" if given else defaults.reason_for_transfer(collection, looks, settings)
    if not reason:
        return None
    try:
        body = open_backbone(
            replace(settings, body=defaults.BODY), looks=looks, say=say, callback=callback
        )
    except WeightsError as error:
        say(
            f"{reason} would learn more from a trained network, but its weights cannot be had: "
            f"{error}; the run goes on from scratch (with the file at hand: --from "
            f"{defaults.BODY} --weights FILE)"
        )
        return None
    say(
        f"{reason}: the run starts from a trained network, {body.words}, and learns a new head "
        "(--network compact trains from scratch)"
    )
    record["body"] = defaults.BODY
    return body


def _check_same(record: dict[str, Any], described: dict[str, Any], source: str) -> None:
    """Refuse to go on with other images, labels or parts than the run began with."""
    if record["data"]["fingerprint"] != described["fingerprint"]:
        raise RunError(
            f"the images of '{source}' are not what they were when the run "
            f"began ({record['data']['images']:,} then, {described['images']:,} now, or "
            "others, or in other parts); put them back, or start a new run"
        )


def _choose(
    record: dict[str, Any],
    settings: Settings,
    collection: Collection,
    split: Split,
    preprocess: Preprocess,
    *,
    body: Backbone | None,
    say: Say,
) -> dict[str, Any]:
    """Choose everything but the precision, as plain values for the record."""
    shape = (preprocess.channels, preprocess.height, preprocess.width)
    classes = collection.classes
    text = None
    if not record["module_given"] and body is None:
        text = defaults.network_text(record["network_given"], shape, len(classes), say)
    n = len(split.train)
    batch = min(settings.batch or defaults.batch_size(n), n)
    if batch == 1 and n > 1 and defaults.normalises(text):
        batch = 2
        say("a step has 2 images, not 1: batch normalisation needs more than one")
    augmentation = defaults.augmentation_for(preprocess, classes, settings)
    if body is None or settings.unfreeze is not None:
        say(f"training images are changed a little: {augmentation}")
    minutes = settings.minutes or 0.0
    rate = settings.learning_rate
    if rate is None:
        rate = defaults.learning_rate(build(text)) if text else defaults.PLAIN_RATE
    chosen = {
        "network": text,
        "preprocess": preprocess.as_json(),
        "epochs": 0 if minutes else settings.epochs or defaults.epochs_for(n),
        "minutes": minutes,
        "batch": batch,
        "learning_rate": rate,
        "class_weights": defaults.class_weights(collection, split, settings.balance, say),
        "augmentation": augmentation.as_json(),
        "threads": settings.threads or torch.get_num_threads(),
    }
    if body is not None:
        chosen |= transfer.choose(body, settings, classes=len(classes))
        for note in transfer.spoken(chosen, n):
            say(note)
    return chosen


def _recipe(chosen: dict[str, Any], settings: Settings, way: Precision) -> Recipe:
    weights = chosen["class_weights"]
    return Recipe(
        batch=chosen["batch"],
        learning_rate=chosen["learning_rate"],
        weight_decay=settings.weight_decay,
        label_smoothing=settings.label_smoothing,
        class_weights=None if weights is None else tuple(weights),
        augmentation=Augmentation(**chosen["augmentation"]),
        patience=settings.patience,
        precision=way,
        seed=settings.seed,
        shares=tuple((name, share) for name, share in chosen.get("transfer", {}).get("shares", ())),
        hold_statistics="transfer" in chosen and settings.hold_statistics,
    )


def _described(
    collection: Collection, images: Images, split: Split, skipped: int
) -> dict[str, Any]:
    """Say what the data is: counts, and a fingerprint of names, labels, pixels and parts."""
    kept = split.collection
    total = hashlib.sha256()
    for name, label in zip(collection.names, collection.labels.tolist(), strict=True):
        total.update(f"{name}\t{label}\n".encode("utf-8", "surrogateescape"))
    for values in (images.hashes, split.train, split.val, split.test):
        total.update(np.ascontiguousarray(values).tobytes() + b"\n")
    counts = {}
    for part, indices in (("train", split.train), ("val", split.val), ("test", split.test)):
        found = Counter(kept.labels[indices].tolist())
        counts[part] = {name: found[number] for number, name in enumerate(kept.classes)}
    return {
        "name": Path(collection.source).name,
        "kind": collection.kind,
        "images": len(collection.names),
        "skipped": skipped,
        "classes": list(kept.classes),
        "counts": counts,
        "fingerprint": total.hexdigest()[:32],
    }
