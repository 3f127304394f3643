"""A classifier: network, class names and preprocessing, which travel together in one file."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from PIL import Image

from striate.architecture.notation import expand
from striate.architecture.words import Shape
from striate.backends.onnx import Engine, Trained, opened, state_shapes, torch_module
from striate.data.images import Preprocess
from striate.errors import ClassifierError, ImageError, NotationError, SettingError
from striate.model import classifier_file
from striate.terminal.tables import Table

if TYPE_CHECKING:
    from torch import nn

Source = str | Path | bytes | np.ndarray | Image.Image
Seen = Mapping[str, np.ndarray]
BATCH = 32  # images a forward pass in prediction; part of what makes it repeatable to the bit


@dataclass(frozen=True)
class Prediction:
    """What a classifier says of one image.

    Attributes:
        name: the file's name as it was given, or "image N" for one given as numbers.
        label: the most probable class.
        probability: its probability, 0 to 1.
        probabilities: of every class, in the classifier's order.
    """

    name: str
    label: str
    probability: float
    probabilities: Mapping[str, float]

    def __str__(self) -> str:
        return f"{self.name}: {self.label} ({self.probability:.1%})"

    def _repr_html_(self) -> str:
        first = sorted(self.probabilities.items(), key=lambda pair: -pair[1])[:5]
        rows = tuple((name, f"{value:.1%}") for name, value in first)
        return Table(("class", "probability"), rows, {"probability"}, self.name).html()


@dataclass(frozen=True)
class Unreadable:
    """An image that could not be used, in its place among the predictions.

    Attributes:
        name: the file's name as it was given.
        error: why, in one line.
    """

    name: str
    error: str

    def __str__(self) -> str:
        return f"{self.name}: {self.error}"


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
        temperature: what logits are divided by before the softmax; 1 leaves them as they are.
        metrics: the figures of its own evaluation, with what they were taken on.
        data: what it was trained on: name, counts, fingerprint.
        training: how: settings and choices.
        seen: content hashes (uint64) of the images that training ("train") and the choice
            of the best state ("val") have used, so that no one takes them for a test.
        ids: a second name a class, such as ImageNet's "n01440764" of the tench, in the order of
            the classes; empty where they have none. `evaluate` takes folders by either.
    """

    network: Trained | nn.Module
    text: str | None
    classes: tuple[str, ...]
    preprocess: Preprocess
    temperature: float = 1.0
    metrics: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    seen: Seen = field(default_factory=dict)
    ids: tuple[str, ...] = ()

    @overload
    def predict(self, source: Source) -> Prediction: ...
    @overload
    def predict(self, source: list[Any] | tuple[Any, ...]) -> list[Prediction | Unreadable]: ...
    def predict(
        self, source: Source | list[Any] | tuple[Any, ...]
    ) -> Prediction | list[Prediction | Unreadable]:
        """Say which class an image shows, or each image of a list.

        Args:
            source: a file's path, the bytes of one, a Pillow image, or an array (rows, columns)
                or (rows, columns, channels) of uint8, or of other numbers within 0..1, -1..1,
                0..255 or, where they are whole, 0..65535; or a list of these.

        Returns:
            One `Prediction`; for a list, as many entries as it has, an `Unreadable` for each
            that cannot be read.

        Raises:
            ImageError: one image was given and it cannot be read.

        >>> import numpy as np
        >>> from striate.backends.torch import build
        >>> text = "input 1x8x8 classes=2 > gap > flatten > fc"
        >>> grey = Preprocess(1, 8, 8, mean=(0.5,), std=(0.5,))
        >>> model = Classifier(build(text), text, ("dark", "light"), grey)
        >>> model.predict(np.zeros((8, 8), np.uint8)).label in model.classes
        True
        """
        if isinstance(source, (list, tuple)):
            return list(self.predict_each(source))
        answer = next(self.predict_each([source]))
        if isinstance(answer, Unreadable):
            raise ImageError(str(answer))
        return answer

    def predict_each(self, sources: Iterable[Source]) -> Iterator[Prediction | Unreadable]:
        """Predict image by image, in order, in bounded memory however many there are.

        Images are decoded in threads while the network works on those before them.

        >>> from striate.backends.torch import build
        >>> text = "input 1x8x8 classes=2 > gap > flatten > fc"
        >>> grey = Preprocess(1, 8, 8, mean=(0.5,), std=(0.5,))
        >>> model = Classifier(build(text), text, ("dark", "light"), grey)
        >>> print(next(model.predict_each(["nothing.png"])))
        nothing.png: ...
        """
        for named in _decoded(sources, self.preprocess.pixels):
            good = [pixels for _, pixels in named if not isinstance(pixels, str)]
            rows = iter(self.probabilities(np.stack(good)) if good else [])
            for name, pixels in named:
                if isinstance(pixels, str):
                    yield Unreadable(name, pixels)
                else:
                    row = next(rows)
                    best = int(row.argmax())
                    values = dict(zip(self.classes, row.tolist(), strict=True))
                    yield Prediction(name, self.classes[best], float(row[best]), values)

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        """Give the probability of each class for images that are preprocessed already.

        Args:
            pixels: uint8 (n, channels, height, width), as `Preprocess.pixels` makes them.

        Returns:
            float32 (n, classes), each row summing to one.

        Raises:
            ClassifierError: they are of another shape, or the network does not give one value a
                class.
        """
        if np.shape(pixels)[1:] != self.preprocess.shape:
            raise ClassifierError(
                f"the images have the shape {np.shape(pixels)}; expected (n, "
                f"{', '.join(map(str, self.preprocess.shape))}), as Preprocess.pixels makes them"
            )
        logits = self.engine.run(np.asarray(pixels, np.float32, order="C"))
        if logits.shape != (len(pixels), len(self.classes)):
            raise ClassifierError(
                f"the network gives {logits.shape} values for {len(pixels)} images; expected "
                f"one for each of the {len(self.classes)} classes"
            )
        scaled = logits / np.float32(self.temperature)
        powers = np.exp(scaled - scaled.max(1, keepdims=True))
        return np.asarray(powers / powers.sum(1, keepdims=True))

    @cached_property
    def engine(self) -> Engine:
        """What computes the answers; its ``note`` says where another one could not be loaded."""
        if isinstance(self.network, Trained):
            return opened(self.network, self.preprocess)
        return torch_module(self.network, self.preprocess)

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

    def __getstate__(self) -> dict[str, Any]:
        """Leave the engine and the module out of copies, which open their own."""
        return {
            name: value for name, value in vars(self).items() if name not in ("engine", "module")
        }

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
        document: dict[str, Any] = {
            "network": self.text,
            "classes": list(self.classes),
            "preprocess": self.preprocess.as_json(),
            "calibration": {"temperature": self.temperature},
            "metrics": dict(self.metrics),
            "data": dict(self.data),
            "training": dict(self.training),
        }
        if self.ids:
            document["ids"] = list(self.ids)
        classifier_file.write(path, document, self._weights(), self.seen)
        return path

    def _weights(self) -> Mapping[str, np.ndarray]:
        if isinstance(self.network, Trained):
            return self.network.weights
        state = self.network.state_dict()
        return {name: value.detach().cpu().numpy() for name, value in state.items()}

    def __repr__(self) -> str:
        names = ", ".join(self.classes[:6]) + (", ..." if len(self.classes) > 6 else "")
        kind = "grey" if self.preprocess.channels == 1 else "colour"
        return (
            f"Classifier of {len(self.classes)} classes ({names}): {self.parameters:,} parameters, "
            f"{kind} images of {self.preprocess.height}x{self.preprocess.width}"
        )

    def _repr_html_(self) -> str:
        few = ", ".join(self.classes[:20]) + (", ..." if len(self.classes) > 20 else "")
        rows = [("classes", few), ("network", self.text or "a torch module")]
        rows += [(name, str(value)) for name, value in self.metrics.items() if name != "confusion"]
        return f"<p>{escape(repr(self))}</p>" + Table(("", "value"), tuple(rows)).html()


