"""Which trained network a run starts from: the one asked for, or the first at hand that suits."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

from striate.data import Collection, Survey
from striate.errors import WeightsError
from striate.events import Callback
from striate.features.backbone import Backbone, open_backbone
from striate.features.backbone_names import BACKBONES
from striate.model.run_folder import RunFolder
from striate.training import checkpoints, defaults
from striate.training.plan import Plan, Request, Transfer

UNNAMED = ("None", "")  # what stands in the records of runs that took the first choice of their day
FIRST_OF_NOVEMBER = "mobilenet_v2"  # which was this


@dataclass(frozen=True)
class BackboneChoice:
    """What a run starts from.

    Attributes:
        backbone: the trained network; None from scratch.
        lacking: why one would suit and cannot be had, where that is so.
    """

    backbone: Backbone | None = None
    lacking: str = ""


def choose_backbone(
    request: Request,
    collection: Collection,
    folder: RunFolder,
    *,
    earlier: Plan | None,
    looks: Callable[[], Survey],
    say: Callable[[str], None],
    callback: Callback,
) -> BackboneChoice:
    """Open the trained network that a run starts from, if it starts from one.

    Args:
        request: what the user asked for; a network that is named there must open.
        collection: the images, which decide where nothing is named.
        folder: of the run; a checkpoint there holds the backbone's weights, so none is opened.
        earlier: the plan of a run that goes on, whose backbone is taken again.
        looks: gives the sizes of the images.
        say: is told the choice and why another was not taken.
        callback: is told the progress of a download.

    Raises:
        StriateError: the network that was asked for, or begun with, cannot be opened.
    """
    if checkpoints.exists(folder.path):
        return BackboneChoice()
    settings = request.settings
    open_one = functools.partial(open_backbone, looks=looks, say=say, callback=callback)
    if settings.pretrained is not None:
        return BackboneChoice(open_one(settings))
    if earlier is not None:  # decided before
        if earlier.transfer is None:
            return BackboneChoice()
        name = name_backbone(earlier.transfer)
        return BackboneChoice(open_one(replace(settings, pretrained=name)))
    if request.from_scratch:
        return BackboneChoice()
    reason = defaults.reason_for_transfer(collection, looks, settings)
    if not reason:
        return BackboneChoice()
    lost = ""
    for name in BACKBONES:
        if lost:
            say(f"{lost}; {name} is tried in its place")
        try:
            backbone = open_one(replace(settings, pretrained=name))
        except WeightsError as error:
            lost = str(error)
            continue
        say(
            f"{reason}: the run starts from a trained network, {backbone.words}, and learns a new "
            "head (--pretrained NAME takes another, --network compact trains from scratch)"
        )
        return BackboneChoice(backbone)
    return BackboneChoice(
        lacking=f"{reason} would learn more from a trained network, but none can be had: {lost}"
    )


def name_backbone(transfer: Transfer) -> str:
    """Return by what name the trained network of a run is found, of any version's."""
    return FIRST_OF_NOVEMBER if transfer.pretrained in UNNAMED else transfer.pretrained
