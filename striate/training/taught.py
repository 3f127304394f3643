"""Which training images taught a run's classifier an answer, and what it would say without some."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from striate.data import Collection, Data, survey
from striate.errors import RunError, SettingError
from striate.events import Callback
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.explanation.target import TargetClass
from striate.explanation.taught import Struck, Taught, TeachingImage
from striate.features.extraction import Extractor
from striate.features.influence import TaughtHead, fit_taught_head, log_odds
from striate.features.logistic_regression import NEAR
from striate.model.classifier import Classifier
from striate.model.loading import load
from striate.model.run_folder import RunFolder
from striate.terminal.progress_display import display_progress
from striate.training.backbone_choice import choose_backbone
from striate.training.before import Before
from striate.training.distributed.devices import find_workers
from striate.training.distributed.sharing import memory_for
from striate.training.reading import KEPT, Taken, needed_once, read_images
from striate.training.record import RunRecord
from striate.training.report.small_images import read_small
from striate.training.run_images import (
    check_head_alone,
    find_source,
    keep_run_images,
    planned,
)
from striate.training.subset import Subset
from striate.training.transfer import stream_features, take_features

if TYPE_CHECKING:
    from striate.model.image_input import ImageInput

SHOWN = 8  # images for, and as many against
SIDE = 160  # pixels of these, on the longer side
QUICK = 3e7  # numbers of the features times classes, up to which each image shown takes a step
OTHER = 0.05  # of a logit's size, beyond which features may not be those of the head
LEFT = 3 * NEAR  # nats above the least loss that training leaves; one other image mostly adds more


@dataclass(frozen=True, eq=False)
class TaughtRun:
    """A run's classifier with the features that its head was learnt from: opened once, asked often.

    Attributes:
        model: the classifier.
        collection: the images of the run.
        indices: int64 (training images,), which of these it has learnt from.
        features: float32 (training images, n_augmented, features).
        head: the same head, in double precision.
        class_weight: of each class in the loss; None for none.
    """

    model: Classifier
    collection: Collection
    indices: np.ndarray = field(repr=False)
    features: np.ndarray = field(repr=False)
    head: TaughtHead = field(repr=False)
    class_weight: tuple[float, ...] | None
    _extractor: Extractor = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the training images."""
        return tuple(self.collection.names[index] for index in self.indices.tolist())

    def explain(
        self,
        image: ImageInput | PreprocessedImage,
        *,
        target: TargetClass = None,
        without: Sequence[str] = (),
        shown: int = SHOWN,
    ) -> Taught:
        """Return the training images that speak most for and against a class in an image.

        Args:
            image: whatever `Classifier.predict` takes.
            target: a class by name or number; None takes the most probable.
            without: training images that are struck out: the head is fitted anew without them,
                with the same weight decay and temperature.
            shown: how many for, and as many against.

        Raises:
            ImageError: the image cannot be read.
            SettingError: there is no such class or training image.
        """
        read = PreprocessedImage.read(self.model, image)
        features = self.features_of(read)
        logits, heat = self.head.logits(features[None])[0], self.model.temperature
        chosen = self._target(target, logits)
        now = log_odds(logits, chosen, heat)
        found = self.head.influence(features, chosen, temperature=heat)
        changes = found.change
        stepped = self.features.size * len(self.model.classes) <= QUICK
        speaking = np.argsort(changes, kind="stable")
        speaks_for = [place for place in speaking[: 2 * shown].tolist() if changes[place] < 0]
        against = [place for place in speaking[::-1][: 2 * shown].tolist() if changes[place] > 0]
        if stepped:  # the influence function finds the images, and makes the strongest too weak
            for place in (*speaks_for, *against):
                then = self.head.step_without([place]) if self._may_go(place) else self.head
                step = log_odds(then.logits(features[None])[0], chosen, heat) - now
                changes[place] = step + found.by_scale[place]
            speaks_for.sort(key=lambda place: changes[place])
            against.sort(key=lambda place: -changes[place])
        return Taught(
            image=read.name,
            target=self.model.classes[chosen],
            log_odds=now,
            probability=_probability(now),
            speaks_for=self._show(speaks_for[:shown], changes, now),
            speaks_against=self._show(against[:shown], changes, now),
            n=len(changes),
            n_for=int((changes < 0).sum()),
            typical=float(np.median(np.abs(changes))),
            stepped=stepped,
            struck=self._strike(without, features, chosen) if without else None,
        )

    def features_of(self, image: ImageInput | PreprocessedImage) -> np.ndarray:
        """Return what the backbone says of an image: float32 (features,).

        Raises:
            ImageError: it cannot be read.
        """
        read = PreprocessedImage.read(self.model, image)
        return np.asarray(self._extractor.features(read.pixels[None])[0])

    def fit_without(self, struck: Sequence[int]) -> TaughtHead:
        """Fit the head anew without some training images, its standardisation too.

        Args:
            struck: their places among the training images.

        Raises:
            SettingError: a class would have no image left.
        """
        kept = np.setdiff1d(np.arange(len(self.features)), np.array(struck, np.int64))
        labels = self.head.labels[kept]
        lost = set(range(len(self.model.classes))) - set(labels.tolist())
        if lost:
            raise SettingError(
                f"without these images '{self.model.classes[min(lost)]}' would have none left to "
                "learn from; leave one of it in"
            )
        return fit_taught_head(
            self.features[kept],
            labels,
            classes=len(self.model.classes),
            strength=self.head.strength,
            class_weights=self.class_weight,
        )

    def _strike(self, without: Sequence[str], features: np.ndarray, target: int) -> Struck:
        places = {name: place for place, name in enumerate(self.names)}
        unknown = [name for name in without if name not in places]
        if unknown:
            raise SettingError(
                f"the run has not learnt from '{unknown[0]}'; expected a name as in its split.csv, "
                f"such as '{self.names[0]}'"
            )
        head = self.fit_without([places[name] for name in without])
        logits = head.logits(features[None])[0]
        then = log_odds(logits, target, self.model.temperature)
        answer = self.model.classes[int(logits.argmax())]
        return Struck(tuple(without), then, _probability(then), answer)

    def _may_go(self, place: int) -> bool:
        """Say whether a class has other images than this one."""
        return int((self.head.labels == self.head.labels[place]).sum()) > 1

    def _target(self, target: TargetClass, logits: np.ndarray) -> int:
        classes = self.model.classes
        if target is None:
            return int(logits.argmax())
        number = classes.index(target) if target in classes else target
        if not isinstance(number, int) or not 0 <= number < len(classes):
            raise SettingError(f"there is no class '{target}'; it has {', '.join(classes[:10])}")
        return number

    def _show(
        self, places: Sequence[int], changes: np.ndarray, now: float
    ) -> tuple[TeachingImage, ...]:
        own = [int(self.indices[place]) for place in places]
        small = read_small(self.collection, self.model.preprocess, own, SIDE)
        return tuple(
            TeachingImage(
                name=self.collection.names[index],
                label=self.collection.classes[self.collection.labels[index]],
                change=float(changes[place]),
                probability=_probability(now + float(changes[place])),
                pixels=None if read is None else read.pixels,
            )
            for place, index, read in zip(places, own, small, strict=True)
        )


