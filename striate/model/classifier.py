"""A classifier: network, class names and preprocessing, which travel together in one file."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from PIL import Image

from striate.backends.onnx import Engine, Trained
from striate.data.images import Preprocess, read
from striate.errors import ClassifierError, ImageError, SettingError
from striate.model import classifier_file
from striate.model.answering import give_answers, open_network
from striate.model.classifier_document import ClassifierDocument
from striate.model.decision import Answers, Decision
from striate.model.image_input import arrange, decode_ahead, to_source
from striate.model.json_value import JsonObject
from striate.model.origin import Origin
from striate.model.prediction import Prediction, Unreadable, make_prediction
from striate.terminal.progress import ProgressReporter
from striate.terminal.progress_display import display_progress

if TYPE_CHECKING:
    from torch import nn

    from striate.architecture.layer_table import Summary
    from striate.data import Data
    from striate.deployment.exporting import Exported, ExportSettings
    from striate.evaluation.metrics import Evaluation
    from striate.explanation.explanation import Explanation
    from striate.explanation.target import TargetClass
    from striate.model.classifier_card import Card
    from striate.model.image_input import ImageInput, ImageInputs

Seen = Mapping[str, np.ndarray]
BATCH = 32  # images a forward pass in prediction; part of what makes it repeatable to the bit


@dataclass(frozen=True, eq=False)
class Classifier:
    """A trained network with all that is needed to use it.

    Attributes:
        network: the network and its weights as plain numbers, which an engine computes that does
            not load torch; or the torch module that was given, which answers itself: images
            (n, channels, height, width) in, logits (n, classes) out.
        text: the network in the notation; None where it was given as a torch module.
        classes: class names, in the order of the network's outputs.
        preprocess: how an image becomes the network's input.
        decision: how what the network says becomes probabilities, and these an answer or none.
        metrics: the figures of its own evaluation, with what they were taken on.
        data: what it was trained on: name, counts, fingerprint.
        training: how: settings and choices.
        seen: content hashes (uint64) of the images that training ("train") and the choice
            of the best state ("val") have used, so that no one takes them for a test.
        ids: a second name a class, such as ImageNet's "n01440764" of the tench, in the order of
            the classes; empty where they have none. `evaluate` takes folders by either.
        file: that it was loaded from; None of one made in memory.
    """

    network: Trained | nn.Module
    text: str | None
    classes: tuple[str, ...]
    preprocess: Preprocess
    decision: Decision = Decision()
    metrics: JsonObject = field(default_factory=dict)
    data: JsonObject = field(default_factory=dict)
    training: JsonObject = field(default_factory=dict)
    seen: Seen = field(default_factory=dict)
    ids: tuple[str, ...] = ()
    file: Path | None = None

    @overload
    def predict(self, source: bytes | Image.Image) -> Prediction: ...
    @overload
    def predict(
        self, source: list[Any] | tuple[Any, ...], *, progress: bool | None = None
    ) -> list[Prediction | Unreadable]: ...
    @overload
    def predict(
        self, source: ImageInputs, *, progress: bool | None = None
    ) -> Any: ...  # a path may be a folder's, an array may be of several images
    def predict(
        self, source: ImageInputs, *, progress: bool | None = None
    ) -> Prediction | list[Prediction | Unreadable]:
        """Return which class an image shows, or each of several.

        Args:
            source: a file's path, the bytes of one, an image of Pillow's, an array (rows, columns)
                or (rows, columns, channels), a tensor (channels, rows, columns), of uint8 or of
                other numbers within 0..1, -1..1, 0..255 or, where they are whole, 0..65535; or
                several: a folder, a list, an array or tensor with one dimension more in front
                (`striate.model.image_input` has the rule).
            progress: whether it is shown; None shows it in a terminal or a notebook.

        Returns:
            One `Prediction`; of several images a list with as many entries, a folder's in sorted
            order, an `Unreadable` for each that cannot be read.

        Raises:
            ImageError: one image was given and it cannot be read.

        >>> import numpy as np
        >>> from striate.backends.torch import build
        >>> text = "input 1x8x8 classes=2 > gap > flatten > fc"
        >>> gray = Preprocess(1, 8, 8, mean=(0.5,), std=(0.5,))
        >>> model = Classifier(build(text), text, ("dark", "light"), gray)
        >>> model.predict(np.zeros((8, 8), np.uint8)).label in model.classes
        True
        >>> len(model.predict(np.zeros((5, 8, 8, 3), np.uint8)))
        5
        """
        images, several = arrange(source, self.preprocess.value_ranges)
        if several:
            return list(self._predict_all(images, progress))
        answer = next(self.predict_each(images))
        if isinstance(answer, Unreadable):
            raise ImageError(str(answer))
        return replace(
            answer,
            shown=partial(read, to_source(images[0]), ranges=self.preprocess.value_ranges),
            explainer=partial(self.explain, images[0]),
        )

    def predict_proba(
        self,
        source: ImageInputs,
        *,
        errors: Literal["raise", "nan"] = "raise",
        progress: bool | None = None,
    ) -> np.ndarray:
        """Return the probability of each class, as numbers alone.

        Args:
            source: whatever `predict` takes.
            errors: what becomes of an image that cannot be read: "raise" ends here, "nan" gives
                it a row of NaN.
            progress: whether it is shown; None shows it in a terminal or a notebook.

        Returns:
            float32 (n, classes), a row an image, one for an image alone.

        Raises:
            ImageError: an image cannot be read; it is named.
            SettingError: ``errors`` is neither of the two.
        """
        if errors not in ("raise", "nan"):
            raise SettingError(f"errors is '{errors}'; expected 'raise' or 'nan'")
        images, _ = arrange(source, self.preprocess.value_ranges)
        rows = np.full((len(images), len(self.classes)), np.nan, np.float32)
        for row, answer in zip(rows, self._predict_all(images, progress), strict=True):
            if isinstance(answer, Prediction):
                row[:] = list(answer.probabilities.values())
            elif errors == "raise":
                raise ImageError(str(answer))
        return rows

    def _predict_all(
        self, images: Sequence[ImageInput], progress: bool | None
    ) -> Iterator[Prediction | Unreadable]:
        with display_progress(progress) as callback:
            report = ProgressReporter("predicting", callback)
            for done, answer in enumerate(self.predict_each(images), 1):
                yield answer
                report(done, len(images))

    def predict_each(self, sources: Iterable[ImageInput]) -> Iterator[Prediction | Unreadable]:
        """Predict image by image, in order, in bounded memory however many there are.

        Images are decoded in threads while the network works on those before them.

        >>> from striate.backends.torch import build
        >>> text = "input 1x8x8 classes=2 > gap > flatten > fc"
        >>> gray = Preprocess(1, 8, 8, mean=(0.5,), std=(0.5,))
        >>> model = Classifier(build(text), text, ("dark", "light"), gray)
        >>> print(next(model.predict_each(["nothing.png"])))
        nothing.png: ...
        """
        for named in decode_ahead(sources, self.preprocess.prepared, BATCH):
            good = [pixels for _, pixels, _ in named if not isinstance(pixels, str)]
            rows = iter(self.decide(np.stack(good)).each() if good else [])
            for name, pixels, remarks in named:
                if isinstance(pixels, str):
                    yield Unreadable(name, pixels)
                else:
                    tree = self.decision.taxonomy
                    yield make_prediction(name, next(rows), self.classes, remarks, tree)

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        """Return the probability of each class for images that are preprocessed already.

        Args:
            pixels: uint8 (n, channels, height, width), as `Preprocess.pixels` makes them.

        Returns:
            float32 (n, classes), each row summing to one.

        Raises:
            ClassifierError: they are of another shape, or the network does not give one value a
                class.
        """
        return self.decide(pixels).probabilities

    def decide(self, pixels: np.ndarray) -> Answers:
        """Return what is answered for images that are preprocessed already, and how surely.

        Arguments and errors as for `probabilities`; features come of the same pass.
        """
        if np.shape(pixels)[1:] != self.preprocess.shape:
            raise ClassifierError(
                f"the images have the shape {np.shape(pixels)}; expected (n, "
                f"{', '.join(map(str, self.preprocess.shape))}), as Preprocess.pixels makes them"
            )
        return give_answers(self.engine, self.decision, pixels, classes=len(self.classes))

    def answer_always(self) -> Classifier:
        """Return the same classifier, which never answers "I don't know"."""
        return replace(self, decision=self.decision.answer_always())

    def evaluate(
        self, data: Data, *, split: str | None = None, progress: bool | None = None
    ) -> Evaluation:
        """Return how good it is on images whose classes are known.

        Args:
            data: whatever training takes: a folder, (images, labels), a DataFrame, "digits", ...
            split: "train", "val", "test" or "all"; None takes the test split where there is one,
                else validation, else what training has not used.
            progress: whether it is shown; None shows it in a terminal or a notebook.

        Raises:
            DataError: no image is left, or no class is the classifier's.
            SettingError: there is no such split.

        Example: ``load("runs/digits").evaluate("digits").accuracy``.
        """
        from striate.evaluation.classifier_evaluation import evaluate

        return evaluate(self, data, split=split, progress=progress)

    def explain(
        self,
        image: ImageInput,
        *,
        target: TargetClass = None,
        against: TargetClass = None,
        method: str = "auto",
        layer: str | None = None,
    ) -> Explanation:
        """Return where an image speaks for a class.

        Args:
            image: one image, in any form that `predict` takes.
            target: a class by name or place; None takes the most probable.
            against: the class it is asked for rather than, whose score is taken off.
            method: "auto" takes the exact class activation map where there is one, else Grad-CAM;
                `striate.explain` lists all.
            layer: to explain; None takes the last spatial layer.

        Raises:
            ImageError: the image cannot be read.
            SettingError: there is no such method, class or layer, or it does not fit the network.

        Example: ``load("runs/photos").explain("cat.jpg").map``.
        """
        from striate.explanation.attribution_methods import explain

        source = to_source(image)
        return explain(self, source, target=target, against=against, method=method, layer=layer)

    def summary(self) -> Summary:
        """Return the table of its network: shapes, costs and receptive fields of each layer.

        Raises:
            ClassifierError: it was given as a torch module, which has no text.
        """
        if self.text is None:
            raise ClassifierError(
                "the classifier was made with a torch module, which has no text: st.from_torch("
                "model.to_torch(), shape) writes one where it can be written"
            )
        from striate.architecture.layer_table import summary

        return summary(self.text)

    @property
    def temperature(self) -> float:
        """What logits are divided by before the softmax."""
        return self.decision.temperature

    @cached_property
    def engine(self) -> Engine:
        """What computes the answers; its ``note`` says where another one could not be loaded."""
        measured = self.decision.distance is not None
        return open_network(self.network, self.preprocess, features=measured)

    @cached_property
    def module(self) -> nn.Module:
        """The torch module that explanations look into; change a copy of it, from `to_torch`."""
        return self.network.module() if isinstance(self.network, Trained) else self.network

    def to_torch(self) -> nn.Module:
        """Return the network as a torch module of its own, in evaluation mode.

        It takes float32 (n, channels, height, width), scaled by ``preprocess.mean`` and ``std``,
        and gives logits (n, classes). The classifier answers as before, whatever becomes of it.

        >>> from striate.backends.torch import build
        >>> text = "input 1x8x8 classes=2 > gap > flatten > fc"
        >>> model = Classifier(build(text), text, ("dark", "light"), Preprocess(1, 8, 8))
        >>> model.to_torch().training
        False
        """
        if isinstance(self.network, Trained):
            return self.network.module()
        return copy.deepcopy(self.network).eval()

    @property
    def parameters(self) -> int:
        """How many numbers it has learnt."""
        if isinstance(self.network, Trained):
            return self.network.parameters
        return sum(parameter.numel() for parameter in self.network.parameters())

    @property
    def origin(self) -> Origin:
        """Where it comes from: what of `data` and `training` is known of every classifier."""
        return Origin.from_json(self.data, self.training)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the engine and the module out of copies, which open their own."""
        return {name: vars(self)[name] for name in vars(self).keys() - {"engine", "module"}}

    def save(self, path: str | Path) -> Path:
        """Write the classifier into one .safetensors file, whole or not at all.

        The weights stand as tensors; everything else is one JSON document in the file's
        metadata, under "striate". Nothing in it can run code.

        Args:
            path: where; .safetensors is appended where it is missing.

        Returns:
            The path written.

        Raises:
            ClassifierError: the disk or the folder does not take the file.
        """
        path = Path(path)
        if path.suffix != ".safetensors":
            path = path.with_name(path.name + ".safetensors")
        document = ClassifierDocument(
            network=self.text,
            classes=self.classes,
            ids=self.ids,
            preprocess=self.preprocess.as_json(),
            calibration=self.decision.as_json(),
            metrics=self.metrics,
            data=self.data,
            training=self.training,
        )
        kept = classifier_file.name_decision(self.decision.as_tensors())
        classifier_file.write(path, document.as_json(), {**self._weights(), **kept}, self.seen)
        return path

    def export(self, path: str | Path, *, settings: ExportSettings | None = None) -> Exported:
        """Write it as one ONNX file that takes raw images and proves itself (docs/export.md).

        Arguments and errors are those of `striate.deployment.exporting.export`.

        Example: ``load("runs/photos").export("photos.onnx")``.
        """
        from striate.deployment.exporting import USUAL, export

        return export(self, path, settings=settings or USUAL)

    def _weights(self) -> Mapping[str, np.ndarray]:
        if isinstance(self.network, Trained):
            return self.network.weights
        state = self.network.state_dict()
        return {name: value.detach().cpu().numpy() for name, value in state.items()}

    def __repr__(self) -> str:
        return str(self._card())

    def _repr_html_(self) -> str:
        return self._card().html()

    def _card(self) -> Card:
        from striate.model.classifier_card import Card

        learnt = self.parameters, self.text, self.origin, self.data.get("name"), self.metrics
        return Card(self.classes, self.preprocess, *learnt)
