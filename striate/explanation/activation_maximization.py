"""What a unit would answer to most: images made for it, by settings its activation.

The image is a sum of waves whose slow ones begin stronger, in colours that vary as those of
photographs do, and it is turned, moved and resized a little at every step, so that what is found
is no fragile pattern of single pixels (Olah, Mordvintsev and Schubert 2017, Feature visualization,
https://distill.pub/2017/feature-visualization).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from striate.backends.torch import normalize
from striate.data.images import Preprocess
from striate.errors import SettingError
from striate.events import Callback
from striate.explanation.hooks import (
    check_gradient,
    device_of,
    find_layer,
    forward_hooks,
    frozen,
    record,
)
from striate.model.classifier import Classifier
from striate.model.classifier_like import ClassifierLike, open_classifier
from striate.terminal.progress import ProgressReporter
from striate.terminal.progress_display import display_progress

LEAKY = (
    0.25  # of the steps at the beginning, in which what is below 0 has a slope behind a ReLU too
)
SLOPE = 0.1
TURN, GROW, MOVE = 6.0, 0.06, 0.05  # degrees, share of the size, share of the side
APART = 0.2  # what being alike costs two images, as a share of what they reach
PHOTOGRAPHS = (
    (0.0793, 0.0725, 0.0669),
    (0.0725, 0.0794, 0.0777),
    (0.0669, 0.0777, 0.0926),
)
"""How red, green and blue vary together, of values 0 to 1: the covariance over every fourth pixel
of 200 photographs of the validation part of ILSVRC 2012, measured for this page."""


@dataclass(frozen=True)
class VisualizationSettings:
    """How images are made for a unit.

    Attributes:
        count: how many images, which are driven apart.
        steps: of gradient ascent.
        learning_rate: the learning rate of Adam.
        seed: of the beginnings and of what is changed at each step.
        center: whether the answer in the middle of the map counts; else the mean of the map does.
        jitter: whether the image is turned, moved and resized a little at each step.
        color_covariance: (3, 3) of red, green and blue of values 0 to 1, which the colours follow;
            that of photographs where left out. Of no use for grey images.
    """

    count: int = 2
    steps: int = 64
    learning_rate: float = 0.02
    seed: int = 0
    center: bool = False
    jitter: bool = True
    color_covariance: tuple[tuple[float, float, float], ...] = PHOTOGRAPHS


USUAL = VisualizationSettings()


@dataclass(frozen=True, eq=False)
class FeatureVisualization:
    """Images made for a unit.

    Attributes:
        layer: of the layer.
        unit: the channel or feature.
        images: uint8 (count, rows, columns, 1 or 3), of the size of the network's input.
        activation: float64 (count,), the largest answer of the unit to each, taken of the finished
            image as it would be read from a file.
        initial_activation: the same of the beginnings.
    """

    layer: str
    unit: int
    images: np.ndarray = field(repr=False)
    activation: tuple[float, ...]
    initial_activation: tuple[float, ...]


def visualize_unit(
    model: ClassifierLike,
    layer: str,
    unit: int,
    *,
    settings: VisualizationSettings = USUAL,
    progress: bool | None = None,
    callback: Callback | None = None,
) -> FeatureVisualization:
    """Return images that a unit answers to as strongly as can be, made by gradient ascent.

    Args:
        model: a classifier, its file, its run's folder, or what `train` returned.
        layer: its address.
        unit: the channel or feature, from 0.
        settings: how many, how long, from which seed.
        progress: whether it is shown; None shows it in a terminal or a notebook.
        callback: is told the progress as well.

    Raises:
        ClassifierError: the classifier cannot be opened.
        SettingError: there is no such layer or unit, or a number makes no sense.
        NotationError: there is no such layer in a network of the notation.

    >>> from striate.backends.torch import build
    >>> text = "input 1x12x12 classes=2 > conv 3 > relu > gap > flatten > fc"
    >>> model = Classifier(build(text, seed=1), text, ("a", "b"), Preprocess(1, 12, 12))
    >>> found = visualize_unit(model, "conv1", 2, settings=VisualizationSettings(count=1, steps=20))
    >>> found.images.shape, found.activation[0] > found.initial_activation[0]
    ((1, 12, 12, 1), True)
    """
    with display_progress(progress, callback) as tell:
        return _ascend(open_classifier(model), layer, unit, settings=settings, callback=tell)


def _ascend(
    model: Classifier,
    layer: str,
    unit: int,
    *,
    settings: VisualizationSettings,
    callback: Callback,
) -> FeatureVisualization:
    for name in ("count", "steps"):
        if getattr(settings, name) < 1:
            raise SettingError(f"{name} is {getattr(settings, name)}; expected 1 or more")
    module, preprocess = model.module, model.preprocess
    number = layer.partition("#")[2]
    address = find_layer(module, layer) + (f"#{number}" if number else "")
    blank = torch.zeros(1, *preprocess.shape)
    shape = record(module, blank, [address])[address].output.shape[1:]
    if not 0 <= unit < shape[0]:
        raise SettingError(
            f"'{address}' has {shape[0]} units and none of number {unit}; they count from 0"
        )
    waves = _Waves(preprocess, settings, device_of(module))
    answer = _Answer(module, address, unit, centre=settings.center)
    began = answer.largest(waves.pixels(), preprocess)
    optimiser = torch.optim.Adam([waves.spectrum], lr=settings.learning_rate)
    reporter = ProgressReporter(f"image for {address} {unit}", callback, unit="steps")
    for step in range(settings.steps):
        optimiser.zero_grad()
        with _eased(module, step < LEAKY * settings.steps):
            images = waves.images()
            if settings.jitter:
                images = waves.moved(images)
            reached, features = answer(_scaled(images, preprocess))
        loss = -reached.sum() + _alike(features) * reached.detach().abs().sum() * APART
        check_gradient(loss, [])
        (waves.spectrum.grad,) = torch.autograd.grad(loss, [waves.spectrum])
        optimiser.step()
        reporter(step + 1, settings.steps)
    pixels = waves.pixels()
    return FeatureVisualization(
        layer=address,
        unit=unit,
        images=pixels.transpose(0, 2, 3, 1),
        activation=answer.largest(pixels, preprocess),
        initial_activation=began,
    )


class _Waves:
    """Images as waves: what is learnt are their strengths."""

    def __init__(
        self,
        preprocess: Preprocess,
        settings: VisualizationSettings,
        device: torch.device,
    ) -> None:
        channels, self._rows, self._columns = preprocess.shape
        self._generator = torch.Generator().manual_seed(settings.seed)
        down = torch.fft.fftfreq(self._rows)[:, None]
        across = torch.fft.rfftfreq(self._columns)[None]
        slow = (down.square() + across.square()).sqrt().clamp(min=1 / max(preprocess.shape[1:]))
        self._scale = (1 / slow * math.sqrt(self._rows * self._columns)).to(device)
        size = (settings.count, channels, self._rows, self._columns // 2 + 1, 2)
        start = torch.randn(size, generator=self._generator) * 0.01
        self.spectrum = start.to(device).requires_grad_()
        self._mix = _mixing(channels, settings.color_covariance).to(device)

    def images(self) -> Tensor:
        """Return the images: (count, channels, rows, columns), values 0 to 1."""
        waves = torch.view_as_complex(self.spectrum) * self._scale
        plain = torch.fft.irfft2(waves, s=(self._rows, self._columns), norm="backward")
        return torch.sigmoid(torch.einsum("dc,ncij->ndij", self._mix, plain))

    def pixels(self) -> np.ndarray:
        """Return the finished images: uint8 (count, channels, rows, columns)."""
        with torch.no_grad():
            return np.asarray((self.images() * 255).round().to(torch.uint8).cpu().numpy())

    def moved(self, images: Tensor) -> Tensor:
        """Turn, resize and move images a little, all by the same draw."""
        turn, grow, down, across = (torch.rand(4, generator=self._generator) * 2 - 1).tolist()
        angle, scale = math.radians(TURN * turn), 1 + GROW * grow
        cos, sin = math.cos(angle) * scale, math.sin(angle) * scale
        matrix = torch.tensor(
            [[cos, -sin, 2 * MOVE * across], [sin, cos, 2 * MOVE * down]], device=images.device
        )
        grid = nn.functional.affine_grid(
            matrix.expand(len(images), 2, 3), list(images.shape), align_corners=False
        )
        return nn.functional.grid_sample(
            images, grid, padding_mode="reflection", align_corners=False
        )


def _mixing(channels: int, covariance: Sequence[Sequence[float]]) -> Tensor:
    """Return what makes colours of values that do not vary together: their covariance's root."""
    if channels != 3:
        return torch.eye(channels)
    values, vectors = np.linalg.eigh(np.asarray(covariance, np.float64))
    root = vectors * np.sqrt(values.clip(1e-6))
    return torch.from_numpy((root / np.sqrt(np.square(root).sum(1).max())).astype(np.float32))