def open_taught_run(
    run: str | Path,
    *,
    record: RunRecord | None = None,
    data: Data | None = None,
    callback: Callback | None = None,
    progress: bool | None = None,
) -> TaughtRun:
    """Open a run to ask which of its training images taught it an answer.

    Features that are kept from the training are found again; others are computed.

    Args:
        run: its folder, of a head on a frozen backbone.
        record: of the run; None reads it.
        data: where the images are now; None takes where they were.
        callback: is told what is found and the progress.
        progress: whether it is shown; None shows it in a terminal or a notebook.

    Raises:
        RunError: it is no such run, or its images are not what they were.
        StriateError: its classifier, backbone or data cannot be opened.

    Example: ``open_taught_run("runs/photos").explain("cat.jpg").speaks_for[0].name``.
    """
    folder = RunFolder(Path(run))
    record = record or RunRecord.read(folder)
    check_head_alone(
        record,
        folder,
        "which images taught an answer can be told of",
        instead="leave --taught out; the nearest to that is a head on what the network says, "
        f"striate train DATA --pretrained {run}",
    )
    with display_progress(progress, callback) as tell:
        return _open(folder, record, data, tell)


def _open(folder: RunFolder, record: RunRecord, data: Data | None, tell: Callback) -> TaughtRun:
    plan, head = planned(record, folder), record.head
    if head is None:
        raise RunError(f"'{folder.path}' has no head; start a new run")
    model, settings = load(folder.model), record.request.settings
    collection = keep_run_images(find_source(folder, record, data), folder, record)
    indices = np.flatnonzero([split == "train" for split in collection.splits])
    looks = functools.cache(lambda: survey(collection))
    workers = find_workers(settings.device, 1)
    backbone = choose_backbone(
        record.request,
        collection,
        folder,
        earlier=plan,
        looks=looks,
        say=_say_nothing,
        callback=tell,
    ).backbone
    if backbone is None:
        raise RunError(f"'{folder.path}' names no backbone; start a new run")
    backbone = replace(backbone, preprocess=plan.preprocess)
    memory, stream = memory_for(collection, settings.memory, workers), None
    if needed_once(collection, settings, backbone):
        memory = min(memory, KEPT)
        stream = stream_features(
            backbone,
            collection,
            settings,
            device=workers.device,
            memory=memory,
            before=Before(plan, basis=plan),
            say=_say_nothing,
        )
    images, _ = read_images(
        collection,
        plan.preprocess,
        memory=memory,
        cache=None,
        taken=Taken(stream, None, None),
        threads=settings.threads,
        callback=tell,
    )
    with images:
        part = Subset(images, indices, collection.labels)
        features, known = take_features(
            backbone,
            part,
            plan=plan,
            stream=stream,
            device=workers.device,
            say=_say_nothing,
            callback=tell,
        )
    fitted = fit_taught_head(
        features,
        collection.labels[indices],
        classes=len(model.classes),
        strength=head.weight_decay,
        class_weights=plan.recipe.class_weight,
    )
    _check_same(model, fitted, features[:, 0], folder)
    return TaughtRun(
        model, collection, indices, features, fitted, plan.recipe.class_weight, known.extractor
    )


def _check_same(
    model: Classifier, head: TaughtHead, features: np.ndarray, folder: RunFolder
) -> None:
    """Refuse features that are not those that the classifier's head was learnt on.

    With little weight decay training ends, by its loss, where logits still grow by a tenth.

    Raises:
        RunError: the head that they give says something else.
    """
    weight, bias = (
        each.numpy().astype(np.float64) for each in list(model.module.state_dict().values())[-2:]
    )
    ours, theirs = head.logits(features), features.astype(np.float64) @ weight.T + bias
    ours, theirs = (each - each.mean(1, keepdims=True) for each in (ours, theirs))
    apart = np.abs(ours - theirs).max() > OTHER * max(1.0, float(np.abs(theirs).max()))
    if apart and head.excess(weight, bias) > LEFT:
        raise RunError(
            f"the images of '{folder.path}' are not what its head was learnt from: fitted anew it "
            "says something else; put them back, or start a new run"
        )


def _probability(log_odds: float) -> float:
    return float(1 / (1 + np.exp(-log_odds)))


def _say_nothing(text: str) -> None:
    """Say nothing of what the run itself has said."""
