"""Does a map depend on what the network has learnt? Its weights are drawn anew, and it is asked.

A map that stays what it was shows the image and not the network: edges, for one. The weights are
replaced from the logits downwards, in a copy. Source: J. Adebayo et al., Sanity checks for saliency
maps, NeurIPS 2018, https://arxiv.org/abs/1810.03292.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import mean

import numpy as np
import torch
from torch import nn

from striate.errors import SettingError
from striate.explanation.hooks import record
from striate.explanation.map_similarity import rank_correlation, structural_similarity
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.model.classifier import Classifier

MapOfModel = Callable[[Classifier], np.ndarray]
ALIKE = 0.5  # rank correlation from which on a map counts as the same
DRAWS = 3  # networks with other weights, at each depth


@dataclass(frozen=True)
class RandomizedDepth:
    """The map with the last layers' weights drawn anew.

    Attributes:
        layers: how many layers, counted from the logits.
        name: the lowest of them.
        correlation: Spearman's rank correlation of the map with the one before, the mean of the
            draws in which there was a map; 0 where there was none.
        similarity: structural similarity of both, each scaled to 0..1; likewise.
        empty: the share of draws in which the map became the same everywhere, 0 to 1.
    """

    layers: int
    name: str
    correlation: float
    similarity: float
    empty: float = 0.0


@dataclass(frozen=True)
class ParameterRandomization:
    """What became of a map while the network forgot, layer by layer.

    Attributes:
        depths: one a layer, from the logits downwards.
    """

    depths: tuple[RandomizedDepth, ...]

    @property
    def last(self) -> RandomizedDepth:
        """The deepest at which there still was a map to compare."""
        there = [each for each in self.depths if each.empty < 1]
        return (there or self.depths)[-1]

    @property
    def passed(self) -> bool:
        """Whether the map changed: its rank correlation with itself is below 0.5 at the end."""
        return self.last.correlation < ALIKE

    @property
    def words(self) -> str:
        """The verdict with its figures.

        >>> print(ParameterRandomization((RandomizedDepth(1, "fc1", 0.12, 0.3),)).words)
        the map follows the network: with the weights of the last layer drawn anew it correlates ...
        """
        last = self.last
        many = "the last layer" if last.layers == 1 else f"the last {last.layers} layers"
        figures = (
            f"with the weights of {many} drawn anew it correlates {last.correlation:.2f} with "
            f"itself (structural similarity {last.similarity:.2f})"
        )
        if last is not self.depths[-1]:
            figures += f"; from the last {last.layers + 1} on nothing of it is left to compare"
        if self.passed:
            return f"the map follows the network: {figures}"
        return (
            f"the map does not depend on what {many} have learnt, so it shows the image rather "
            f"than the network: {figures}"
        ).replace("the last layer have", "the last layer has")


def randomize_parameters(
    model: Classifier, image: PreprocessedImage, make_map: MapOfModel, *, layers: int = 3
) -> ParameterRandomization:
    """Return how a map changes when the weights of the last layers are drawn anew.

    The weights and biases of each layer come from a normal distribution with the mean and
    standard deviation that they have themselves, so that what passes keeps its size; batch
    normalisation is left as it is. The classifier itself is not touched.

    Args:
        model: the classifier.
        image: an image, to see in which order the layers work.
        make_map: makes the map (rows, columns) with a classifier.
        layers: how many, at most, counted from the logits: convolutions and full connections.

    Raises:
        SettingError: no layer is asked for, or the network has none with weights.

    >>> from striate.backends.torch import build
    >>> from striate.data.images import Preprocess
    >>> text = "input 1x8x8 classes=2 > conv 4 > relu > gap > flatten > fc"
    >>> model = Classifier(build(text), text, ("a", "b"), Preprocess(1, 8, 8))
    >>> seen = PreprocessedImage.read(model, np.arange(64, dtype=np.uint8).reshape(8, 8))
    >>> edges = lambda changed: np.gradient(seen.pixels[0].astype(float))[0] + seen.pixels[0]
    >>> found = randomize_parameters(model, seen, edges)
    >>> [depth.name for depth in found.depths], found.depths[-1].correlation, found.passed
    (['fc1', 'conv1'], 1.0, False)
    """
    if layers < 1:
        raise SettingError(f"layers is {layers}; expected 1 or more")
    names = _weighted(model, image)[:layers]
    if not names:
        raise SettingError("the network has no convolution and no full connection to draw anew")
    before = make_map(model)
    found: list[list[tuple[float, float]]] = [[] for _ in names]
    for seed in range(DRAWS):
        forgetful = replace(model, network=copy.deepcopy(model.module))
        generator = torch.Generator().manual_seed(seed)
        for depth, name in enumerate(names):
            _draw(forgetful.module.get_submodule(name), generator)
            after = make_map(forgetful)
            if after.min() < after.max():
                found[depth].append(
                    (rank_correlation(before, after), structural_similarity(before, after))
                )
    return ParameterRandomization(
        tuple(
            RandomizedDepth(
                layers=depth + 1,
                name=name,
                correlation=mean(each for each, _ in found[depth] or [(0.0, 0.0)]),
                similarity=mean(each for _, each in found[depth] or [(0.0, 0.0)]),
                empty=1 - len(found[depth]) / DRAWS,
            )
            for depth, name in enumerate(names)
        )
    )


def _weighted(model: Classifier, image: PreprocessedImage) -> list[str]:
    """Name the convolutions and full connections, the last to work first, each once."""
    passed = record(model.module, image.tensor)
    kinds = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose2d, nn.Linear)
    names = [c.name.partition("#")[0] for c in passed.calls if isinstance(c.module, kinds)]
    return list(dict.fromkeys(reversed(names)))


def _draw(layer: nn.Module, generator: torch.Generator) -> None:
    """Draw a layer's weights and biases from a normal distribution with their own moments."""
    with torch.no_grad():
        for values in layer.parameters(recurse=False):
            spread = values.std() if values.numel() > 1 else values.abs().mean()
            drawn = torch.randn(values.shape, generator=generator).to(values)
            values.copy_(values.mean() + spread * drawn)