def _scaled(images: Tensor, preprocess: Preprocess) -> Tensor:
    """Scale images of values 0 to 1 as the network was taught."""
    return normalize(images * 255, preprocess)


class _Heard(Exception):
    """The layer has answered, and the pass need not go on."""

    def __init__(self, output: Tensor) -> None:
        self.output = output


class _Answer:
    """What a unit answers to a batch."""

    def __init__(self, module: nn.Module, address: str, unit: int, *, centre: bool) -> None:
        self._module, self._unit, self._centre = module, unit, centre
        self._name, _, turn = address.partition("#")
        self._turn = int(turn or 1)

    def maps(self, values: Tensor) -> Tensor:
        """Return what the layer gives: (n, units, ...); what comes behind it is not computed."""
        left = self._turn

        def hear(name: str, given: Any, output: Tensor) -> None:
            nonlocal left
            left -= 1
            if not left:
                raise _Heard(output)

        given = values.contiguous(memory_format=torch.channels_last)  # in which pools are faster
        try:
            with frozen(self._module), forward_hooks(self._module, [self._name], hear):
                self._module(given)
        except _Heard as heard:
            return heard.output
        raise SettingError(f"'{self._name}' worked less than {self._turn} times in this pass")

    def largest(self, pixels: np.ndarray, preprocess: Preprocess) -> tuple[float, ...]:
        """Return the largest answer to each of some finished images."""
        given = torch.from_numpy(pixels).float().to(device_of(self._module))
        with torch.no_grad():
            own = self.maps(normalize(given, preprocess))[:, self._unit]
        return tuple(own.flatten(1).amax(1).tolist() if own.ndim > 1 else own.tolist())

    def __call__(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Return the answer to each image, (n,), and how strongly all units answer, (n, units)."""
        output = self.maps(values)
        if output.ndim == 2:
            return output[:, self._unit], output
        own = output[:, self._unit]
        if self._centre:
            return own[:, own.shape[1] // 2, own.shape[2] // 2], output.mean((2, 3))
        return own.mean((1, 2)), output.mean((2, 3))


def _alike(features: Tensor) -> Tensor:
    """Return how alike images are to the layer: the mean cosine of two of them; 0 for one."""
    count = len(features)
    if count < 2:
        return features.sum() * 0
    unit = nn.functional.normalize(features - features.mean(1, keepdim=True), dim=1)
    cosines = unit @ unit.T
    return (cosines.sum() - cosines.diagonal().sum()) / (count * (count - 1))


@contextmanager
def _eased(module: nn.Module, wanted: bool) -> Iterator[None]:
    """Let a ReLU pass a little slope below 0, with the values as ever: a dead unit can begin."""
    bends = [name for name, part in module.named_modules() if isinstance(part, nn.ReLU | nn.ReLU6)]

    def hear(name: str, given: tuple[Tensor, ...], output: Tensor) -> Tensor:
        below = given[0].clamp(max=0) * SLOPE
        return output + below - below.detach()

    with ExitStack() as stack:
        if wanted and bends:
            stack.enter_context(forward_hooks(module, bends, hear))
        yield
