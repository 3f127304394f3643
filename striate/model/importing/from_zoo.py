"""A classifier from a known network and weights that others have trained."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor

from striate.architecture import zoo
from striate.architecture.notation import ExpandedNetwork, expand, source
from striate.backends.onnx import Trained
from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import SettingError, WeightsError
from striate.events import Callback, Event, Note, ignore
from striate.files.home import expand_home
from striate.files.sha256 import compute_sha256
from striate.model.classifier import Classifier
from striate.model.importing import keras
from striate.model.importing.classes import read_classes
from striate.model.importing.from_model_file import import_model_file
from striate.model.importing.imported import Imported, wrong_count
from striate.model.importing.model_files import is_model_file
from striate.model.importing.preprocess_choice import UNKNOWN, Changes, choose, input_shape
from striate.model.json_value import Json
from striate.model.weights import (
    OFFICIAL,
    Official,
    compare,
    fetch,
    fill,
    find_official,
    find_official_file,
    read,
)
from striate.model.weights.official import CLASSES

IMAGENET = "imagenet"
NO_CLASSES = (
    "give --classes: a file with the name of each class in the order of the network's "
    "outputs, such as ImageNet's imagenet_class_index.json, or a text with a name a line"
)


def import_classifier(
    network: str | Path,
    weights: str | Path = IMAGENET,
    *,
    classes: str | Path | Sequence[str] | None = None,
    preprocess: Changes = None,
    map: Mapping[str, str] | str | Path | None = None,  # noqa: A002 (what it is)
    offline: bool = False,
    callback: Callback = ignore,
) -> Classifier:
    """Make a classifier of a network and weights that others have trained.

    Args:
        network: a known network by its name, a text in the notation, or a .cnn file; or a file of
            a whole model, .keras, .h5 or .onnx, which has its own weights.
        weights: "imagenet" for the official file, which is fetched once and kept, or comes with
            a package; or a .pth, .pt, .th or .safetensors file.
        classes: their names in the order of the network's outputs, or a file of them: a name a
            line, JSON, CSV, or an ImageNet index. None takes the labels.txt beside a whole model.
        preprocess: how images become the network's input; a `Preprocess`, or those of its
            settings that shall be other than usual, as ``{"fit": "squash", "crop_ratio": 1}``. The
            usual ones are torchvision's for networks of its, trained on ImageNet; else values
            from 0 to 1, which is told.
        map: which of the file's names stands for which of ours, where neither names nor order
            say it; a mapping, or a JSON or CSV file.
        offline: take official weights from the cache or fail; no connection is opened.
        callback: is told what was decided, and how far a download is.

    Returns:
        The classifier; `save` writes it, `st.evaluate` proves that all is in its place.

    Raises:
        WeightsError: the weights cannot be fetched or read, or do not fit.
        SettingError: the classes or the preprocessing make no sense.
        NotationError: the network makes no sense.

    >>> import tempfile, torch
    >>> theirs = torch.nn.Linear(4, 2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "linear.pth"
    ...     torch.save(theirs.state_dict(), path)
    ...     model = import_classifier("input 1x2x2 > flatten > fc", path, classes=["no", "yes"])
    >>> model
    Classifier of 2 classes (no, yes): 10 parameters, grey images of 2x2
    """
    return import_with_fit(
        network,
        weights,
        classes=classes,
        preprocess=preprocess,
        map=map,
        offline=offline,
        callback=callback,
    ).classifier


def import_with_fit(
    network: str | Path,
    weights: str | Path = IMAGENET,
    *,
    classes: str | Path | Sequence[str] | None = None,
    preprocess: Changes = None,
    map: Mapping[str, str] | str | Path | None = None,  # noqa: A002 (what it is)
    offline: bool = False,
    callback: Callback = ignore,
) -> Imported:
    """Do what `import_classifier` does, and give what went where beside the classifier."""
    if is_model_file(network):
        if weights != IMAGENET or map is not None:
            raise SettingError(
                f"'{network}' is a whole model, which has its own weights; leave --weights and "
                "--map out"
            )
        return import_model_file(
            expand_home(network), classes=classes, preprocess=preprocess, callback=callback
        )
    if classes is None:
        raise SettingError(NO_CLASSES)
    notes: list[str] = []

    def both(event: Event) -> None:
        if isinstance(event, Note):
            notes.append(event.text)
        callback(event)

    text = source(network)
    name = str(network).strip() if zoo.is_name(str(network)) else None
    # always given, ImageNet's too: none come with the package, and "class 0" would say nothing
    listed = read_classes(classes)
    wanted = _official_for(name, network) if weights == IMAGENET else None
    if wanted is not None and len(listed.names) != CLASSES:
        raise wrong_count(listed, CLASSES, wanted.file)
    of_keras = wanted is None and keras.is_keras(Path(weights))
    theirs = keras.known_network(name) if of_keras and name is not None else None
    plan = expand(
        theirs.text if theirs else text, input=input_shape(preprocess), classes=len(listed.names)
    )
    plan.check_classes()
    path = Path(weights) if wanted is None else fetch(wanted, offline=offline, callback=both)
    if of_keras:
        state = keras.read_state(path, plan, theirs.layers if theirs else ())
    else:
        state = read(path, callback=both)
    sha256 = compute_sha256(path)
    known = find_official_file(sha256)
    fitted, why = (
        _preprocess(plan, known, name, len(listed.names), given=preprocess)
        if theirs is None
        else _preprocess_of_keras(theirs, plan, state, given=preprocess)
    )
    module = build(plan, seed=None)
    found = compare(state, module, map=map)
    if found.head is not None and found.head[1] == len(listed.names):
        raise wrong_count(listed, found.head[0], path.name)
    fill(state, module, found)
    for note in (*listed.notes, *found.notes, why):
        both(Note(note))
    record: dict[str, Json] = {
        "weights": known.url if known else path.name,
        "sha256": sha256,
        "matched": found.way,
        "left_out": list(found.left),
        "notes": list(notes),
    }
    if known is not None and known.top1 is not None and known.top5 is not None:
        record["published"] = {"top1": known.top1 / 100, "top5": known.top5 / 100, "n": 50_000}
    classifier = Classifier(
        network=Trained.of(plan, module.state_dict()),
        text=str(plan.network),
        classes=listed.names,
        preprocess=fitted,
        data={"name": "ImageNet (ILSVRC 2012)"} if known else {},
        training={"imported": record},
        ids=listed.ids,
    )
    return Imported(classifier, found, tuple(notes))


def _official_for(name: str | None, network: str | Path) -> Official:
    if name is None:
        shown = " ".join(str(network).split())
        shown = shown if len(shown) <= 40 else f"{shown[:37]}..."
        raise WeightsError(
            f"'{IMAGENET}' stands for the official weights of a known network, and "
            f"'{shown}' is a text of your own; expected one of {', '.join(OFFICIAL)}, or a file of "
            "weights"
        )
    return find_official(name)


def _preprocess_of_keras(
    theirs: keras.KerasNetwork, plan: ExpandedNetwork, state: dict[str, Tensor], *, given: Changes
) -> tuple[Preprocess, str]:
    """Choose how images are prepared for weights of Keras, and turn those that take blue first."""
    found = keras.family_preprocess(theirs.family, plan.input)
    channels, rows, columns = plan.input
    usual, why, blue_first = found or (Preprocess(channels, rows, columns), UNKNOWN, False)
    first = f"{theirs.layers[0]}.weight"
    if blue_first and first in state:
        state[first] = state[first].flip(1)
    return choose(usual, why, given)


def _preprocess(
    plan: ExpandedNetwork, known: Official | None, name: str | None, classes: int, *, given: Changes
) -> tuple[Preprocess, str]:
    """Choose how images are prepared, and say why."""
    channels, height, width = plan.input
    assumed = name in OFFICIAL and classes == CLASSES and channels == 3
    table = known or (OFFICIAL[name] if assumed and name is not None else None)
    if table is not None and channels == 3:
        usual = dataclasses.replace(table.preprocess, height=height, width=width)
        reason = (
            f"as {'its authors prepare' if table.package else 'torchvision prepares'} them for "
            f"{table.file}"
            if known
            else f"as usual for {table.network} on ImageNet, which is assumed as it has "
            f"{classes:,} classes"
        )
    else:
        usual = Preprocess(channels, height, width)
        reason = UNKNOWN
    return choose(usual, reason, given)
