"""What a user may choose for a run, in one place, with the defaults.

`Settings` is what the run works with. `SettingsDict` are the same names as keywords of
`striate.train`, and the options of ``striate train`` are made of the fields' metadata.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeVar

from striate.errors import SettingError, join_words
from striate.settings.allowed import (
    CLASS_WEIGHTS,
    COLOR,
    DEVICES,
    FITS,
    PRECISIONS,
    is_whole,
)
from striate.settings.keywords import ResumeDict as ResumeDict
from striate.settings.keywords import SettingsDict as SettingsDict
from striate.settings.texts import ImageSize, Unfreeze, parse_size, parse_unfreeze

RENAMED = {  # names in the records of runs made before 2026-12
    "size": "image_size",
    "batch": "batch_size",
    "balance": "class_weight",
    "body": "pretrained",
    "hold_statistics": "freeze_bn",
    "versions": "n_augmented",
}

T = TypeVar("T")


def _setting(default: T, text: str, *, hidden: bool = False) -> T:
    """Describe a field: its default, and what ``striate train --help`` says of it."""
    return field(default=default, metadata={"help": text, "hidden": hidden})


@dataclass(frozen=True)
class Settings:
    """The settings of a run; None means: chosen by the data, said and recorded.

    Attributes:
        epochs: passes over the training images.
        minutes: the whole run's time, instead of epochs.
        image_size: what the network sees: the side of a square, or (rows, columns), in pixels.
        fit: how other shapes are fitted: "pad" (nothing lost, nothing bent), "squash"
            (nothing lost, bent) or "crop" (the middle). None is "pad", or what the backbone was
            trained with.
        background: what lies under transparent pixels, "#rrggbb".
        seed: of the split, the weights, the order, the augmentation and dropout.
        batch_size: images a step.
        learning_rate: at the peak of the one-cycle schedule.
        weight_decay: AdamW's.
        label_smoothing: share of the target spread over all classes, 0 to below 1.
        class_weight: weight of rare classes in the loss: "none", "sqrt" (by the square root of
            how rare), "full", or "auto": "sqrt" where the largest class has three times the images
            of the smallest; or "sampling": each class is drawn equally often instead.
        augment: whether training images are changed a little.
        mirror: whether left and right may be exchanged; None measures whether that harms.
        tta: whether the classifier answers with the mean of an image and its mirror image
            (test-time augmentation), in twice the time.
        false_refusals: share of images of its classes that may get "I don't know"; 0: none.
        promise: the share of correct answers that is promised; surer ones alone are then given.
        promise_confidence: how surely it is to be kept.
        promise_per_class: whether it is made of the answers of each class, or of all together.
        taxonomy: whether classes named by paths, as dog/pug, are one, which unsure answers climb.
        val_fraction: share that is held out where the data has no validation split; None: a
            fifth, and at most 5,000 images.
        group_column: of a list: images with the same value there stand on one side of the split,
            as those of one patient, site or day.
        random_split: divide at random, so that images that belong together may stand on two
            sides; accuracy then flatters.
        alike: from which correlation of details on two images are near copies, which stand on one
            side; None takes what random pairs of the folder do not reach.
        layout: what folders of folders mean: "split/class", "class/split" or "path" (each folder
            is a class, named by its path); None goes by the names of the splits.
        zip_encoding: of the names in a zip that are not in UTF-8, such as "cp932".
        fixes: a CSV of images to drop or relabel, as `striate check` proposes it.
        patience: epochs without a better state after which to stop; None never stops early.
        precision: "auto" measures; "float32" or "bf16" fixes it.
        autotune: measure anew what was measured for such a run within the last 30 days.
        threads: CPU threads; None takes torch's own number, or fewer where that is measured faster.
        device: "auto", "cpu", "cuda" or "mps".
        devices: how many GPUs of this machine, or processes on its CPU, share every step.
        memory: bytes of decoded images held in memory; more goes to a file in the run.
        pretrained: the trained network whose backbone the run starts from: a zoo name, a
            classifier's file or run, an .onnx file, or timm:NAME with the timm extra.
        weights: of a backbone from the zoo or timm: "imagenet", its published ones, or a file.
        cut: the last layer of the backbone that is kept; None cuts before the last full
            connection or the convolution that tells the classes.
        unfreeze: how many of the backbone's last layers and blocks are trained on after the
            head, or "all"; None trains the head alone.
        freeze_bn: whether batch normalisation keeps its statistics in fine-tuning.
        n_augmented: how many copies of each image the head is learnt from: the image itself,
            and others augmented as in training.
        film: an image's file: after each epoch the filters of the first, middle and last
            convolution and their maps of this image go into film/EPOCH.npz of the run.
        offline: never use the network.
        energy: measure the electricity that the run takes, by codecarbon.
        country: whose electricity it is, as three letters; None takes the world's mean.

    >>> Settings(epochs=5).class_weight
    'auto'
    """

    epochs: int | None = _setting(None, "Passes over the images.")
    minutes: float | None = _setting(None, "Time of the whole run, instead of epochs.")
    image_size: ImageSize | None = _setting(
        None, "Image size for the network, as 128 or 96x128 (rows x columns)."
    )
    fit: str | None = _setting(
        None,
        "How other shapes are fitted: pad, squash or crop. Default: pad, or as the backbone was "
        "trained.",
    )
    background: str = _setting("#ffffff", "Colour under transparent pixels, #rrggbb.")
    seed: int = _setting(0, "Random seed: of the split, the weights, the order.")
    batch_size: int | None = _setting(None, "Batch size.")
    learning_rate: float | None = _setting(None, "At the peak of the one-cycle schedule.")
    weight_decay: float = _setting(0.05, "AdamW's.")
    label_smoothing: float = _setting(0.0, "Share of the target spread over all classes.")
    class_weight: str = _setting("auto", "Of rare classes: auto, none, sqrt, full or sampling.")
    augment: bool = _setting(True, "Augment the training images.")
    mirror: bool | None = _setting(
        None,
        "Exchange left and right in training. Default: colour images where that changes no class, "
        "as measured.",
    )
    # not the default: 8 of 9 from scratch on hot dogs gained 2 points, fine-tuned ones lost 0.3
    tta: bool = _setting(
        False, "Answer with the mean of an image and its mirror image, in twice the time."
    )
    false_refusals: float = _setting(
        0.05, 'Share of images of its classes that it may say "I don\'t know" to; 0: answer always.'
    )
    promise: float | None = _setting(
        None,
        "Promise that this share of the answers is correct, as 0.99; surer ones alone are given.",
    )
    promise_confidence: float = _setting(0.9, "With --promise: how surely it is to be kept.")
    promise_per_class: bool = _setting(False, "With --promise: promise it of each class.")
    taxonomy: bool = _setting(True, "Unsure answers climb where classes are named as dog/pug.")
    val_fraction: float | None = _setting(
        None,
        "Share held out where DATA has no validation split. Default: a fifth, and at most 5,000 "
        "images.",
    )
    group_column: str | None = _setting(
        None,
        "Column of a CSV whose equal values stay on one side of the split, as of a patient or day.",
    )
    random_split: bool = _setting(
        False, "Divide at random: images that belong together may stand on two sides."
    )
    alike: float | None = _setting(
        None,
        "Correlation of details from which images are near copies. Default: by the folder's own "
        "random pairs.",
    )
    layout: str | None = _setting(
        None,
        "What folders of folders are: split/class, class/split or path (each folder a class). "
        "Default: by the names of the splits.",
    )
    zip_encoding: str | None = _setting(
        None, "Encoding of names in a zip that are not in UTF-8, as cp932."
    )
    fixes: str | None = _setting(None, "A CSV of images to drop or relabel, from `striate check`.")
    patience: int | None = _setting(None, "Stop after so many epochs without a better state.")
    precision: str = _setting("auto", "auto (measured), float32 or bf16.")
    autotune: bool = _setting(False, "Measure precision and threads anew.")
    threads: int | None = _setting(None, "CPU threads.")
    device: str = _setting("auto", "auto, cpu, cuda or mps.")
    devices: int = _setting(1, "GPUs, or processes on the CPU, that share every step.")
    memory: int = _setting(2 * 2**30, "Bytes of decoded images held in memory.", hidden=True)
    pretrained: str | None = _setting(
        None,
        "Start from a trained network and give it a new head: a name of `striate zoo`, a "
        "classifier's file or run, an .onnx file, or timm:NAME with the timm extra.",
    )
    weights: str | None = _setting(None, 'Pretrained weights: "imagenet" (default) or a file.')
    cut: str | None = _setting(
        None,
        "The last layer of the backbone that is kept. Default: all before the last full "
        "connection or the convolution that tells the classes.",
    )
    unfreeze: Unfreeze | None = _setting(
        None, "After the head, train on the backbone's last N layers and blocks, or all of them."
    )
    freeze_bn: bool = _setting(True, "Keep batch-norm statistics in fine-tuning.")
    # a second copy doubles the features to compute and gains nothing: squeezenet1_1 gets 90.2 % of
    # 153 images right with it and 91.5 % without, mobilenet_v2 95.4 % both ways
    n_augmented: int = _setting(
        1, "Copies of each image that the head is learnt from: itself and augmented ones."
    )
    film: str | None = _setting(
        None,
        "After each epoch, keep filters and the feature maps of this image: `striate explain RUN "
        "--film x.gif` shows them move.",
    )
    offline: bool = _setting(False, "Never use the network.")
    energy: bool = _setting(False, "Measure the electricity that the run takes, and its CO2e.")
    country: str | None = _setting(
        None, "Whose electricity it is, as three letters (DEU). Default: the world's mean."
    )

    def check(self) -> Settings:
        """Return the settings where they make sense.

        Raises:
            SettingError: one is out of its range, or two exclude each other.

        >>> Settings(epochs=0).check()
        Traceback (most recent call last):
        striate.errors.SettingError: epochs is 0; expected a whole number from 1 to 1000000
        """
        if self.epochs is not None and self.minutes is not None:
            raise SettingError(
                f"epochs ({self.epochs}) and minutes ({self.minutes:g}) are both given; "
                "set only one of them"
            )
        for name, low, most in (
            ("epochs", 1, 10**6), ("batch_size", 1, 10**6), ("patience", 1, 10**6),
            ("threads", 1, 4096), ("n_augmented", 1, 64), ("seed", 0, 2**63 - 1),
            ("devices", 1, 1024), ("memory", 0, 2**63 - 1),
        ):  # fmt: skip
            value = getattr(self, name)
            if value is not None and (not is_whole(value) or not low <= value <= most):
                raise SettingError(
                    f"{name} is {value!r}; expected a whole number from {low} to {most}"
                )
        for name, high in (
            ("minutes", 1e6), ("learning_rate", 10.0), ("val_fraction", 0.9), ("alike", 1.0),
            ("promise", 0.9999), ("promise_confidence", 0.9999),
        ):  # fmt: skip
            value = getattr(self, name)
            if value is not None and not 0 < value <= high:
                raise SettingError(f"{name} is {value:g}; expected above 0, up to {high:g}")
        for name, high in (
            ("weight_decay", 10.0), ("label_smoothing", 0.9), ("false_refusals", 0.5),
        ):  # fmt: skip
            value = getattr(self, name)
            if not 0 <= value <= high:
                raise SettingError(f"{name} is {value:g}; expected 0 to {high:g}")
        for name, allowed in (
            ("fit", FITS), ("class_weight", CLASS_WEIGHTS), ("device", DEVICES),
            ("precision", PRECISIONS),
        ):  # fmt: skip
            value = getattr(self, name)
            if value not in allowed and (name, value) != ("fit", None):
                raise SettingError(f"{name} is '{value}'; choose {', '.join(allowed)}")
        if not COLOR.fullmatch(self.background):
            raise SettingError(f"background is '{self.background}'; expected #rrggbb, as #ffffff")
        if self.country is not None and not self.energy:
            raise SettingError(
                f"country is '{self.country}', which matters to the CO2e of the energy alone; add "
                "--energy, or leave it out"
            )
        self.rows_and_columns()
        self._check_split()
        self._check_pretrained()
        return self

    def _check_split(self) -> None:
        if self.group_column is not None and self.random_split:
            raise SettingError(
                f"group_column is '{self.group_column}', and a random split is asked for, which "
                "groups nothing; leave one of them out"
            )

    def _check_pretrained(self) -> None:
        for name in ("weights", "cut", "unfreeze"):
            if self.pretrained is None and getattr(self, name) is not None:
                raise SettingError(
                    f"{name} is '{getattr(self, name)}', but there is no trained network that it "
                    "belongs to; give one, as in --pretrained squeezenet1_1"
                )
        if self.n_augmented > 1 and (self.pretrained is None or not self.augment):
            raise SettingError(
                f"n_augmented is {self.n_augmented}, of images that are augmented for the head on "
                "a trained backbone; expected one, as in --pretrained squeezenet1_1, and --augment"
            )
        self.n_unfrozen()
        named = self.for_steps()
        if self.pretrained is not None and self.unfreeze is None and named:
            raise SettingError(
                f"{join_words(named)} {'is' if len(named) == 1 else 'are'} given, but a head "
                "alone is not learnt step by step; give --unfreeze N or --unfreeze all to "
                "fine-tune the backbone, or leave this out"
            )

    def for_steps(self) -> tuple[str, ...]:
        """Return the settings that were given and that matter to training step by step alone.

        >>> Settings(epochs=3, weight_decay=0.1).for_steps()
        ('epochs', 'weight_decay')
        """
        usual = Settings()
        names = (
            "epochs", "minutes", "batch_size", "learning_rate", "weight_decay", "label_smoothing",
            "patience", "freeze_bn",
        )  # fmt: skip
        return tuple(name for name in names if getattr(self, name) != getattr(usual, name))

    def n_unfrozen(self) -> int | None:
        """Return how many of the backbone's last layers are fine-tuned; None means all.

        >>> Settings(pretrained="vgg16", unfreeze=2).n_unfrozen(), Settings().n_unfrozen()
        (2, 0)
        """
        if self.unfreeze is None:
            return 0
        if self.unfreeze == "all":
            return None
        if not is_whole(self.unfreeze) or not 1 <= self.unfreeze <= 9999:
            raise SettingError(
                f"unfreeze is {self.unfreeze!r}; expected a number of layers from 1 on, or all"
            )
        return self.unfreeze

    def rows_and_columns(self) -> tuple[int, int] | None:
        """Return the image size as two numbers, or None where it is left to the data.

        >>> Settings(image_size=(96, 128)).rows_and_columns()
        (96, 128)
        """
        size = self.image_size
        if size is None:
            return None
        both = tuple(size) if isinstance(size, (tuple, list)) else (size, size)
        if len(both) != 2 or not all(is_whole(each) and 4 <= each <= 9999 for each in both):
            raise SettingError(
                f"image_size is {size!r}; expected rows, or (rows, columns), of 4 to 9999 pixels, "
                "as 128 or 96x128"
            )
        rows, columns = both
        return rows, columns

    def background_color(self) -> tuple[int, int, int]:
        """Return the background as red, green and blue, 0 to 255.

        >>> Settings(background="#ff8000").background_color()
        (255, 128, 0)
        """
        red, green, blue = (int(self.background[place : place + 2], 16) for place in (1, 3, 5))
        return red, green, blue

    def as_json(self) -> dict[str, Any]:
        """Return every setting as a plain value."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Settings:
        """Return the settings that `as_json` wrote, now or under the names it had before.

        Raises:
            SettingError: there are settings that this version does not know.

        >>> Settings.from_json(Settings(seed=3).as_json()).seed
        3
        >>> Settings.from_json({"size": "96x128", "unfreeze": "2"}).image_size
        (96, 128)
        """
        values = {RENAMED.get(name, name): value for name, value in values.items()}
        if unknown := sorted(values.keys() - {each.name for each in fields(cls)}):
            raise SettingError(f"unknown settings {', '.join(unknown)}; made by a newer Striate?")
        size, unfreeze = values.get("image_size"), values.get("unfreeze")
        if isinstance(size, (str, list)):
            values["image_size"] = parse_size(size) if isinstance(size, str) else tuple(size)
        if isinstance(unfreeze, str):
            values["unfreeze"] = parse_unfreeze(unfreeze)
        if values.get("pretrained") and unfreeze is None:  # a head: older records have a default
            values.pop("label_smoothing", None)
        return cls(**values)


def make_settings(given: SettingsDict) -> Settings:
    """Return the settings that keywords name.

    Raises:
        SettingError: there is no setting of such a name.

    >>> make_settings({"epoch": 3})
    Traceback (most recent call last):
    striate.errors.SettingError: there is no setting 'epoch'; did you mean 'epochs'?
    """
    known = [each.name for each in fields(Settings)]
    for name in given:
        if name not in known:
            from difflib import get_close_matches

            close = get_close_matches(name, known, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"choose from {', '.join(known)}"
            raise SettingError(f"there is no setting '{name}'; {hint}")
    return Settings(**given)
