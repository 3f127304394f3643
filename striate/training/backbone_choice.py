"""Which trained network a run starts from: the one asked for, or the first at hand that suits."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace

from striate.data import Collection, Survey
from striate.errors import WeightsError
from striate.events import Callback
from striate.features.backbone import Backbone, open_backbone
from striate.training import defaults
from striate.training.plan import Plan, Request

UNNAMED = ("None", "")  # what stands in the records of runs that took the first choice of their day
FIRST_OF_NOVEMBER = "mobilenet_v2"  # which was this


def choose_backbone(
    request: Request,
    collection: Collection,
    earlier: Plan | None,
    *,
    looks: Callable[[], Survey],
    say: Callable[[str], None],
    callback: Callback,
) -> Backbone | None:
    """Open the trained network that a run starts from; None where it starts from scratch.

    Args:
        request: what the user asked for; a network that is named there must open.
        collection: the images, which decide where nothing is named.
        earlier: the plan of a run that goes on, whose backbone is taken again.
        looks: gives the sizes of the images.
        say: is told the choice and why another was not taken.
        callback: is told the progress of a download.

    Raises:
        StriateError: the network that was asked for, or begun with, cannot be opened.
    """
    settings = request.settings
    open_one = functools.partial(open_backbone, looks=looks, say=say, callback=callback)
    if settings.pretrained is not None:
        return open_one(settings)
    if earlier is not None:  # decided before
        if earlier.transfer is None:
            return None
        name = earlier.transfer.pretrained
        return open_one(
            replace(settings, pretrained=FIRST_OF_NOVEMBER if name in UNNAMED else name)
        )
    reason = (
        "" if request.from_scratch else defaults.reason_for_transfer(collection, looks, settings)
    )
    if not reason:
        return None
    for name, following in zip(defaults.BACKBONES, (*defaults.BACKBONES[1:], ""), strict=True):
        try:
            backbone = open_one(replace(settings, pretrained=name))
        except WeightsError as error:
            if following:
                say(f"{error}; {following} is tried in its place")
                continue
            say(
                f"{reason} would learn more from a trained network, but its weights cannot be had: "
                f"{error}; the run goes on from scratch (with the file at hand: --pretrained "
                f"{name} --weights FILE)"
            )
            return None
        say(
            f"{reason}: the run starts from a trained network, {backbone.words}, and learns a new "
            "head (--pretrained NAME takes another, --network compact trains from scratch)"
        )
        return backbone
    return None
