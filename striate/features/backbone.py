"""The trained network that a run starts from: found, read, cut, and made ready for images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from striate.architecture import zoo
from striate.architecture.notation import ExpandedNetwork, expand
from striate.backends.onnx import state_shapes
from striate.backends.torch import build
from striate.data import Survey
from striate.data.images import Preprocess
from striate.errors import NotationError, SettingError, WeightsError
from striate.events import Callback, Note
from striate.features.backbone_names import BACKBONES, TIMM, check_backbone_name
from striate.features.cut import cut_backbone
from striate.features.timm_models import open_timm
from striate.features.whole_network import WholeNetwork
from striate.files.home import expand_home
from striate.model import weights
from striate.model.loading import load
from striate.settings import Settings

SMALLEST = 128  # pixels a side that an input is made smaller to, at least
STEP = 32  # pixels; what most backbones shrink an image by


@dataclass(frozen=True, eq=False)
class Backbone:
    """The part of a trained network that is kept.

    Attributes:
        plan: its layers, for the size of the images.
        tensors: its weights, by the addresses of the plan.
        preprocess: how images become its input: as it was trained, at the size asked for.
        words: where it comes from.
        seen: hashes of the images it has learnt from or was chosen by, as `Classifier.seen`.
        resized: whether its images are prepared otherwise than it was taught, so that
            hashes of the same image differ.
        name: what it was opened by, and can be again.
    """

    plan: ExpandedNetwork
    tensors: Mapping[str, torch.Tensor]
    preprocess: Preprocess
    words: str
    seen: Mapping[str, np.ndarray] = field(default_factory=dict)
    resized: bool = False
    name: str = ""

    @property
    def features(self) -> int:
        """How many numbers it says of an image."""
        return self.plan.output[0]

    def module(self) -> torch.nn.Module:
        """Build it, with its weights."""
        backbone = build(self.plan, seed=None)
        backbone.load_state_dict(dict(self.tensors))
        return backbone.eval()


def open_first_backbone(
    settings: Settings, *, looks: Callable[[], Survey] | None = None, callback: Callback
) -> Backbone:
    """Open the first of `BACKBONES` that can be had.

    Args:
        settings: as for `open_backbone`, but for the name.
        looks: as there.
        callback: as there.

    Raises:
        WeightsError: none can be had, and why not the first.
    """
    lost: list[WeightsError] = []
    for name in BACKBONES:
        try:
            named = replace(settings, pretrained=name)
            return open_backbone(named, looks=looks, say=lambda text: None, callback=callback)
        except WeightsError as error:
            lost.append(error)
    raise lost[0]


def open_backbone(
    settings: Settings,
    *,
    looks: Callable[[], Survey] | None = None,
    say: Callable[[str], None],
    callback: Callback,
) -> Backbone:
    """Find the trained network that settings name, and cut it.

    Args:
        settings: pretrained, weights, cut, image_size, fit and offline are used.
        looks: gives the sizes of the images, by which the input is made smaller where they are
            small; None takes the size that the backbone was taught at.
        say: is told what was taken.
        callback: is told the progress of a download.

    Raises:
        SettingError: there is no such backbone.
        WeightsError: its weights cannot be had, or do not fit.
        ClassifierError: the classifier's file cannot be used.
        NotationError: it cannot be cut there, or the size does not fit it.
    """
    name = str(settings.pretrained).strip()
    check_backbone_name(name)
    if zoo.is_name(name):
        found = _from_zoo(name, settings, say=say, callback=callback)
    elif name.startswith(TIMM):
        found = open_timm(name.removeprefix(TIMM), settings, say=say, callback=callback)
    elif name.lower().endswith(".onnx"):
        # here, as it loads the library onnx, which takes a tenth of a second
        from striate.features.onnx_backbone import open_onnx_backbone

        found = open_onnx_backbone(expand_home(name), settings, say)
        settings = replace(settings, cut=found.plan.steps[-1].address)
    else:
        if settings.weights is not None:
            raise SettingError(
                f"weights is '{settings.weights}', but the backbone '{name}' is a classifier, "
                "which has its own; leave --weights out"
            )
        found = _from_classifier(name)
    side = (
        None
        if settings.image_size is not None or looks is None
        else _enough(found, settings, looks())
    )
    if side is not None:
        say(
            f"the images are small, so the network gets {side}x{side} and not the "
            f"{found.preprocess.height}x{found.preprocess.width} that the backbone was taught at: "
            "less work, and nothing is lost (--image-size sets it)"
        )
        settings = replace(settings, image_size=side)
    backbone = _cut(found, settings)
    say(
        f"the backbone: {backbone.words}; images are prepared as it was taught: "
        f"{backbone.preprocess.spoken()}"
    )
    return backbone


def _from_zoo(
    name: str, settings: Settings, *, say: Callable[[str], None], callback: Callback
) -> WholeNetwork:
    """Return a network of the zoo with its official weights, or those of a file."""
    plan = expand(zoo.text(name))
    given = settings.weights or "imagenet"
    if given == "imagenet":
        callback(Note(f"looking for the official weights of {name}"))
        path = weights.fetch(name, offline=settings.offline, callback=callback)
        words = f"{name} with {weights.find_official(name).origin}"
    else:
        path = expand_home(given)
        words = f"{name} with the weights of {path.name}"
    state = weights.read(path, callback=callback)
    module = build(plan, seed=None)
    fit = weights.compare(state, module)
    if fit.head:  # only the classes differ: they are cut off
        plan = expand(zoo.text(name), classes=fit.head[0])
        module = build(plan, seed=None)
        fit = weights.compare(state, module)
    weights.fill(state, module, fit)
    for note in fit.notes:
        say(note)
    if name not in weights.OFFICIAL:
        raise SettingError(
            f"how '{name}' was shown its images is not known; make a classifier of its weights, "
            "which says it, by `striate import`, and give that: --pretrained FILE.safetensors"
        )
    taught = replace(weights.find_official(name).preprocess, draft=True)
    return WholeNetwork(plan, module.state_dict(), taught, words)


def _from_classifier(name: str) -> WholeNetwork:
    """Return the network of a classifier."""
    model = load(name)
    if model.text is None:
        raise SettingError(f"the classifier '{name}' has no network text, so it cannot be cut")
    words = f"the classifier {Path(name).name} of {len(model.classes)} classes"
    state = model.module.state_dict()
    return WholeNetwork(expand(model.text), state, model.preprocess, words, model.seen)


def _enough(found: WholeNetwork, settings: Settings, images: Survey) -> int | None:
    """Return a smaller input that is enough for small images; None where there is none.

    That is twice their longer side, and at least `SMALLEST`. A classifier's own size is kept, as
    hashes of the images that it has learnt from hold at one size only.
    """
    taught = found.preprocess
    # of 398 images of 64 pixels SqueezeNet's head gets 72.1 % right at 64 pixels, 80.4 % at 128 and
    # 77.6 % at 224, for three times the time
    side = max(SMALLEST, -(-2 * max(images.height, images.width) // STEP) * STEP)
    if found.seen or side >= min(taught.height, taught.width):
        return None
    try:
        network = cut_backbone(found.plan, settings.cut).with_input((taught.channels, side, side))
        fits = _misfit(expand(network), found) is None
    except NotationError:  # it does not fit; whatever else is wrong is told when it is cut
        return None
    return side if fits else None


def _misfit(backbone: ExpandedNetwork, found: WholeNetwork) -> str | None:
    """Name a weight of a backbone that its tensors do not fit; None where all do."""
    for name, shape in state_shapes(backbone).items():
        trained = found.tensors.get(name)
        if trained is None or tuple(trained.shape) != shape:
            return name
    return None


def _cut(found: WholeNetwork, settings: Settings) -> Backbone:
    """Keep the backbone for the size of image that is asked for."""
    taught = found.preprocess
    rows, columns = settings.rows_and_columns() or (taught.height, taught.width)
    fit = settings.fit or taught.fit
    sized = replace(
        taught,
        height=rows,
        width=columns,
        fit=fit,  # type: ignore[arg-type]  # checked by Settings
        crop_ratio=taught.crop_ratio if fit == "crop" else 1.0,
    )
    if settings.background != Settings().background:
        sized = replace(sized, background=settings.background_color())
    network = cut_backbone(found.plan, settings.cut).with_input((taught.channels, rows, columns))
    backbone = expand(network)
    if (name := _misfit(backbone, found)) is not None:
        raise SettingError(
            f"'{name.rpartition('.')[0]}' of the backbone was learnt for images of "
            f"{taught.height}x{taught.width} and does not fit {rows}x{columns}; leave "
            "--image-size out, or keep only the layers before it by --cut"
        )
    own = tuple(state_shapes(backbone))
    if not own:
        raise SettingError(
            f"up to '{backbone.steps[-1].address}' the backbone has learnt nothing; keep more "
            "by --cut"
        )
    return Backbone(
        plan=backbone,
        tensors={name: found.tensors[name] for name in own},
        preprocess=sized,
        words=f"{found.words}, up to {backbone.steps[-1].address}",
        seen=found.seen,
        resized=sized != taught,
        name=str(settings.pretrained),
    )
