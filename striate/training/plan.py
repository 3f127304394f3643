"""The plan of a run: made once of settings and data, changed by nothing that comes after.

`Request` is what the user asked for, `Plan` what is done: the two make run.json, with what came
of it (`striate.training.record`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from striate.architecture.notation import ExpandedNetwork, expand
from striate.data.images import Preprocess
from striate.model.decision import Taxonomy
from striate.settings import Settings
from striate.training.recipe import Recipe

Task = Literal["single_label"]  # one image in, one of the classes out


@dataclass(frozen=True)
class Request:
    """What the user asked for.

    Attributes:
        source: where the images are, found from any folder; "digits" for the embedded ones.
        network: the text of the network that was given; None where none was, for a torch module,
            and for "compact".
        is_module: whether a torch module was given, whose code is not in the run's folder.
        from_scratch: whether a network was given at all, so that none is chosen for the data.
        settings: everything else.
    """

    source: str
    network: str | None
    is_module: bool
    from_scratch: bool
    settings: Settings

    def as_json(self) -> dict[str, Any]:
        """Return plain values, as they stand in run.json."""
        return {**vars(self), "settings": self.settings.as_json()}

    def data_as_json(self) -> dict[str, str | None]:
        """Return where the images are and how they are read, as a classifier's file keeps it."""
        settings = self.settings
        how = {"layout": settings.layout, "zip_encoding": settings.zip_encoding}
        fixes = {} if settings.fixes is None else {"fixes": settings.fixes}
        return {"source": self.source, **how, **fixes}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Request:
        """Return what `as_json` wrote."""
        return cls(**{**values, "settings": Settings.from_json(values["settings"])})


@dataclass(frozen=True)
class SplitCounts:
    """How many images of each class one split has.

    Attributes:
        split: "train", "val" or "test".
        images: (class, number), in the order of the classes.
    """

    split: str
    images: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class DataDescription:
    """What a run is trained on.

    Attributes:
        name: of the folder or file.
        kind: how it is laid out.
        images: how many there are.
        skipped: how many files are not used.
        classes: their names, in order.
        counts: images of each class in train, val and test.
        fingerprint: of names, labels, pixels and splits: a resumed run must find the same.
    """

    name: str
    kind: str
    images: int
    skipped: int
    classes: tuple[str, ...]
    counts: tuple[SplitCounts, ...]
    fingerprint: str

    def as_json(self) -> dict[str, Any]:
        """Return plain values, as they stand in run.json and in the classifier's file."""
        counts = {each.split: dict(each.images) for each in self.counts}
        return {**vars(self), "classes": list(self.classes), "counts": counts}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> DataDescription:
        """Return what `as_json` wrote."""
        counts = tuple(
            SplitCounts(split, tuple(images.items())) for split, images in values["counts"].items()
        )
        return cls(**{**values, "classes": tuple(values["classes"]), "counts": counts})


@dataclass(frozen=True)
class Transfer:
    """The trained network that a run starts from.

    Attributes:
        pretrained: what it was found by: a zoo name, a file, or timm:NAME.
        backbone: what it is, in words.
        features: how many numbers it says of an image.
        resized: whether it was taught with images of another size.
        number_format: that its features are to be computed in; "" for the fastest.
        n_augmented: copies of each image that the head is learnt from.
    """

    pretrained: str
    backbone: str
    features: int
    resized: bool
    number_format: str
    n_augmented: int


@dataclass(frozen=True)
class Plan:
    """All that a run does, worked out before its first step.

    Attributes:
        data: what it is trained on.
        network: the network, expanded; None where a torch module was given.
        preprocess: how images become its input.
        recipe: how the weights are learnt.
        epochs: passes, or 0 where minutes end the run and where nothing is trained step by step.
        minutes: of the whole run, or 0 where epochs end it.
        threads: CPU threads.
        device: "cpu", "cuda" or "mps".
        world_size: processes that share every step.
        transfer: the trained network that the run starts from; None from scratch.
        rates: what autotuning measured: (precision, images a second).
        task: what is asked of an image.
        taxonomy: what stands above the classes; None where nothing does.
    """

    data: DataDescription
    network: ExpandedNetwork | None
    preprocess: Preprocess
    recipe: Recipe
    epochs: int
    minutes: float
    threads: int
    device: str
    world_size: int = 1
    transfer: Transfer | None = None
    rates: tuple[tuple[str, int], ...] = ()
    task: Task = "single_label"
    taxonomy: Taxonomy | None = None

    @property
    def text(self) -> str | None:
        """The network in the notation; None for a torch module."""
        return None if self.network is None else str(self.network.network)

    @property
    def in_steps(self) -> bool:
        """Whether anything is trained step by step: from scratch, and in fine-tuning."""
        return self.transfer is None or bool(self.recipe.lr_multipliers)

    def as_json(self) -> dict[str, Any]:
        """Return plain values, as they stand in run.json."""
        return {
            **vars(self),
            "data": self.data.as_json(),
            "network": self.text,
            "preprocess": self.preprocess.as_json(),
            "recipe": self.recipe.as_json(),
            "transfer": None if self.transfer is None else vars(self.transfer),
            "rates": dict(self.rates),
            "taxonomy": None if self.taxonomy is None else self.taxonomy.as_json(),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Plan:
        """Return what `as_json` wrote."""
        text, transfer = values["network"], values["transfer"]
        return cls(
            **{
                **values,
                "data": DataDescription.from_json(values["data"]),
                "network": None if text is None else expand(text),
                "preprocess": Preprocess.from_json(values["preprocess"]),
                "recipe": Recipe.from_json(values["recipe"]),
                "transfer": None if transfer is None else Transfer(**transfer),
                "rates": tuple(values["rates"].items()),
                "taxonomy": Taxonomy.from_json(values.get("taxonomy")),
            }
        )
