"""The plan of a run that goes on from another one: that of before, its head grown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from striate.architecture.notation import ExpandedNetwork, expand
from striate.backends import precision
from striate.backends.threads import default_threads
from striate.errors import NotationError, RunError
from striate.features.backbone import Backbone
from striate.features.cut import add_head
from striate.settings import Settings
from striate.training import autotune, transfer
from striate.training.class_taxonomy import find_taxonomy
from striate.training.class_weight import class_weight
from striate.training.distributed.process_group import Workers
from striate.training.distributed.sharing import share_steps
from striate.training.dividing import Loaded
from striate.training.plan import Plan


def continue_plan(
    basis: Plan,
    loaded: Loaded,
    settings: Settings,
    *,
    backbone: Backbone | None,
    workers: Workers,
    say: Callable[[str], None],
) -> Plan:
    """Return the plan of a run on other images than those that another plan was made for.

    Preprocessing, augmentation and recipe are those of before, so that weights and features hold.
    The head has a place for each class; classes weigh in the loss as there are images of them now.

    Args:
        basis: the plan of before.
        loaded: the images as they are divided now.
        settings: of the run.
        backbone: the trained one, of a run that learns a head alone.
        workers: the processes that work together.
        say: is told each decision.

    Raises:
        RunError: the network has the number of its classes written into it.
        SettingError: there are not images enough.
    """
    classes, n = loaded.collection.classes, len(loaded.split.train)
    network = _grow(basis, backbone, len(classes))
    recipe = replace(
        basis.recipe,
        batch_size=min(basis.recipe.batch_size, n),
        class_weight=class_weight(
            loaded.collection,
            loaded.split.train,
            settings.class_weight,
            has_head=backbone is not None,
            say=say,
        ),
        precision=precision.CHANNELS_FIRST,
    )
    plan = replace(
        basis,
        data=loaded.description,
        network=network,
        recipe=recipe,
        epochs=0 if settings.minutes or not basis.in_steps else settings.epochs or basis.epochs,
        minutes=(settings.minutes or 0.0) if basis.in_steps else 0.0,
        threads=settings.threads or default_threads(),
        device=workers.device,
        transfer=None if backbone is None else transfer.plan_transfer(backbone, settings),
        world_size=1,
        rates=(),
        taxonomy=find_taxonomy(classes, settings, say=say),  # which grows with the classes
    )
    plan = share_steps(plan, settings, workers, n, say=say)
    return autotune.tuned(plan, settings, loaded.training, say=say)


def _grow(basis: Plan, backbone: Backbone | None, classes: int) -> ExpandedNetwork:
    if backbone is not None:
        return expand(add_head(backbone.plan.network, classes))
    if basis.network is None:
        raise RunError("a torch module cannot go on with other images; train it anew")
    network = basis.network.network.with_input(None, classes=classes)
    try:
        grown = expand(network)
    except NotationError as error:
        raise RunError(
            f"the network of the run cannot be one of {classes} classes: {error.message}"
        ) from error
    if grown.output != (classes,):
        raise RunError(
            f"the network of the run ends with {grown.output[0]} values, as its text says, and "
            f"there are {classes} classes now; train anew with a text whose last fc has no number"
        )
    return grown