def load(path: str | Path, *, network: nn.Module | None = None) -> Classifier:
    """Open a classifier that was saved.

    Args:
        path: the .safetensors file, or the folder of the run that made it.
        network: the torch module to put the weights into; needed only where the classifier was
            made with one instead of a network text.

    Raises:
        ClassifierError: the file is missing, damaged, not Striate's or of a newer format, or
            the weights do not fit the network.

    >>> load("nowhere.safetensors")
    Traceback (most recent call last):
    striate.errors.ClassifierError: there is no file 'nowhere.safetensors'; ...
    """
    path = Path(path)
    document, tensors, seen = classifier_file.read(path)
    text, classes = document["network"], tuple(document["classes"])
    try:
        preprocess = Preprocess.from_json(document["preprocess"])
    except SettingError as error:
        raise ClassifierError(f"the preprocessing in '{path}' makes no sense: {error}") from error
    if network is None and text is None:
        raise ClassifierError(
            f"'{path}' was made with a torch module, whose code is not in the file; "
            "give the module: load(path, network=module)"
        )
    held: nn.Module | Trained
    if network is None:
        held = _trained(text, classes, tensors, path=path)
    else:
        held = _filled(network, tensors, path)
    return Classifier(
        network=held,
        text=text,
        classes=classes,
        preprocess=preprocess,
        temperature=float(document["calibration"]["temperature"]),
        metrics=document["metrics"],
        data=document["data"],
        training=document["training"],
        seen=seen,
        ids=tuple(document.get("ids", ())),
    )


