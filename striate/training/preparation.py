"""From images on a disk to a run that can begin: reading, splitting, and the plan.

The plan is made once, by `make_plan`; of a run that is resumed it is the one that it began with.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import indent

from striate.architecture.notation import ExpandedNetwork, expand, parse, source
from striate.backends import precision
from striate.backends.threads import default_threads
from striate.data import Collection, Survey, find_value_ranges, survey
from striate.data.augmentation import Augmentation
from striate.data.cache_folder import explain_temporary
from striate.data.images import Preprocess
from striate.doctor import ImageSigns
from striate.doctor.grouping.thumbs import Thumbs
from striate.events import Callback, Note
from striate.features.backbone import Backbone
from striate.features.cut import add_head, choose_lr_multipliers
from striate.features.feature_stream import FeatureStream
from striate.model.run_folder import RunFolder
from striate.settings import Settings
from striate.training import autotune, defaults, film, transfer
from striate.training.backbone_choice import BackboneChoice, choose_backbone
from striate.training.before import Before
from striate.training.both_ways import describe_both_ways
from striate.training.class_taxonomy import check_names, find_taxonomy
from striate.training.class_weight import class_weight
from striate.training.distributed.devices import fabric_for, find_workers
from striate.training.distributed.process_group import Workers
from striate.training.distributed.sharing import memory_for, share_steps
from striate.training.distributed.single_process import AnyFabric
from striate.training.dividing import Loaded, divide
from striate.training.follow_up.continued_plan import continue_plan
from striate.training.follow_up.follows import Follows
from striate.training.follow_up.predecessor import Predecessor
from striate.training.grouping import Looked, are_groups_sought, group_images
from striate.training.mirroring import choose_changes, sample_of
from striate.training.plan import Plan, Request
from striate.training.reading import KEPT, Taken, needed_once, read_images
from striate.training.recipe import Recipe

Say = Callable[[str], None]


@dataclass(frozen=True)
class Prepared:
    """Everything a run needs to begin or to go on.

    Attributes:
        plan: what is to be done.
        loaded: the images.
        fabric: device and precision.
        signs: of the images, by which odd ones are found.
        backbone: what the run starts from; None from scratch, and where a checkpoint holds it.
        stream: holds the features that were computed while the images were read.
        predecessor: the run that this one goes on from, where it begins; None where it goes on
            from none, and where it has begun already.
        follows: how the images differ from those of that run.
    """

    plan: Plan
    loaded: Loaded
    fabric: AnyFabric
    signs: ImageSigns
    backbone: Backbone | None = None
    stream: FeatureStream | None = None
    predecessor: Predecessor | None = None
    follows: Follows | None = None


def read_network(network: str | Path | None) -> str | None:
    """Return the text of a network: itself, a known network's, or that in the .cnn file it names.

    ``compact`` is what is chosen where none is given, so it gives None as well.

    Raises:
        NotationError: the file is missing, or the text cannot be read.

    >>> read_network("flatten > fc"), read_network("compact")
    ('flatten > fc', None)
    """
    if network is None or (isinstance(network, str) and network.strip() == "compact"):
        return None
    text = source(network)
    parse(text)
    return text


def check(settings: Settings) -> Workers:
    """Refuse settings that make no sense here, before any image is read; find who is to work.

    Raises:
        SettingError: one is out of range, or this machine lacks the device.
    """
    settings.check()
    if settings.precision != "auto":
        precision.fixed(settings.precision)
    return find_workers(settings.device, settings.devices)


@contextmanager
def prepare(
    request: Request,
    collection: Collection,
    folder: RunFolder,
    *,
    earlier: Plan | Predecessor | None = None,
    estimating: bool = False,
    say: Say,
    callback: Callback,
) -> Iterator[Prepared]:
    """Read and divide the images, and make the plan; that of a run that goes on is kept.

    Args:
        request: what the user asked for.
        collection: the images.
        folder: the run's folder; split.csv and skipped.csv are written there.
        earlier: the plan of a run that goes on; or the run that a new one goes on from.
        estimating: whether the run is only to be timed, by this process alone: no features are
            computed.
        say: is told each decision.
        callback: is told the progress.

    Raises:
        DataError: the data cannot be trained on.
        RunError: the data is not what it was when the run began; or it is, where it should not be.
    """
    predecessor = earlier if isinstance(earlier, Predecessor) else None
    earlier = None if isinstance(earlier, Predecessor) else earlier
    settings = request.settings
    workers = find_workers(settings.device, 1 if estimating else settings.devices)
    for note in (*collection.notes, *explain_temporary()):
        say(note)
    check_names(collection.classes, settings, earlier)
    before = Before.find(collection, settings, folder, earlier)
    looks = functools.cache(lambda: survey(collection))  # every header is read once at most
    if predecessor is not None:
        before = predecessor.hand_to(before, looks(), collection.source)
    basis = before.basis
    choice = choose_backbone(
        request, collection, folder, earlier=basis, looks=looks, say=say, callback=callback
    )
    backbone = choice.backbone
    preprocess = before.preprocess or _choose_preprocess(
        request, collection, backbone, looks=looks, say=say
    )
    if backbone is not None:
        backbone = replace(backbone, preprocess=preprocess)
    memory = memory_for(collection, settings.memory, workers)
    streamed = needed_once(collection, settings, backbone)
    sought = not estimating and are_groups_sought(collection, settings, earlier, looks)
    before = replace(before, sought=sought)
    stream = None
    if streamed and backbone is not None:
        memory = min(memory, KEPT)
        if not estimating:
            stream = transfer.stream_features(
                backbone,
                collection,
                settings,
                device=workers.device,
                memory=memory,
                before=before,
                say=say,
            )
    thumbs = Thumbs(len(collection), preprocess) if sought else None
    images, signs = read_images(
        collection,
        preprocess,
        memory=memory,
        cache=None if streamed else folder.cache,
        taken=Taken(stream, thumbs, settings.alike),
        threads=settings.threads,
        callback=callback,
    )
    with images:
        groups = group_images(
            collection,
            images,
            looked=Looked(thumbs, stream),
            settings=settings,
            before=before,
            say=say,
            callback=callback,
        )
        del thumbs  # as large as the features
        loaded = divide(collection, images, settings, folder, groups=groups, before=before, say=say)
        follows = None if predecessor is None else predecessor.note_changes(loaded, folder, say)
        if earlier is not None:
            plan = _keep_plan(earlier, settings, workers, loaded, say=say)
        elif basis is not None:
            plan = continue_plan(
                basis, loaded, settings, backbone=backbone, workers=workers, say=say
            )
        else:
            plan = make_plan(
                request,
                loaded,
                preprocess,
                backbone=backbone,
                stream=stream,
                workers=workers,
                say=say,
            )
            _tell_plan(plan, choice, loaded, say=say, callback=callback)
        fabric = fabric_for(workers.device, plan.recipe.precision, workers)
        yield Prepared(
            plan, loaded, fabric, signs, backbone, stream, predecessor=predecessor, follows=follows
        )


def _choose_preprocess(
    request: Request,
    collection: Collection,
    backbone: Backbone | None,
    *,
    looks: Callable[[], Survey],
    say: Say,
) -> Preprocess:
    """Choose how the images of a new run are made to fit, and what is black and white in them."""
    if backbone is not None:
        preprocess = backbone.preprocess
    else:
        preprocess = defaults.preprocess_for(looks(), request.settings, request.network, say)
    return preprocess.with_value_ranges(find_value_ranges(collection, looks(), say))


def _keep_plan(
    earlier: Plan, settings: Settings, workers: Workers, loaded: Loaded, *, say: Say
) -> Plan:
    """Return the plan of a run that goes on; what suits another number of processes does not."""
    if earlier.world_size == workers.size:
        return earlier
    draft = replace(earlier, threads=settings.threads or default_threads())
    return share_steps(draft, settings, workers, len(loaded.split.train), say=say)


def _tell_plan(
    plan: Plan, choice: BackboneChoice, loaded: Loaded, *, say: Say, callback: Callback
) -> None:
    """Say what a backbone that cannot be had would bring, and which network it is."""
    if choice.lacking:
        say(describe_both_ways(choice.lacking, plan, len(loaded.split.train)))
    if plan.text is not None:
        callback(Note("the network:\n" + indent(plan.text, "    ")))


def make_plan(
    request: Request,
    loaded: Loaded,
    preprocess: Preprocess,
    *,
    backbone: Backbone | None,
    stream: FeatureStream | None,
    workers: Workers,
    say: Say,
) -> Plan:
    """Return the plan of a new run: everything that was set, and the rest chosen by the data.

    Args:
        request: what the user asked for.
        loaded: the images.
        preprocess: how they become the network's input; mean and std are found from scratch.
        backbone: the trained one that the run starts from.
        stream: computes features meanwhile, and knows how copies of images differ from them.
        workers: the processes that work together.
        say: is told each decision.

    Raises:
        NotationError: the network does not fit the images.
        SettingError: the settings do not fit the data.
    """
    settings, classes = request.settings, loaded.collection.classes
    n = len(loaded.split.train)
    if backbone is None:
        train = loaded.split.train
        preprocess = defaults.with_statistics(preprocess, loaded.images, train, settings.seed)
    shape = (preprocess.channels, preprocess.height, preprocess.width)
    network = None
    if backbone is not None:
        network = expand(add_head(backbone.plan.network, len(classes)))
    elif not request.is_module:
        network = expand(defaults.network_text(request.network, shape, len(classes), say))
    tuned: tuple[tuple[str, float], ...] = ()
    if backbone is not None and network is not None and settings.unfreeze is not None:
        tuned = choose_lr_multipliers(network, backbone.plan, settings.n_unfrozen())
    sample = sample_of(loaded.training, settings.seed)
    if stream is not None:
        change = stream.change
    elif backbone is None or tuned:
        change = choose_changes(preprocess, classes, settings, sample=sample, say=say)
    else:
        change = transfer.choose_copies(backbone, classes, settings, sample=sample, say=say)
    recipe = _recipe(settings, loaded, change, network, tuned, backbone, say=say)
    in_steps = backbone is None or bool(tuned)
    minutes = (settings.minutes or 0.0) if in_steps else 0.0
    usual = defaults.epochs_for(n) if backbone is None else transfer.EPOCHS
    plan = Plan(
        data=loaded.description,
        network=network,
        preprocess=preprocess,
        recipe=recipe,
        epochs=0 if minutes or not in_steps else settings.epochs or usual,
        minutes=minutes,
        threads=settings.threads or default_threads(),
        device=workers.device,
        transfer=None if backbone is None else transfer.plan_transfer(backbone, settings),
        taxonomy=find_taxonomy(classes, settings, say=say),
    )
    for note in (*transfer.spoken(plan, n), *film.explain_still(settings.film, plan.in_steps)):
        say(note)
    plan = share_steps(plan, settings, workers, n, say=say)
    return autotune.tuned(plan, settings, loaded.training, say=say)


def _recipe(
    settings: Settings,
    loaded: Loaded,
    change: Augmentation,
    network: ExpandedNetwork | None,
    tuned: tuple[tuple[str, float], ...],
    backbone: Backbone | None,
    *,
    say: Say,
) -> Recipe:
    """Return how the weights are learnt; the precision is chosen later, by timing."""
    n = len(loaded.split.train)
    batch = min(settings.batch_size or defaults.batch_size(n), n)
    if batch == 1 and n > 1 and defaults.has_batch_norm(network):
        batch = 2
        say("batch size raised from 1 to 2: batch normalisation needs more than one image")
    if backbone is None or tuned:
        say(f"training images are changed a little: {change}")
        if settings.tta and not change.mirror:
            say(
                "answers are the mean of an image and its mirror image (--tta), but training "
                "mirrors none: leave one of them out unless mirroring changes no class"
            )
    usual = transfer.RATE if backbone is not None else defaults.learning_rate(network)
    return Recipe(
        batch_size=batch,
        learning_rate=settings.learning_rate or usual,
        weight_decay=settings.weight_decay,
        label_smoothing=settings.label_smoothing,
        class_weight=class_weight(
            loaded.collection,
            loaded.split.train,
            settings.class_weight,
            has_head=backbone is not None,
            say=say,
        ),
        augmentation=change,
        patience=settings.patience,
        precision=precision.CHANNELS_FIRST,
        seed=settings.seed,
        lr_multipliers=tuned,
        freeze_bn=backbone is not None and settings.freeze_bn,
        balanced_sampling=settings.class_weight == "sampling" and (backbone is None or bool(tuned)),
    )