def _trained(
    text: str, classes: tuple[str, ...], weights: Mapping[str, np.ndarray], *, path: Path
) -> Trained:
    """Work out the network of a file, or say why its text or its weights do not do."""
    try:
        plan = expand(text)
    except NotationError as error:
        raise ClassifierError(f"the network in '{path}' is no network: {error.message}") from error
    if plan.output != (len(classes),):
        shape = "x".join(map(str, plan.output))
        raise ClassifierError(
            f"the network in '{path}' ends with {shape} values and there are {len(classes)} "
            "classes; expected one value a class"
        )
    _check(state_shapes(plan), weights, path)
    return Trained(plan, weights)


def _filled(module: nn.Module, weights: Mapping[str, np.ndarray], path: Path) -> nn.Module:
    """Put the weights of a file into a module, or say what does not fit."""
    import torch

    own = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    _check(own, weights, path)
    module.load_state_dict(
        {name: torch.from_numpy(value.copy()) for name, value in weights.items()}
    )
    return module.eval()


def _check(own: Mapping[str, Shape], weights: Mapping[str, np.ndarray], path: Path) -> None:
    """Make sure that each weight of a network is there in its shape, and no other."""
    given = {name: value.shape for name, value in weights.items()}
    wrong = [
        f"{name} is {given.get(name, 'missing')} in the file and {own.get(name, 'not')} in the "
        "network"
        for name in {**own, **given}
        if own.get(name) != given.get(name)
    ]
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise ClassifierError(f"the weights of '{path}' do not fit the network: {wrong[0]}{more}")


def _decoded(
    sources: Iterable[Source], decode: Callable[[Source], np.ndarray]
) -> Iterator[list[tuple[str, np.ndarray | str]]]:
    """Give (name, pixels or the reason why not), a batch at a time, decoding one ahead."""

    def one(numbered: tuple[int, Source]) -> tuple[str, np.ndarray | str]:
        number, source = numbered
        name = str(source) if isinstance(source, (str, Path)) else f"image {number + 1}"
        try:
            return name, decode(source)
        except ImageError as error:
            return name, str(error)

    waiting = enumerate(sources)
    with ThreadPoolExecutor(thread_name_prefix="decode") as pool:
        ahead = [pool.submit(one, entry) for entry in itertools.islice(waiting, BATCH)]
        while ahead:
            behind = ahead
            ahead = [pool.submit(one, entry) for entry in itertools.islice(waiting, BATCH)]
            yield [future.result() for future in behind]
